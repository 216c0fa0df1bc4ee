"""OID requests on their way to one miniport, one at a time.

Source: the pages of NdisRequest, ProtocolRequestComplete, MiniportQueryInformation, MiniportSetInformation,
NdisMQueryInformationComplete and NdisMSetInformationComplete. NDIS 5 has one request pending at a miniport, and queues
the others (OID-01). A request that was answered PENDING is completed exactly once (OID-02), by a final status (OID-03).
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asyncndis.base import NdisStatus, RuleViolation, check_instance, check_integer

from .calling import Handler, Worker, parts_of
from .media import RequestType
from .oids import Oid, oid_name
from .states import REQUEST_STATES, RequestEvent, RequestState

if TYPE_CHECKING:
    from .adapter import Adapter
    from .binding import Binding

__all__ = ["OidRequest", "RequestQueue"]

_PENDING = NdisStatus.PENDING
_SUCCESS = NdisStatus.SUCCESS
_FIELDS = {True: "query_information", False: "set_information"}
_QUERIES = (RequestType.QUERY_INFORMATION, RequestType.QUERY_STATISTICS)

Done = Callable[["OidRequest", NdisStatus], object]


class OidRequest:
    """A request of a protocol (NDIS_REQUEST). IRQL: any.

    :param type: QUERY_INFORMATION, QUERY_STATISTICS or SET_INFORMATION
    :param oid: what is asked for, or set
    :param buffer: a ``bytearray`` that takes the answer, or the bytes to set
    :ivar bytes_written: how much of the buffer a query filled
    :ivar bytes_read: how much of it a set consumed
    :ivar bytes_needed: how long it should have been, where it was too short
    :ivar state: how far it is
    :ivar original: the request of a protocol for which NDIS makes this one
    """

    __slots__ = (
        "_done",
        "binding",
        "buffer",
        "by_call",
        "bytes_needed",
        "bytes_read",
        "bytes_written",
        "checks",
        "oid",
        "original",
        "state",
        "type",
    )

    def __init__(self, type: RequestType, oid: int, buffer: bytes | bytearray | memoryview) -> None:  # noqa: A002 - as in NDIS_REQUEST
        self.type = RequestType(type)
        check_integer("oid", oid)
        self.oid = oid
        self.buffer = memoryview(buffer)
        if self.is_query and self.buffer.readonly:
            raise TypeError(f"the buffer of a query is writable, a bytearray; {buffer!r} is not")
        self.bytes_written = 0
        self.bytes_read = 0
        self.bytes_needed = 0
        self.state = REQUEST_STATES.initial
        self.binding: Binding | None = None
        self.checks = 0
        self.by_call = False  # completed by a call of the miniport, and not by its answer
        self.original: OidRequest | None = None
        self._done: Done | None = None

    def __repr__(self) -> str:
        verb = "query" if self.is_query else "set"
        return f"<OidRequest {verb} {oid_name(self.oid)} of {len(self.buffer)} bytes, {self.state.value}>"

    @property
    def is_query(self) -> bool:
        """Whether it asks; otherwise it sets."""
        return self.type in _QUERIES


class RequestQueue:
    """Brings requests to one miniport, one after another.

    :param adapter: whose
    """

    __slots__ = ("_aborted", "_adapter", "_completed", "_pending", "_query", "_queue", "_set", "_worker")

    def __init__(self, adapter: "Adapter") -> None:
        self._adapter = adapter
        self._queue: deque[OidRequest] = deque()
        self._pending: OidRequest | None = None
        self._aborted: OidRequest | None = None  # the last that was taken from the miniport
        self._completed = 0
        self._query = adapter.handler("MiniportQueryInformation", "query_information")
        self._set = adapter.handler("MiniportSetInformation", "set_information")
        self._worker = Worker(adapter.group, f"requests of {adapter.name}", adapter.came_to_rest)

    @property
    def pending(self) -> OidRequest | None:
        """The one that the miniport has."""
        return self._pending

    @property
    def outstanding(self) -> int:
        """Requests that are not completed."""
        return len(self._queue) + (self._pending is not None)

    @property
    def completed(self) -> int:
        """Requests that were completed."""
        return self._completed

    def of_binding(self, binding: "Binding") -> int:
        """How many of the outstanding ones are a binding's. O(n)."""
        waiting = sum(request.binding is binding for request in self._queue)
        return waiting + (self._pending is not None and self._pending.binding is binding)

    def submit(self, request: OidRequest, binding: "Binding | None", done: Done) -> NdisStatus:
        """Take a request; the answer is its final status where it is known at once, or PENDING.

        :param done: called with the request and its status when it is completed after this call has returned
        """
        check_instance("a request", request, OidRequest)
        if request.state is not RequestState.IDLE:
            raise RuleViolation(
                "OID-12",
                f"{request!r} is submitted again before it was completed; wait for ProtocolRequestComplete",
                request,
            )
        outcome: list[NdisStatus] = []

        def finish(request: OidRequest, status: NdisStatus) -> None:
            if returned:
                done(request, status)
            else:
                outcome.append(status)

        returned = False
        request.state = REQUEST_STATES.after(request.state, RequestEvent.SUBMIT)
        request.binding = binding
        request.checks = 0
        request.by_call = False
        request.bytes_written = request.bytes_read = request.bytes_needed = 0
        request._done = finish
        if request.oid == Oid.PNP_SET_POWER:
            self._queue.appendleft(request)  # asleep, the miniport takes nothing else
        else:
            self._queue.append(request)
        self.serve()
        returned = True
        return outcome[0] if outcome else _PENDING

    def serve(self) -> None:
        """Give the next request to the miniport, if it has none."""
        if self._queue and self._pending is None and self._adapter.takes_request(self._queue[0].oid):
            self._adapter.gate.run(self._start)

    def complete(self, status: int, count: int = 0, needed: int = 0, *, is_query: bool) -> None:
        """NdisMQueryInformationComplete and NdisMSetInformationComplete."""
        request = self._pending
        if request is None or request.is_query is not is_query:
            if self._aborted is not None and self._aborted.is_query is is_query:
                self._aborted = None  # the miniport could not know that NDIS took it back
                return
            call = "NdisMQueryInformationComplete" if is_query else "NdisMSetInformationComplete"
            raise RuleViolation(
                "OID-02",
                f"{self._adapter.name} calls {call} with no such request pending; complete each once, and only after "
                "PENDING",
                self._adapter,
            )
        if status == _PENDING:
            raise RuleViolation("OID-03", f"{self._adapter.name} completes {request!r} with PENDING", request)
        status = NdisStatus(status)
        self._note(request, count, needed)
        request.by_call = True
        self._finish(request, status)

    def abort_all(self) -> None:
        """Complete everything with REQUEST_ABORTED, since the miniport will not."""
        if self._pending is not None:
            self._abort(self._pending)
        while self._queue:
            self._abort(self._queue[0])

    def abort_of_binding(self, binding: "Binding") -> None:
        """Complete what a binding has in the queue."""
        for request in [request for request in self._queue if request.binding is binding]:
            self._abort(request)

    def take_back(self, request: OidRequest) -> None:
        """Complete a request that is waited for no longer; one that the miniport has was answered too late (OID-06)."""
        taken = next((one for one in (*self._queue, self._pending) if one and request in (one, one.original)), None)
        if taken is None:
            return
        if taken is self._pending:
            adapter = self._holder()
            if adapter.probe is not None:
                adapter.probe.before("ndisMAbortRequest", adapter, taken)
            adapter.violated(
                RuleViolation(
                    "OID-06",
                    f"{adapter.name} has not answered {taken!r} in {adapter.library.patience:g} s; complete every "
                    "request that was answered PENDING",
                    taken,
                    site=adapter.site_of(_FIELDS[taken.is_query]),
                )
            )
        self._abort(taken)
        self.serve()

    def take_back_of_binding(self, binding: "Binding") -> None:
        """The same for the one of a binding that the miniport has."""
        if self._pending is not None and self._pending.binding is binding:
            self.take_back(self._pending)

    def is_stuck(self) -> bool:
        """Whether the pending request was pending at the last two checks for hang."""
        if self._pending is None:
            return False
        self._pending.checks += 1
        return self._pending.checks >= 2

    def _holder(self) -> "Adapter":
        """Who really has the pending request: an intermediate driver may have passed it on."""
        for binding in self._adapter.lower:
            below = binding.adapter.requests
            if below._pending is not None and below._pending.binding is binding:
                return below._holder()
        return self._adapter

    def _start(self) -> None:
        if self._pending is not None or not self._queue or not self._adapter.takes_request(self._queue[0].oid):
            return
        request = self._queue.popleft()
        request.state = REQUEST_STATES.after(request.state, RequestEvent.START)
        self._pending = request
        handler = self._query if request.is_query else self._set
        assert handler is not None
        if handler.awaited:
            self._worker.post(self._run, handler, request)
            return
        answer = handler.call(request.oid, request.buffer, failed=NdisStatus.FAILURE)
        self._take(request, handler.name, answer)

    async def _run(self, handler: Handler, request: OidRequest) -> None:
        if self._pending is request:
            answer = await handler.run(request.oid, request.buffer, failed=NdisStatus.FAILURE)
            self._take(request, handler.name, answer)

    def _take(self, request: OidRequest, handler: str, answer: Any) -> None:
        """Act on what the miniport has answered: a status, or a status with its numbers."""
        status, count, needed = self._parse(handler, answer)
        if status is _PENDING:
            return
        if self._pending is request:
            self._note(request, count, needed)
            self._finish(request, status)
        elif request.by_call:  # otherwise NDIS itself took it back meanwhile
            violation = RuleViolation(
                "OID-02",
                f"{handler} of {self._adapter.name} completed {request!r} and answered {status.name}; answer PENDING "
                "for what is completed by a call",
                request,
                site=self._adapter.site_of(_FIELDS[request.is_query]),
            )
            self._adapter.fail(violation, handler)

    def _parse(self, handler: str, answer: Any) -> tuple[NdisStatus, int, int]:
        try:
            status, count, needed = (*parts_of(answer), 0, 0)[:3]
            check_integer("the number of bytes", count, 0)
            check_integer("the number of bytes needed", needed, 0)
            return NdisStatus(status), count, needed
        except (TypeError, ValueError):
            text = f"{handler} answered {answer!r}; return an NdisStatus, or with it the bytes used and those needed"
            self._adapter.fail(TypeError(text), handler)
            return NdisStatus.FAILURE, 0, 0

    def _note(self, request: OidRequest, count: int, needed: int) -> None:
        """How many bytes the miniport wrote or read, and how many it would have needed (OID-04)."""
        check_integer("the number of bytes", count, 0)
        check_integer("the number of bytes needed", needed, 0)
        if count > len(request.buffer):
            violation = RuleViolation(
                "OID-04",
                f"{self._adapter.name} says that it used {count} bytes of {request!r}; answer BUFFER_TOO_SHORT and how "
                "many are needed",
                request,
                site=self._adapter.site_of(_FIELDS[request.is_query]),
            )
            self._adapter.fail(violation, "MiniportQueryInformation" if request.is_query else "MiniportSetInformation")
            count = len(request.buffer)
        if request.is_query:
            request.bytes_written = count
        else:
            request.bytes_read = count
        request.bytes_needed = needed

    def _abort(self, request: OidRequest) -> None:
        if request is self._pending:
            self._aborted = request
        self._finish(request, NdisStatus.REQUEST_ABORTED, serve=False)

    def _finish(self, request: OidRequest, status: NdisStatus, *, serve: bool = True) -> None:
        if request is self._pending:
            self._pending = None
        else:
            self._queue.remove(request)
        request.state = REQUEST_STATES.after(request.state, RequestEvent.COMPLETE)
        self._completed += 1
        done, request._done = request._done, None
        assert done is not None
        done(request, status)
        if serve:
            self.serve()
        self._adapter.came_to_rest()
