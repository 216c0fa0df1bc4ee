"""Reset: how an adapter is brought back, who is told, and when NDIS asks for it by itself.

Source: the pages of NdisReset, MiniportReset, NdisMResetComplete, ProtocolResetComplete and MiniportCheckForHang.
RESET_START; what is outstanding is given back with REQUEST_ABORTED; the handler; where it says AddressingReset, filter,
multicast list and lookahead are set anew (OID-10); RESET_END. The check for hang runs every two seconds or so, and a
request or a queued send that two checks in a row find unanswered leads to a reset (OID-06).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from asyncndis.base import NdisStatus, RuleViolation
from asyncndis.kernel import Timer

from .calling import Worker, parts_of
from .media import AdapterAttributes, RequestType
from .oids import Oid, encode_oid
from .requests import OidRequest
from .states import RESET_STATES, AdapterEvent, AdapterState, ResetEvent, ResetState

if TYPE_CHECKING:
    from .adapter import Adapter
    from .binding import Binding

__all__ = ["HangCheck", "ResetMachine"]

_PENDING = NdisStatus.PENDING
_SUCCESS = NdisStatus.SUCCESS

Done = Callable[[NdisStatus], object]


class ResetMachine:
    """The resets of one adapter, one at a time.

    :param adapter: whose
    :ivar state: how far a reset is
    :ivar count: resets that have ended
    """

    __slots__ = ("_adapter", "_by_call", "_done", "_replay", "_reset", "_status", "_worker", "count", "state")

    def __init__(self, adapter: "Adapter") -> None:
        self._adapter = adapter
        self.state = RESET_STATES.initial
        self.count = 0
        self._reset = adapter.handler("MiniportReset", "reset")
        self._worker = Worker(adapter.group, f"resets of {adapter.name}", adapter.came_to_rest)
        self._done: list[tuple[Done, Binding | None]] = []
        self._replay: list[OidRequest] = []
        self._status = _SUCCESS
        self._by_call = False  # completed by a call of the miniport, and not by its answer

    def of_binding(self, binding: "Binding") -> bool:
        """Whether a binding is to be told of the end of a reset."""
        return any(owner is binding for _, owner in self._done)

    def begin(self, done: Done | None = None, binding: "Binding | None" = None) -> NdisStatus:
        """NdisReset, or a reset that NDIS asks for: PENDING, and ``done`` is called with the final status.

        :param binding: whose protocol asks
        :returns: PENDING; RESET_IN_PROGRESS where one is under way; ADAPTER_NOT_READY where the adapter does not run
        """
        adapter = self._adapter
        if self.state is not ResetState.IDLE or adapter.state is AdapterState.RESETTING:
            return NdisStatus.RESET_IN_PROGRESS
        if adapter.state is not AdapterState.RUNNING:
            return NdisStatus.ADAPTER_NOT_READY
        adapter.step(AdapterEvent.RESET)
        self._by_call = False
        self.state = RESET_STATES.after(self.state, ResetEvent.BEGIN)
        if done is not None:
            self._done.append((done, binding))
        adapter.tell_all(NdisStatus.RESET_START)
        adapter.gate.run(self._call)
        return _PENDING

    def complete(self, status: int, *, addressing_reset: bool) -> None:
        """NdisMResetComplete.

        :raises RuleViolation: LIFE-14 when no reset is pending, or the status is not final
        """
        status = NdisStatus(status)
        if status is _PENDING:
            raise RuleViolation("LIFE-14", f"{self._adapter.name} completes a reset with PENDING", self._adapter)
        if self.state is not ResetState.PENDING and self.state is not ResetState.CALLED:
            raise RuleViolation(
                "LIFE-14",
                f"{self._adapter.name} completes a reset, and none is pending (bugcheck 0x7C/0x0F); complete it "
                "exactly once, and only after MiniportReset answered PENDING",
                self._adapter,
            )
        self._by_call = True
        self._complete(status, addressing_reset=addressing_reset)

    def _complete(self, status: NdisStatus, *, addressing_reset: bool) -> None:
        self.state = RESET_STATES.after(self.state, ResetEvent.COMPLETE)
        self._status = status
        if not status.is_error:
            self._check_sends()
            self._replay = self._adapter.addressing() if addressing_reset else []
        self._replay_next()

    def take_back_of_binding(self, binding: "Binding") -> None:
        """Tell a closing binding of the end of a reset that has not come in time (LIFE-14, OID-06)."""
        requests = self._adapter.requests
        while self.of_binding(binding) and self.state is ResetState.REPLAYING and requests.pending is not None:
            requests.take_back(requests.pending)
        for done, owner in list(self._done):
            if owner is binding:
                self._done.remove((done, owner))
                done(NdisStatus.REQUEST_ABORTED)
                adapter = self._adapter
                adapter.violated(
                    RuleViolation(
                        "LIFE-14",
                        f"{adapter.name} has not completed its reset in {adapter.library.patience:g} s; after PENDING "
                        "call NdisMResetComplete exactly once",
                        adapter,
                        site=adapter.site_of("reset"),
                    )
                )

    def abandon(self) -> None:
        """The adapter ends meanwhile: who waits for the reset is told so."""
        if self.state in (ResetState.CALLED, ResetState.PENDING):
            self.state = RESET_STATES.after(self.state, ResetEvent.ABANDON)
            self._tell(NdisStatus.REQUEST_ABORTED)

    def _call(self) -> None:
        adapter = self._adapter
        adapter.requests.abort_all()
        if adapter.gate.serialized:
            adapter.sends.abort_all()
            adapter.lookahead.abort_all()
        else:
            adapter.sends.abort_queued()
        handler = self._reset
        assert handler is not None
        if handler.awaited:
            self._worker.post(self._run)
        else:
            self._take(handler.call(failed=NdisStatus.FAILURE))

    async def _run(self) -> None:
        assert self._reset is not None
        if self.state is ResetState.CALLED:
            self._take(await self._reset.run(failed=NdisStatus.FAILURE))

    def _take(self, answer: Any) -> None:
        """Act on what MiniportReset has answered: a status, alone or with AddressingReset."""
        assert self._reset is not None
        parts = parts_of(answer)
        status, addressing = parts if len(parts) == 2 else (answer, False)
        status = self._reset.status_of(status)
        if self.state is ResetState.CALLED and not self._by_call:
            if status is _PENDING:
                self.state = RESET_STATES.after(self.state, ResetEvent.PEND)
            else:
                self._complete(status, addressing_reset=bool(addressing))
        elif self._by_call and status is not _PENDING:  # otherwise it was abandoned meanwhile
            text = f"MiniportReset of {self._adapter.name} completed the reset and answered {status.name}"
            violation = RuleViolation(
                "LIFE-14",
                f"{text}; answer PENDING where NdisMResetComplete is called",
                self._adapter,
                site=self._adapter.site_of("reset"),
            )
            self._adapter.fail(violation, "MiniportReset")

    def _check_sends(self) -> None:
        """A deserialized miniport has completed what it had when its reset is done (SEND-16)."""
        left = self._adapter.sends.left()
        if not left:
            return
        violation = RuleViolation(
            "SEND-16",
            f"{self._adapter.name} has ended its reset with {len(left)} sends not completed; complete each with "
            "REQUEST_ABORTED there",
            left[0],
            site=self._adapter.site_of("reset"),
        )
        self._adapter.sends.abort_all()
        self._adapter.violated(violation)

    def _replay_next(self, _request: object = None, _status: object = None) -> None:
        """Set the next of the addressing OIDs, or end the reset."""
        while self._replay:
            request = self._replay.pop(0)
            if self._adapter.requests.submit(request, None, self._replay_next) is _PENDING:
                return
        self.state = RESET_STATES.after(self.state, ResetEvent.DONE)
        self.count += 1
        adapter = self._adapter
        if adapter.state is AdapterState.RESETTING:
            adapter.step(AdapterEvent.RESET_DONE)
        adapter.tell_all(NdisStatus.RESET_END)
        self._tell(self._status)
        adapter.requests.serve()
        adapter.sends.resources_available()
        adapter.came_to_rest()

    def _tell(self, status: NdisStatus) -> None:
        done, self._done = self._done, []
        for one, _ in done:
            one(status)


class HangCheck:
    """Asks a miniport every few seconds whether it hangs.

    :param adapter: whose
    :param seconds: between two checks; a multiple of 2
    :ivar checks: how often it was asked
    """

    __slots__ = ("_adapter", "_check", "_ignore", "_timer", "checks", "seconds")

    def __init__(self, adapter: "Adapter", seconds: int, attributes: AdapterAttributes) -> None:
        self._adapter = adapter
        self._check = adapter.handler("MiniportCheckForHang", "check_for_hang")
        self._ignore = attributes
        self._timer = Timer(self._tick, kernel=adapter.kernel, name=f"check for hang of {adapter.name}")
        self.seconds = seconds
        self.checks = 0

    def start(self) -> None:
        """Begin to ask."""
        self._timer.set_periodic(self.seconds * 1000)

    def stop(self) -> None:
        """Ask no more."""
        self._timer.cancel()

    def _tick(self) -> None:
        adapter = self._adapter
        if adapter.state is not AdapterState.RUNNING:
            return
        self.checks += 1
        adapter.gate.run(self._judge)

    def _judge(self) -> None:
        adapter = self._adapter
        is_hung = self._asks_for_reset()
        watches_requests = not self._ignore & AdapterAttributes.IGNORE_REQUEST_TIMEOUT
        watches_sends = not self._ignore & AdapterAttributes.IGNORE_PACKET_TIMEOUT
        request_is_stuck = watches_requests and adapter.requests.is_stuck()
        queue_is_stuck = watches_sends and adapter.sends.queue_is_stuck()
        if adapter.probe is not None and (request_is_stuck or queue_is_stuck):
            adapter.probe.before("ndisMCheckForHang", adapter, request_is_stuck, queue_is_stuck)
        if is_hung or request_is_stuck or queue_is_stuck:
            adapter.resets.begin()

    def _asks_for_reset(self) -> bool:
        """What MiniportCheckForHang answers; one that raises an NdisError does not know."""
        if self._check is None:
            return False
        answer = self._check.call(failed=False)
        if not (answer is None or isinstance(answer, (bool, NdisStatus))):
            self._adapter.fail(TypeError(f"{self._check.name} answered {answer!r}; return a bool"), self._check.name)
        return answer is True


def set_request(oid: Oid, value: object) -> OidRequest:
    """A request of NDIS itself that sets something."""
    return OidRequest(RequestType.SET_INFORMATION, oid, encode_oid(oid, value))
