"""Interrupts: the device's line, the service routine at DIRQL, and the DPC that it asks for.

Source: the pages of NdisMRegisterInterrupt, NdisMDeregisterInterrupt, MiniportISR, MiniportHandleInterrupt,
MiniportDisableInterrupt, MiniportEnableInterrupt and NdisMSynchronizeWithInterrupt. The line is level-triggered: while
the device holds it up, the routine is called again. What comes while a routine runs is served when that has returned.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, TypeVarTuple

from asyncndis.base import RuleViolation, check_integer
from asyncndis.kernel import Dpc, Irql, flush_dpcs, invoke_nowait

from .calling import parts_of
from .media import InterruptMode

if TYPE_CHECKING:
    from .adapter import Adapter

__all__ = ["Interrupt", "InterruptStatistics", "Recognized"]

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

_STORM = 10_000


class Recognized(NamedTuple):
    """What MiniportISR answers.

    :ivar interrupt_recognized: whether the device asserted its line
    :ivar queue_handle_interrupt: whether MiniportHandleInterrupt is to run
    """

    interrupt_recognized: bool
    queue_handle_interrupt: bool


class InterruptStatistics(NamedTuple):
    """An interrupt at one moment.

    :ivar fired: how often the line was served
    :ivar recognized: how often its device had asserted it
    :ivar dpcs: how often the DPC ran
    """

    fired: int
    recognized: int
    dpcs: int


class Interrupt:
    """A registered interrupt (NDIS_MINIPORT_INTERRUPT); made by ``Adapter.register_interrupt``.

    :ivar name: for messages
    :ivar level: its IRQL
    :ivar registered: whether it has not been deregistered
    """

    __slots__ = (
        "_adapter",
        "_disable",
        "_dpc",
        "_dpcs",
        "_enable",
        "_fired",
        "_handle",
        "_isr",
        "_latched",
        "_line",
        "_recognized",
        "_serving",
        "level",
        "mode",
        "name",
        "registered",
        "shared",
        "vector",
    )

    def __init__(
        self,
        adapter: "Adapter",
        line: Callable[[], bool],
        *,
        vector: int,
        level: int,
        request_isr: bool,
        shared: bool,
        mode: InterruptMode,
    ) -> None:
        check_integer("level", level, Irql.DIRQL, Irql.DIRQL_MAX)
        self._adapter = adapter
        self._line = line
        self.name = f"interrupt {vector} of {adapter.name}"
        self.vector = vector
        self.level = level
        self.mode = InterruptMode(mode)
        self.shared = shared
        self.registered = True
        self._isr = adapter.handler("MiniportISR", "isr") if request_isr or shared else None
        self._handle = adapter.handler("MiniportHandleInterrupt", "handle_interrupt")
        self._disable = adapter.handler("MiniportDisableInterrupt", "disable_interrupt")
        self._enable = adapter.handler("MiniportEnableInterrupt", "enable_interrupt")
        self._dpc = Dpc(self._run_dpc, kernel=adapter.kernel, name=f"dpc of {self.name}")
        self._serving = False
        self._latched = False
        self._fired = self._recognized = self._dpcs = 0

    def __repr__(self) -> str:
        state = "registered" if self.registered else "deregistered"
        return f"<Interrupt {self.vector} of {self._adapter.name!r} {state}, fired {self._fired} times>"

    def statistics(self) -> InterruptStatistics:
        """What it has done. IRQL: any."""
        return InterruptStatistics(self._fired, self._recognized, self._dpcs)

    def fire(self) -> None:
        """The device has raised its line: serve it, at once or when the routine that runs has returned. IRQL: any."""
        self._latched = True
        if self._serving:
            return
        self._serving = True
        try:
            rounds = 0
            while self._latched and self.registered:
                self._latched = False
                self._serve()
                rounds += 1
                if rounds == _STORM:
                    text = f"{self.name} is up again after each of {_STORM} calls of MiniportISR"
                    self._blame(f"{text}; acknowledge or mask the cause there")
                    return
        finally:
            self._serving = False

    def synchronize(self, function: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
        """Run a function that shares data with MiniportISR (NdisMSynchronizeWithInterrupt). IRQL: <= DIRQL.

        :param function: a plain function; it runs at the interrupt's level, and the service routine does not meanwhile
        :param arguments: what it is called with
        :returns: what it returns
        :raises RuleViolation: LIFE-09 when the interrupt was deregistered
        """
        probe = self._adapter.probe
        if not self.registered:
            raise RuleViolation("LIFE-09", f"{self.name} was deregistered; do not synchronize with it any more", self)
        if probe is not None:
            probe.before("NdisMSynchronizeWithInterrupt", self, function)
        outer, self._serving = self._serving, True
        try:
            return invoke_nowait(function, *arguments, irql=self.level)
        finally:
            self._serving = outer
            if self._latched and not outer:
                self.fire()
            if probe is not None:
                probe.after("NdisMSynchronizeWithInterrupt", self, function)

    async def deregister(self) -> None:
        """Give the interrupt up, and wait for a DPC that runs (NdisMDeregisterInterrupt). IRQL: PASSIVE.

        Rules: LIFE-08, LIFE-09; disable the device's interrupts first.

        :raises RuleViolation: LIFE-08 when that was done before
        """
        if not self.registered:
            raise RuleViolation("LIFE-08", f"{self.name} is deregistered twice", self)
        probe = self._adapter.probe
        if probe is not None:
            probe.before("NdisMDeregisterInterrupt", self)
        if self._line():
            self._adapter.violated(
                RuleViolation(
                    "LIFE-09",
                    f"{self.name} is deregistered while its device asserts it; disable the device's interrupts first",
                    self,
                )
            )
        self.registered = False
        if self._dpc.queued or self._dpc.running:
            await flush_dpcs(self._adapter.kernel)
        if probe is not None:
            probe.after("NdisMDeregisterInterrupt", self)

    def _serve(self) -> None:
        """One call of the service routine, or of what stands in for it."""
        self._fired += 1
        if self._isr is None:
            self._recognized += 1
            if self._disable is not None:
                self._disable.call(irql=self.level)
            self._dpc.queue()
            return
        answer = self._isr.call(irql=self.level, failed=Recognized(False, False))
        recognized, queue = self._check(answer)
        self._recognized += recognized
        if queue and self._handle is not None:
            self._dpc.queue()

    def _check(self, answer: Any) -> Recognized:
        parts = parts_of(answer)
        if len(parts) == 2 and all(isinstance(one, bool) for one in parts):
            return Recognized(*parts)
        self._blame(
            f"MiniportISR of {self._adapter.name} answered {answer!r}; it sets both InterruptRecognized and "
            "QueueMiniportHandleInterrupt: return Recognized(True, True)"
        )
        return Recognized(interrupt_recognized=False, queue_handle_interrupt=False)

    def _blame(self, message: str) -> None:
        """The service routine is wrong, and not the device that raised the line: its stack ends."""
        violation = RuleViolation("LIFE-10", message, self, site=self._adapter.site_of("isr"))
        self._adapter.fail(violation, "MiniportISR")

    async def _run_dpc(self) -> None:
        """MiniportHandleInterrupt, in its turn; a line that is still up is served anew."""
        if not self.registered:
            return
        self._dpcs += 1
        handle = self._handle
        if handle is not None and handle.awaited:
            await handle.run(irql=Irql.DISPATCH)
        elif handle is not None:
            self._adapter.gate.run(handle.call)
        if self._enable is not None and self._isr is None:
            self._enable.call()
        if self._is_asserted():  # and the handler has not deregistered it
            self.fire()

    def _is_asserted(self) -> bool:
        return self.registered and self._line()
