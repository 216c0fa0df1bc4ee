"""Interrupts: the service routine, its DPC, what comes meanwhile, and what a wrong routine answers."""

from typing import Any

import pytest

from asyncndis.base import NdisError, RuleViolation
from asyncndis.kernel import Irql, current_irql
from asyncndis.ndis import Adapter, AdapterAttributes, Interrupt, InterruptMode, Recognized
from tests.support.loops import settle
from tests.support.scripted import Scripted, virtual_stack

pytestmark = pytest.mark.every_loop


class Device(Scripted):
    """A miniport and its device in one.

    :ivar up: whether the line is up
    :ivar log: what ran, and at which level
    :ivar answer_isr: what the service routine answers
    """

    options: dict[str, Any] = {}  # noqa: RUF012 - of the registration, never changed

    def __init__(self) -> None:
        super().__init__()
        self.up = False
        self.log: list[tuple[str, int]] = []
        self.answer_isr: Any = Recognized(interrupt_recognized=True, queue_handle_interrupt=True)
        self.interrupt: Interrupt

    async def initialize(self, adapter: Adapter) -> None:
        await super().initialize(adapter)
        self.interrupt = adapter.register_interrupt(lambda: self.up, vector=3, **self.options)

    def isr(self) -> Any:
        self.log.append(("isr", current_irql()))
        self.up = False
        return self.answer_isr

    def handle_interrupt(self) -> Any:
        self.log.append(("dpc", current_irql()))

    def fire(self) -> None:
        self.up = True
        self.interrupt.fire()


class SerializedDevice(Device):
    attributes = AdapterAttributes.BUS_MASTER


@pytest.mark.parametrize("kind", [Device, SerializedDevice])
async def test_the_routine_and_then_its_dpc(kind: type[Device]) -> None:
    async with virtual_stack(rig := kind()) as stack:
        assert repr(rig.interrupt) == "<Interrupt 3 of 'rig' registered, fired 0 times>"
        rig.fire()
        assert rig.log == [("isr", Irql.DIRQL)]
        await stack.run_until_idle()
        assert rig.log == [("isr", Irql.DIRQL), ("dpc", Irql.DISPATCH)]
        assert rig.interrupt.statistics() == (1, 1, 1)
        rig.answer_isr = Recognized(interrupt_recognized=False, queue_handle_interrupt=False)
        rig.fire()
        await stack.run_until_idle()
        assert rig.interrupt.statistics() == (2, 1, 1)


async def test_a_dpc_that_waits_may_not() -> None:
    class Waiting(Device):
        async def handle_interrupt(self) -> None:
            self.log.append(("dpc", current_irql()))
            await settle()

    rig = Waiting()
    with pytest.raises(RuleViolation, match="IRQL-02"):
        async with virtual_stack(rig) as stack:
            rig.fire()
            await stack.run_until_idle()
    assert rig.log[-1] == ("dpc", Irql.DISPATCH)


async def test_a_line_that_is_still_up_is_served_anew() -> None:
    class Slow(Device):
        times = 3

        def handle_interrupt(self) -> None:
            self.times -= 1
            self.up = self.times > 0

    async with virtual_stack(rig := Slow()) as stack:
        rig.fire()
        while rig.times:
            await stack.run_until_idle()
        assert rig.interrupt.statistics() == (3, 3, 3)


async def test_without_a_service_routine() -> None:
    class Masked(Device):
        options = {"request_isr": False, "mode": InterruptMode.LATCHED, "level": Irql.DIRQL_MAX}  # noqa: RUF012 - of the registration, never changed

        def disable_interrupt(self) -> None:
            self.log.append(("disable", current_irql()))
            self.up = False

        def enable_interrupt(self) -> None:
            self.log.append(("enable", current_irql()))

    async with virtual_stack(rig := Masked()) as stack:
        rig.fire()
        await stack.run_until_idle()
        assert rig.log == [("disable", Irql.DIRQL_MAX), ("dpc", Irql.DISPATCH), ("enable", Irql.DISPATCH)]


async def test_what_comes_while_the_routine_runs_is_served_afterwards() -> None:
    class Again(Device):
        again = True

        def isr(self) -> Any:
            if self.again:
                self.again = False
                self.interrupt.fire()
                assert self.log == []
            return super().isr()

    async with virtual_stack(rig := Again()):
        rig.fire()
        assert [name for name, _ in rig.log] == ["isr", "isr"]


async def test_synchronized_with_the_routine() -> None:
    async with virtual_stack(rig := Device()) as stack:

        def change(value: int) -> int:
            assert current_irql() == Irql.DIRQL
            rig.fire()
            assert rig.log == [], "not meanwhile"
            return value + 1

        assert rig.interrupt.synchronize(change, 4) == 5
        assert rig.log == [("isr", Irql.DIRQL)]
        await stack.run_until_idle()
        with pytest.raises(ZeroDivisionError):
            rig.interrupt.synchronize(lambda: 1 // 0)
        rig.fire()
        assert len(rig.log) == 3


async def test_deregistered() -> None:
    class Leaving(Device):
        async def halt(self) -> None:
            self.interrupt.fire()
            await self.interrupt.deregister()
            assert repr(self.interrupt).startswith("<Interrupt 3 of 'rig' deregistered")
            with pytest.raises(RuleViolation, match="deregistered twice") as caught:
                await self.interrupt.deregister()
            assert caught.value.rule == "LIFE-08"
            with pytest.raises(RuleViolation, match="do not synchronize with it any more") as caught:
                self.interrupt.synchronize(lambda: None)
            assert caught.value.rule == "LIFE-09"
            self.log.clear()
            self.fire()
            assert self.log == []
            await super().halt()

    async with virtual_stack(Leaving()):
        pass


async def test_deregistered_while_its_device_asserts_it() -> None:
    class Hasty(Device):
        async def halt(self) -> None:
            self.up = True
            await super().halt()

    with pytest.raises(RuleViolation, match="while its device asserts it") as caught:
        async with virtual_stack(Hasty()):
            pass
    assert caught.value.rule == "LIFE-09"


@pytest.mark.parametrize("answer", [None, True, (True,), (True, 1), "yes", NdisError("no")])
async def test_an_answer_that_is_none(answer: Any) -> None:
    class Odd(Device):
        def isr(self) -> Any:
            if isinstance(answer, Exception):
                raise answer
            return answer

    with pytest.raises(RuleViolation, match="it sets both InterruptRecognized and") as caught:
        async with virtual_stack(rig := Odd()):
            rig.fire()
    assert caught.value.rule == "LIFE-10"
    assert "in MiniportISR of rig" in caught.value.__notes__


async def test_a_storm() -> None:
    class Stuck(Device):
        def isr(self) -> Any:
            self.interrupt.fire()
            return Recognized(interrupt_recognized=True, queue_handle_interrupt=False)

    with pytest.raises(RuleViolation, match="up again after each of 10000 calls") as caught:
        async with virtual_stack(rig := Stuck()):
            rig.fire()
    assert caught.value.rule == "LIFE-10"


@pytest.mark.parametrize("level", [Irql.DISPATCH, Irql.DIRQL_MAX + 1, "high", None])
async def test_a_level_that_is_none(level: Any) -> None:
    class Low(Device):
        options = {"level": level}  # noqa: RUF012 - of the registration, never changed

    with pytest.raises((TypeError, ValueError), match="level"):
        async with virtual_stack(Low()):
            pass
