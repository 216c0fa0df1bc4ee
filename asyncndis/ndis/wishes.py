"""What NDIS answers and sets on behalf of a binding: its packet filter, its multicast list, its lookahead.

Source: the pages of OID_GEN_CURRENT_PACKET_FILTER, OID_802_3_MULTICAST_LIST, OID_GEN_CURRENT_LOOKAHEAD and
OID_GEN_PROTOCOL_OPTIONS. Each binding has its own; the miniport is set to what all of them together want, and what it
refuses no binding gets. Every other request goes to the miniport as it is.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from asyncndis.base import NdisError, NdisStatus

from .filters import ReceiveFilter
from .media import PacketFilter
from .oids import Oid, decode_oid, encode_oid
from .requests import OidRequest
from .resetting import set_request
from .states import REQUEST_STATES, RequestEvent

if TYPE_CHECKING:
    from .binding import Binding

__all__ = ["Wishes"]

_SUCCESS = NdisStatus.SUCCESS
_PENDING = NdisStatus.PENDING
_OWN = frozenset(
    {
        Oid.GEN_CURRENT_PACKET_FILTER,
        Oid.IEEE_802_3_MULTICAST_LIST,
        Oid.GEN_CURRENT_LOOKAHEAD,
        Oid.GEN_PROTOCOL_OPTIONS,
    }
)

Done = Callable[[OidRequest, NdisStatus], object]


class Wishes:
    """What one binding wants.

    :param binding: whose
    """

    __slots__ = ("_binding",)

    def __init__(self, binding: "Binding") -> None:
        self._binding = binding

    def submit(self, request: OidRequest, done: Done) -> NdisStatus:
        """Answer a request, or bring it to the miniport; PENDING, and ``done`` is called with the outcome."""
        if request.oid not in _OWN:
            return self._binding.adapter.requests.submit(request, self._binding, done)
        request.state = REQUEST_STATES.after(request.state, RequestEvent.SUBMIT)
        try:
            status = self._answer(request) if request.is_query else self._set(request, done)
        except NdisError as error:
            status = error.status
        if status is not _PENDING:
            request.state = REQUEST_STATES.after(request.state, RequestEvent.COMPLETE)
        return status

    def _answer(self, request: OidRequest) -> NdisStatus:
        """A query that NDIS answers itself."""
        binding = self._binding
        values: dict[int, Any] = {
            Oid.GEN_CURRENT_PACKET_FILTER: binding.filter.packet_filter,
            Oid.IEEE_802_3_MULTICAST_LIST: binding.filter.multicast_list,
            Oid.GEN_CURRENT_LOOKAHEAD: binding.lookahead,
        }
        if request.oid not in values:
            return NdisStatus.NOT_SUPPORTED
        data = encode_oid(request.oid, values[request.oid])
        if len(data) > len(request.buffer):
            request.bytes_needed = len(data)
            return NdisStatus.BUFFER_TOO_SHORT
        request.buffer[: len(data)] = data
        request.bytes_written = len(data)
        return _SUCCESS

    def _set(self, request: OidRequest, done: Done) -> NdisStatus:
        """Set the miniport to what all bindings want now; where it refuses, nothing has changed."""
        value = decode_oid(request.oid, request.buffer)
        request.bytes_read = len(request.buffer)
        if request.oid == Oid.GEN_PROTOCOL_OPTIONS:
            return _SUCCESS
        undo = self._wish(request.oid, value)
        forwarded = self._combined(request.oid)
        forwarded.original = request

        def settle(_forwarded: OidRequest, status: NdisStatus) -> None:
            request.state = REQUEST_STATES.after(request.state, RequestEvent.COMPLETE)
            if status.is_error:
                undo()
            done(request, status)

        status = self._binding.adapter.requests.submit(forwarded, self._binding, settle)
        if status is not _PENDING and status.is_error:
            undo()
        return status

    def _wish(self, oid: int, value: Any) -> Callable[[], None]:
        """Note what the binding wants; the answer takes just that back, whatever else it wants meanwhile."""
        binding = self._binding
        if oid == Oid.GEN_CURRENT_LOOKAHEAD:
            lookahead, binding.lookahead = binding.lookahead, value
            return partial(setattr, binding, "lookahead", lookahead)
        before = binding.filter
        binding.filter = self._filter(oid, value)
        binding.adapter.has_filter = True

        def undo() -> None:
            is_filter = oid == Oid.GEN_CURRENT_PACKET_FILTER
            binding.filter = self._filter(oid, before.packet_filter if is_filter else before.multicast_list)

        return undo

    def _filter(self, oid: int, value: Any) -> ReceiveFilter:
        now = self._binding.filter
        address = self._binding.adapter.current_address
        try:
            if oid == Oid.GEN_CURRENT_PACKET_FILTER:
                return ReceiveFilter(PacketFilter(value), address, now.multicast_list)
            return ReceiveFilter(now.packet_filter, address, value)
        except ValueError as error:
            raise NdisError(str(error), NdisStatus.INVALID_DATA) from error

    def _combined(self, oid: int) -> OidRequest:
        """The request that sets the miniport to what all bindings want."""
        adapter = self._binding.adapter
        if oid == Oid.GEN_CURRENT_LOOKAHEAD:
            return set_request(Oid.GEN_CURRENT_LOOKAHEAD, adapter.combined_lookahead())
        wanted = adapter.combined_filter()
        if oid == Oid.GEN_CURRENT_PACKET_FILTER:
            return set_request(Oid.GEN_CURRENT_PACKET_FILTER, wanted.packet_filter)
        return set_request(Oid.IEEE_802_3_MULTICAST_LIST, wanted.multicast_list)
