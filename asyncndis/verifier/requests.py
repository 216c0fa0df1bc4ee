"""Rules of OID requests across events.

OID-01: a miniport gets a request while it has one; OID-02: it never completes one; OID-05: a request changes while it
is pending; OID-06: it takes more than 12 s, or outlives two checks for hang; OID-08: a miniport does not answer what
its own list of OIDs names.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from asyncndis.base import NdisStatus, Site, caller_site, is_driver_code
from asyncndis.base.context import running_context

from .reports import Reports

if TYPE_CHECKING:
    from asyncndis.ndis import Adapter, Binding, OidRequest

__all__ = ["RequestWatch"]

_LIMIT = 12
_MANY = 64
_UNIT = 10_000_000
_SUPPORTED_LIST = 0x0001_0101
_SET_ONLY = frozenset({0x0001_0112, 0x0001_0118, 0x0001_0119, 0xFD01_0101, 0xFD01_0103, 0xFD01_0104})
_UNANSWERED = (NdisStatus.INVALID_OID, NdisStatus.NOT_SUPPORTED)


class _Asked(NamedTuple):
    """What a miniport has to answer, and since when."""

    request: "OidRequest"
    since: int


class RequestWatch:
    """Watches OID requests."""

    rules = frozenset({"OID-01", "OID-02", "OID-05", "OID-06", "OID-08"})

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._asked: dict[Adapter, _Asked] = {}
        self._pending: dict[OidRequest, tuple[tuple[object, ...], Site]] = {}
        self._lists: dict[Adapter, frozenset[int]] = {}
        self._refused: dict[Adapter, set[int]] = {}
        self.before: Mapping[str, Any] = {
            "MiniportQueryInformation": self._asking,
            "MiniportSetInformation": self._asking,
            "NdisMQueryInformationComplete": self._completing,
            "NdisMSetInformationComplete": self._completing,
            "ProtocolRequestComplete": self._request_is_back,
            "ndisMCheckForHang": self._hanging,
            "ndisMAbortRequest": self._aborting,
        }
        self.after: Mapping[str, Any] = {"NdisRequest": self._submitted}

    def finish(self) -> None:
        """The run is over; what is pending still is the library's to judge."""

    def _asking(self, adapter: "Adapter", *_: object) -> None:
        request = adapter.requests.pending
        if request is None:
            return
        before = self._asked.get(adapter)
        if before is not None and before.request is not request and before.request.state.value.startswith("pending"):
            self._reports.report(
                "OID-01",
                f"{adapter.name} is given {request!r} while it has {before.request!r}; a miniport has one at most",
                request,
            )
        self._asked[adapter] = _Asked(request, running_context().now())

    def _completing(self, adapter: "Adapter", status: int) -> None:
        asked = self._asked.get(adapter)
        if asked is None or adapter.requests.pending is not asked.request:
            return
        self._note_answer(adapter, asked.request, status)
        seconds = (running_context().now() - asked.since) / _UNIT
        if seconds > _LIMIT:
            self._reports.report(
                "OID-06",
                f"{adapter.name} answers {asked.request!r} after {seconds:g} s; answer within {_LIMIT} s, from saved "
                "values where the device is slow",
                asked.request,
            )

    def _hanging(self, adapter: "Adapter", request_is_stuck: bool, _queue_is_stuck: bool) -> None:
        request = adapter.requests.pending
        if request_is_stuck and request is not None:
            handler = "query_information" if request.is_query else "set_information"
            self._reports.report_late(
                "OID-06",
                f"{adapter.name} has not answered {request!r} in two checks for hang, and is reset; answer it in time",
                request,
                site=_driver_site(adapter, handler),
            )

    def _aborting(self, adapter: "Adapter", request: "OidRequest") -> None:
        handler = "query_information" if request.is_query else "set_information"
        self._reports.report_late(
            "OID-02",
            f"{adapter.name} answered PENDING to {request!r} and never completed it; complete it from one place, on "
            "the error paths too",
            request,
            site=_driver_site(adapter, handler),
        )

    def _submitted(self, binding: "Binding", request: "OidRequest", status: NdisStatus) -> None:
        if status is NdisStatus.PENDING:
            if len(self._pending) >= _MANY:
                self._forget_completed()
            if not _is_idle(request):  # else it is completed already
                self._pending[request] = _contents(request), caller_site()
        else:
            self._note_answer(binding.adapter, request, status)

    def _forget_completed(self) -> None:
        """Requests that their submitters wait for have no completion handler."""
        for request in [request for request in self._pending if _is_idle(request)]:
            del self._pending[request]

    def _request_is_back(self, _owner: object, request: "OidRequest", _status: NdisStatus) -> None:
        submitted = self._pending.pop(request, None)
        if submitted is not None and submitted[0] != _contents(request):
            self._reports.report_late(
                "OID-05",
                f"{request!r} or its buffer has changed while it was pending; leave them alone until "
                "ProtocolRequestComplete",
                request,
                site=submitted[1],
            )

    def _note_answer(self, adapter: "Adapter", request: "OidRequest", status: int) -> None:
        """Compare what a miniport says that it supports with what it answers."""
        oid = int(request.oid)
        if not request.is_query:
            return
        if oid == _SUPPORTED_LIST and status == NdisStatus.SUCCESS:
            words = bytes(request.buffer[: request.bytes_written])
            oids = (int.from_bytes(words[start : start + 4], "little") for start in range(0, len(words), 4))
            self._lists[adapter] = frozenset(oids) - _SET_ONLY
        elif status in _UNANSWERED:
            self._refused.setdefault(adapter, set()).add(oid)
        for broken in self._refused.get(adapter, set()) & self._lists.get(adapter, frozenset()):
            self._refused[adapter].discard(broken)
            self._reports.report_late(
                "OID-08",
                f"{adapter.name} names OID {broken:#010x} in its list of supported ones and does not answer it; build "
                "list and handler from one table",
                adapter,
                site=_driver_site(adapter, "query_information"),
            )


def _driver_site(adapter: "Adapter", handler: str) -> Site:
    """Where a handler is defined; where that is a ready one, the line that leads to it."""
    site = adapter.site_of(handler)
    return site if site is not None and is_driver_code(site.file) else caller_site()


def _is_idle(request: "OidRequest") -> bool:
    return request.state.value.startswith("with")


def _contents(request: "OidRequest") -> tuple[object, ...]:
    """What stays as it is while a request is pending: of a query, all but the bytes of its buffer."""
    return request.type, request.oid, None if request.is_query else bytes(request.buffer)
