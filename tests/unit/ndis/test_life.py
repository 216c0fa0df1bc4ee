"""The life of adapters: starting, failing to, halting, and what the system does to them in between."""

from collections.abc import Callable
from functools import partial
from typing import Any

import anyio
import pytest

from asyncndis.base import NdisError, NdisStatus, RuleViolation
from asyncndis.kernel import VirtualClock, current_clock, current_irql, use_clock
from asyncndis.memory import Packet
from asyncndis.ndis import (
    Adapter,
    AdapterAttributes,
    AdapterState,
    DevicePnpEvent,
    Miniport,
    MiniportCharacteristics,
    Ndis,
    Oid,
    OidRequest,
    PnpCapabilities,
    PnpEvent,
    PowerState,
    RequestType,
    open_stack,
)
from tests.support.loops import settle
from tests.support.scripted import Listener, Scripted, Serialized, frame, virtual_stack

pytestmark = pytest.mark.every_loop

PENDING, SUCCESS, FAILURE = NdisStatus.PENDING, NdisStatus.SUCCESS, NdisStatus.FAILURE
ABORTED, RESOURCES, CLOSING = NdisStatus.REQUEST_ABORTED, NdisStatus.RESOURCES, NdisStatus.CLOSING


async def take_frames(adapter: Adapter) -> object:
    return await adapter.allocate_frames(2, name="rx")


async def take_buffers(adapter: Adapter) -> object:
    return await adapter.allocate_buffers(2, name="ring")


async def take_packets(adapter: Adapter) -> object:
    return await adapter.allocate_packets(2, name="descriptors")


async def take_shared_memory(adapter: Adapter) -> object:
    return adapter.allocate_shared_memory(64)


async def take_map_registers(adapter: Adapter) -> object:
    return adapter.allocate_map_registers(2, 1514)


async def open_configuration(adapter: Adapter) -> object:
    return adapter.open_configuration()


async def set_timer(adapter: Adapter) -> object:
    timer = adapter.timer(lambda: None, name="watchdog")
    timer.set(60_000)
    return timer


async def register_shutdown(adapter: Adapter) -> object:
    adapter.register_shutdown_handler(lambda _context: None)
    return None


async def register_interrupt(adapter: Adapter) -> object:
    return adapter.register_interrupt(lambda: False, vector=5)


STEPS: dict[Callable[[Adapter], Any], tuple[str, str]] = {
    take_frames: ("POOL-06", "pool 'rx of rig'"),
    take_buffers: ("POOL-06", "pool 'ring of rig'"),
    take_packets: ("POOL-06", "pool 'descriptors of rig'"),
    take_shared_memory: ("LIFE-03", "64 bytes of shared memory"),
    take_map_registers: ("LIFE-03", "map registers"),
    open_configuration: ("LIFE-12", "an open configuration"),
    set_timer: ("LIFE-06", "timer 'watchdog'"),
    register_shutdown: ("LIFE-03", "a shutdown handler"),
    register_interrupt: ("LIFE-08", "interrupt 5 of rig"),
}


class Taking(Miniport):
    """Takes one thing after another, and gives nothing back."""

    def __init__(self, *steps: Callable[[Adapter], Any], fails_after: int | None = None) -> None:
        super().__init__(name="rig")
        self.steps = steps
        self.fails_after = fails_after

    async def initialize(self, adapter: Adapter) -> Any:
        for number, step in enumerate(self.steps):
            if number == self.fails_after:
                return NdisStatus.ADAPTER_NOT_FOUND
            await step(adapter)
        return FAILURE if self.fails_after == len(self.steps) else SUCCESS

    def send(self, packet: Packet) -> Any:
        return SUCCESS


class Responsible(Taking):
    """Has a halt handler of its own, and is thereby held responsible."""

    def halt(self) -> None:  # type: ignore[override]  # a plain one
        pass


@pytest.mark.parametrize("fails_after", range(len(STEPS) + 1))
async def test_initialize_fails_after_each_step(fails_after: int) -> None:
    rig = Taking(*STEPS, fails_after=fails_after)
    with use_clock(VirtualClock()):
        async with Ndis() as ndis:
            with pytest.raises(NdisError, match=r"rig did not start: (ADAPTER_NOT_FOUND|FAILURE)"):
                await ndis.add_adapter(rig)
            assert rig.adapter.state is AdapterState.FAILED
            assert rig.adapter.claims.live() == [], "NDIS has taken it back, since it defines no halt"
            assert ndis.adapters == []
    assert rig.adapter.shared_memory.statistics().blocks == 0


@pytest.mark.parametrize("fails_after", range(1, len(STEPS) + 1))
async def test_one_with_a_halt_handler_undoes_its_steps_itself(fails_after: int) -> None:
    rig = Responsible(*STEPS, fails_after=fails_after)
    with use_clock(VirtualClock()), pytest.raises(RuleViolation, match="failed and left behind: pool") as caught:
        async with Ndis() as ndis:
            with pytest.raises(NdisError):
                await ndis.add_adapter(rig)
            assert rig.adapter.claims.live() == []
    assert caught.value.rule == "LIFE-02"
    left = str(caught.value)
    assert all((what in left) == (number < fails_after) for number, (_, what) in enumerate(STEPS.values()))


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
async def test_halt_leaves_something_behind(step: Callable[[Adapter], Any]) -> None:
    rig = Responsible(step)
    rule, what = STEPS[step]
    with pytest.raises(RuleViolation, match=f"MiniportHalt of rig left {what} behind") as caught:
        async with virtual_stack(rig):
            pass
    assert caught.value.rule == rule
    assert step.__name__ in str(caught.value) or "test_life.py" in str(caught.value)
    assert rig.adapter.claims.live() == []


async def test_everything_is_given_back_in_reverse_order_by_the_ready_halt() -> None:
    async with virtual_stack(Taking(*STEPS)) as stack:
        assert len(stack.adapter.claims.live()) == len(STEPS)
    assert stack.adapter.claims.live() == []


async def test_what_cannot_be_given_back_does_not_keep_the_rest() -> None:
    def refuse() -> None:
        raise RuleViolation("DMA-04", "it is broken")

    async def take_the_broken(adapter: Adapter) -> None:
        adapter.claims.enter("a broken thing", "LIFE-03", lambda: True, refuse)

    rig = Taking(take_frames, take_the_broken, take_buffers)
    with pytest.raises(RuleViolation, match="it is broken") as caught:
        async with virtual_stack(rig):
            pass
    assert "in MiniportHalt of rig" in caught.value.__notes__
    assert rig.adapter.state is AdapterState.HALTED


@pytest.mark.parametrize(
    ("error", "kind"),
    [(NdisError("no cable", NdisStatus.DEVICE_FAILED), NdisError), (ValueError("oops"), ValueError)],
)
async def test_initialize_raises(error: Exception, kind: type[Exception]) -> None:
    class Failing(Taking):
        async def initialize(self, adapter: Adapter) -> Any:
            await super().initialize(adapter)
            raise error

    rig = Failing(take_frames)
    with pytest.raises(kind) as caught:
        async with virtual_stack(Listener(), rig):
            pass
    assert caught.value is error
    assert rig.adapter.claims.live() == []
    if kind is ValueError:
        assert "in MiniportInitialize of rig" in error.__notes__


async def test_initialize_is_cancelled() -> None:
    class Slow(Taking):
        async def initialize(self, adapter: Adapter) -> Any:
            await super().initialize(adapter)
            await anyio.sleep_forever()

    rig = Slow(take_frames, register_interrupt)
    async with Ndis() as ndis:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ndis.add_adapter, rig)
            await settle()
            assert rig.adapter.state is AdapterState.INITIALIZING
            assert (
                repr(rig.adapter)
                == "<Adapter 'rig' initializing, link up, 0 bindings, 0 sends in flight, 0 packets lent>"
            )
            tasks.cancel_scope.cancel()
        assert rig.adapter.claims.live() == []


@pytest.mark.parametrize("answer", ["fine", 77, object()])
async def test_initialize_answers_no_status(answer: Any) -> None:
    class Odd(Taking):
        async def initialize(self, adapter: Adapter) -> Any:
            return answer

    with pytest.raises(TypeError, match="MiniportInitialize answered") as caught:
        async with virtual_stack(Odd()):
            pass
    assert "in MiniportInitialize of rig" in caught.value.__notes__


def characteristics(**changes: Any) -> MiniportCharacteristics:
    def initialize(_driver: object, adapter: Adapter) -> None:
        adapter.set_attributes("context")

    handlers: dict[str, Any] = {
        "name": "plain",
        "initialize": initialize,
        "halt": nothing,
        "reset": partial(answer, SUCCESS),
        "query_information": partial(answer, NdisStatus.NOT_SUPPORTED),
        "set_information": partial(answer, SUCCESS),
        "send": partial(answer, SUCCESS),
    }
    return MiniportCharacteristics(**handlers | changes)


def nothing(*_: object) -> None:
    """A handler that does nothing."""


def answer(status: Any, *_: object) -> Any:
    """A handler that answers the same each time."""
    return status


class TestPlainCharacteristics:
    @pytest.mark.parametrize("missing", ["initialize", "halt", "reset", "query_information", "set_information", "send"])
    async def test_a_handler_is_missing(self, missing: str) -> None:
        async with Ndis() as ndis:
            with pytest.raises(NdisError, match=f"lacks the mandatory handlers {missing}") as caught:
                await ndis.add_adapter(characteristics(**{missing: None}))
            assert caught.value.status is NdisStatus.BAD_CHARACTERISTICS

    @pytest.mark.parametrize("version", [(6, 0), (2, 0), None, 5])
    async def test_a_version_that_is_none(self, version: Any) -> None:
        async with Ndis() as ndis:
            with pytest.raises(NdisError) as caught:
                await ndis.add_adapter(characteristics(version=version))
            assert caught.value.status is NdisStatus.BAD_VERSION

    async def test_a_handler_that_is_none(self) -> None:
        async with Ndis() as ndis:
            with pytest.raises(TypeError, match="send of plain is a function, not str"):
                await ndis.add_adapter(characteristics(send="now"))
            with pytest.raises(TypeError, match="miniport"):
                await ndis.add_adapter("miniport")  # type: ignore[arg-type]  # bad input

    @pytest.mark.parametrize(
        "handler",
        [
            "isr",
            "disable_interrupt",
            "enable_interrupt",
            "check_for_hang",
            "transfer_data",
            "cancel_send_packets",
            "shutdown",
        ],
    )
    async def test_a_handler_that_may_not_wait(self, handler: str) -> None:
        async def wait(*_: object) -> None:
            raise AssertionError("never called")

        async with Ndis() as ndis:
            with pytest.raises(NdisError, match=f"{handler} of plain may not wait, since") as caught:
                await ndis.add_adapter(characteristics(**{handler: wait}))
            assert caught.value.status is NdisStatus.BAD_CHARACTERISTICS

    async def test_a_serialized_miniport_has_handlers_that_wait(self) -> None:
        class Waiting(Serialized):
            async def send(self, packet: Packet) -> Any:
                return SUCCESS

        with pytest.raises(NdisError, match="is a serialized miniport, and its send may wait"):
            async with virtual_stack(Waiting()):
                pass

    async def test_attributes_come_first(self) -> None:
        with pytest.raises(RuleViolation, match="comes before set_attributes") as caught:
            async with Ndis() as ndis:
                await ndis.add_adapter(characteristics(initialize=nothing))
        assert caught.value.rule == "LIFE-01"

    async def test_before_attributes_there_is_little_to_say(self) -> None:
        def initialize(_driver: object, adapter: Adapter) -> NdisStatus:
            assert repr(adapter) == "<Adapter 'plain' initializing>"
            for call in (adapter.statistics, lambda: adapter.handler("MiniportSend", "send")):
                with pytest.raises(RuleViolation, match="LIFE-01"):
                    call()
            return FAILURE

        async with Ndis() as ndis:
            with pytest.raises(NdisError, match="FAILURE"):
                await ndis.add_adapter(characteristics(initialize=initialize))

    async def test_one_that_does_not_answer_what_is_mandatory(self) -> None:
        halted: list[object] = []
        async with Ndis() as ndis:
            with pytest.raises(NdisError, match="does not answer OID_GEN_MAC_OPTIONS, which is mandatory"):
                await ndis.add_adapter(characteristics(halt=halted.append))
            assert halted == ["context"]
            assert ndis.adapters == []

    async def test_one_that_never_answers_what_is_mandatory(self) -> None:
        refused = pytest.raises(RuleViolation, match=r"plain has not answered .* in 3 s")
        with refused as caught, use_clock(VirtualClock()):
            async with Ndis(patience=3) as ndis:
                await ndis.add_adapter(characteristics(query_information=partial(answer, PENDING)))
        assert caught.value.rule == "OID-06"

    async def test_a_malformed_answer(self) -> None:
        with pytest.raises(NdisError) as caught:
            async with Ndis() as ndis:
                await ndis.add_adapter(characteristics(query_information=partial(answer, (SUCCESS, 3))))
        assert caught.value.status is NdisStatus.INVALID_LENGTH

    async def test_hardware_is_claimed_in_initialize_only(self) -> None:
        async with virtual_stack(rig := Scripted()):
            for call in (
                lambda: rig.adapter.allocate_shared_memory(4),
                lambda: rig.adapter.allocate_map_registers(1, 1),
                lambda: rig.adapter.register_shutdown_handler(print),
                lambda: rig.adapter.set_attributes(None),
            ):
                with pytest.raises(RuleViolation, match="while it is running; claim hardware in") as caught:
                    call()
                assert caught.value.rule == "LIFE-11"
            with pytest.raises(RuleViolation, match="LIFE-08"):
                rig.adapter.register_interrupt(lambda: False)

    async def test_bad_attributes(self) -> None:
        def initialize(_driver: object, adapter: Adapter) -> NdisStatus:
            for bad in ("x", -1, None, 1.5):
                with pytest.raises((TypeError, ValueError)):
                    adapter.set_attributes(None, check_for_hang_seconds=bad)  # type: ignore[arg-type]  # bad input
                with pytest.raises((TypeError, ValueError)):
                    adapter.set_attributes(None, attributes=bad)  # type: ignore[arg-type]  # bad input
            adapter.set_attributes(None, attributes=AdapterAttributes.DESERIALIZE)
            with pytest.raises(NdisError, match="is no bus master"):
                adapter.allocate_map_registers(1, 1514)
            with pytest.raises(NdisError, match="a shared interrupt needs request_isr"):
                adapter.register_interrupt(lambda: False, shared=True, request_isr=False)
            with pytest.raises(TypeError, match="line is a function"):
                adapter.register_interrupt("up")  # type: ignore[arg-type]  # bad input
            with pytest.raises(TypeError, match="handler is a function"):
                adapter.register_shutdown_handler(None)  # type: ignore[arg-type]  # bad input
            return FAILURE

        async with Ndis() as ndis:
            with pytest.raises(NdisError):
                await ndis.add_adapter(characteristics(initialize=initialize))


class TestHalt:
    async def test_one_that_hangs_is_given_up(self) -> None:
        class Stuck(Scripted):
            async def halt(self) -> None:
                await anyio.sleep_forever()

        rig = Stuck()
        with pytest.raises(RuleViolation, match="MiniportHalt of rig has not returned in 5 s") as caught:
            async with virtual_stack(rig):
                pass
        assert caught.value.rule == "LIFE-03"
        assert rig.adapter.state is AdapterState.HALTED
        assert rig.adapter.claims.live() == []

    async def test_one_that_raises(self) -> None:
        class Failing(Scripted):
            def halt(self) -> None:  # type: ignore[override]  # a plain one
                raise ValueError("oops")

        rig = Failing()
        with pytest.raises(ValueError, match="oops") as caught:
            async with virtual_stack(rig):
                pass
        assert "in MiniportHalt of rig" in caught.value.__notes__
        assert rig.adapter.claims.live() == []

    async def test_by_two_at_once(self) -> None:
        halts: list[object] = []

        class Slow(Scripted):
            async def halt(self) -> None:
                halts.append(None)
                await settle()
                await super().halt()

        async with virtual_stack(Listener(), Slow()) as stack:
            async with anyio.create_task_group() as tasks:
                for _ in range(3):
                    tasks.start_soon(stack.ndis.halt_adapter, stack.adapter)
            assert len(halts) == 1
            assert stack.ndis.adapters == []
            await stack.ndis.halt_adapter(stack.adapter)

    async def test_is_not_cancelled(self) -> None:
        class Slow(Scripted):
            async def halt(self) -> None:
                await settle()
                await super().halt()

        async with virtual_stack(Listener(), rig := Slow()) as stack:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(stack.ndis.halt_adapter, stack.adapter)
                await settle()
                tasks.cancel_scope.cancel()
            assert rig.adapter.state is AdapterState.HALTED

    async def test_a_status_indication_that_was_not_closed(self) -> None:
        with pytest.raises(RuleViolation, match="follows a status indication without") as caught:
            async with virtual_stack(rig := Scripted()):
                rig.adapter.indicate_status(NdisStatus.MEDIA_CONNECT)
        assert caught.value.rule == "LIFE-13"

    async def test_status_after_halt_has_begun(self) -> None:
        class Late(Scripted):
            async def halt(self) -> None:
                await super().halt()
                with pytest.raises(RuleViolation, match="LIFE-13"):
                    self.adapter.indicate_status(NdisStatus.MEDIA_CONNECT)
                with pytest.raises(RuleViolation, match="LIFE-13"):
                    self.adapter.indicate_status_complete()

        async with virtual_stack(Late()):
            pass

    async def test_an_adapter_may_be_started_again_in_another_stack(self) -> None:
        rig = Scripted()
        for _ in range(2):
            async with virtual_stack(protocol := Listener(), rig):
                rig.receive(frame(to=b"\xff" * 6))
                assert len(protocol.got) == 1


class TestStatus:
    async def test_every_protocol_is_told(self) -> None:
        one, other = Listener(name="one"), Listener(name="other")
        async with virtual_stack(one, other, rig := Scripted()) as stack:
            rig.adapter.indicate_link(up=False)
            assert (stack.link, stack.adapter.connected) == ("down", False)
            rig.adapter.indicate_link(up=True)
            assert stack.link == "up"
            wanted = [NdisStatus.MEDIA_DISCONNECT, NdisStatus.MEDIA_CONNECT]
            assert (one.statuses, other.statuses) == (wanted, wanted)
            assert one.confirmed == 2
            with pytest.raises(ValueError, match="not a valid NdisStatus"):
                rig.adapter.indicate_status(12)


class TestTimers:
    @pytest.mark.parametrize("kind", [Scripted, Serialized])
    async def test_their_functions_run_at_dispatch_level(self, kind: type[Scripted]) -> None:
        levels: list[int] = []

        class Ticking(kind):  # type: ignore[valid-type,misc]  # one of the two
            async def initialize(self, adapter: Adapter) -> None:
                await super().initialize(adapter)
                self.watchdog = adapter.timer(lambda: levels.append(current_irql()), name="watchdog")
                self.watchdog.set_periodic(100)

        async with virtual_stack(Ticking()):
            clock = current_clock()
            assert isinstance(clock, VirtualClock)
            await clock.advance(0.35)
            assert levels == [2, 2, 2]

    async def test_one_that_fires_while_it_is_cancelled(self) -> None:
        """Cancelling answers False: its function is due, and halt waits for it (LIFE-05)."""

        class Ticking(Scripted):
            async def initialize(self, adapter: Adapter) -> None:
                await super().initialize(adapter)
                self.ran = 0
                self.watchdog = adapter.timer(self.tick, name="watchdog")
                self.watchdog.set(100)

            def tick(self) -> None:
                self.ran += 1

            async def halt(self) -> None:
                if not self.watchdog.cancel():
                    while self.watchdog.pending:
                        await settle()
                await super().halt()

        async with virtual_stack(rig := Ticking()):
            clock = current_clock()
            assert isinstance(clock, VirtualClock)
            clock.stall(1_000_000)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(clock.advance, 0)
            assert rig.ran == 1

    async def test_a_function_that_raises(self) -> None:
        class Ticking(Scripted):
            async def initialize(self, adapter: Adapter) -> None:
                await super().initialize(adapter)
                adapter.timer(lambda: 1 / 0, name="watchdog").set(1)

        with pytest.raises(ZeroDivisionError) as caught:
            async with virtual_stack(Ticking()):
                clock = current_clock()
                assert isinstance(clock, VirtualClock)
                await clock.advance(1)
        assert "in watchdog of rig" in caught.value.__notes__

    async def test_a_function_that_waits(self) -> None:
        async def wait() -> None:
            raise AssertionError("never called")

        async with virtual_stack(rig := Scripted()):
            with pytest.raises(TypeError, match="the function of 'watchdog' is a plain function"):
                rig.adapter.timer(wait, name="watchdog")


class TestPower:
    async def test_asleep_and_awake(self) -> None:
        rig = Scripted()
        rig.power = PnpCapabilities()
        async with virtual_stack(protocol := Listener(), rig) as stack:
            await stack.ndis.set_power(stack.adapter, PowerState.D3)
            assert (stack.link, rig.power_state) == ("low power", PowerState.D3)
            packet = protocol.packet()
            assert protocol.binding.send_nowait(packet) is NdisStatus.ADAPTER_NOT_READY
            protocol.binding.frames.free(packet)
            request = OidRequest(RequestType.QUERY_INFORMATION, Oid.GEN_LINK_SPEED, bytearray(4))
            assert protocol.binding.request_nowait(request) is PENDING, "it waits until the miniport is awake"
            with pytest.raises(RuleViolation, match="LIFE-18"):
                await stack.ndis.set_power(stack.adapter, PowerState.D1)
            await stack.ndis.set_power(stack.adapter, PowerState.D0)
            assert (stack.link, rig.power_state) == ("up", PowerState.D0)
            assert protocol.answered == [(request, SUCCESS)]
            assert protocol.events == [(PnpEvent.SET_POWER, PowerState.D3), (PnpEvent.SET_POWER, PowerState.D0)]
            with pytest.raises(RuleViolation, match="LIFE-18"):
                await stack.ndis.set_power(stack.adapter, PowerState.D0)
            assert len(protocol.events) == 2, "nobody was told"

    async def test_sends_are_waited_for(self) -> None:
        async with virtual_stack(protocol := Listener(), rig := Serialized()) as stack:
            answers = iter([PENDING, RESOURCES, RESOURCES])
            rig.answer = lambda _packet: next(answers)
            protocol.binding.send_packets([protocol.packet(0), protocol.packet(1)])
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(stack.ndis.set_power, stack.adapter, PowerState.D2)
                while stack.link != "low power":
                    await anyio.lowlevel.checkpoint()
                assert protocol.statuses_of_sends == [ABORTED]
                rig.complete()
            assert protocol.statuses_of_sends == [ABORTED, SUCCESS]
            protocol.free()

    async def test_a_send_that_is_never_completed(self) -> None:
        with pytest.raises(RuleViolation, match="SEND-02"):
            async with virtual_stack(protocol := Listener(), Scripted()) as stack:
                protocol.binding.send_packets([protocol.packet()])
                await stack.ndis.set_power(stack.adapter, PowerState.D3)
                assert protocol.statuses_of_sends == [ABORTED]
                protocol.free()

    async def test_it_may_not_fail(self) -> None:
        class Unable(Scripted):
            def set_information(self, oid: int, buffer: memoryview) -> Any:
                return FAILURE if oid == Oid.PNP_SET_POWER else super().set_information(oid, buffer)

        with pytest.raises(RuleViolation, match="answered OID_PNP_SET_POWER with FAILURE; it may not fail") as caught:
            async with virtual_stack(Unable()) as stack:
                await stack.ndis.set_power(stack.adapter, PowerState.D3)
        assert caught.value.rule == "OID-11"

    @pytest.mark.parametrize("attributes", [0, AdapterAttributes.NO_HALT_ON_SUSPEND])
    async def test_a_miniport_that_does_not_know_it(self, attributes: AdapterAttributes) -> None:
        class Old(Scripted):
            def set_information(self, oid: int, buffer: memoryview) -> Any:
                return NdisStatus.INVALID_OID if oid == Oid.PNP_SET_POWER else super().set_information(oid, buffer)

        Old.attributes = Scripted.attributes | attributes
        async with virtual_stack(Old()) as stack:
            await stack.ndis.set_power(stack.adapter, PowerState.D3)
            assert stack.link == "low power"

    @pytest.mark.parametrize("state", [9, None, "D3", -1, PowerState.UNSPECIFIED])
    async def test_a_state_that_is_none(self, state: Any) -> None:
        async with virtual_stack(Scripted()) as stack:
            with pytest.raises(ValueError, match=r"valid PowerState|one of D0 to D3"):
                await stack.ndis.set_power(stack.adapter, state)


class TestPause:
    async def test_it_waits_until_nothing_is_out(self) -> None:
        async with virtual_stack(protocol := Listener(promises=1), rig := Serialized()) as stack:
            answers = iter([PENDING, RESOURCES, SUCCESS])
            rig.answer = lambda _packet: next(answers)
            protocol.binding.send_packets([protocol.packet(0), protocol.packet(1)])
            rig.receive(frame(to=b"\xff" * 6))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(stack.ndis.pause, stack.adapter)
                await settle()
                assert stack.link == "pausing"
                rig.complete()
                assert protocol.statuses_of_sends == [SUCCESS, SUCCESS], "what was queued is still sent"
                await settle()
                assert stack.link == "pausing"
                protocol.give_back()
            assert stack.link == "paused"
            stack.ndis.resume(stack.adapter)
            assert protocol.statuses == [NdisStatus.MEDIA_CONNECT]
            assert stack.link == "up"
            protocol.free()

    @pytest.mark.parametrize("how", ["resume", "halt"])
    async def test_something_else_comes_in_between(self, how: str) -> None:
        async with virtual_stack(protocol := Listener(), rig := Scripted()) as stack:
            protocol.binding.send_packets([protocol.packet()])
            binding = protocol.binding
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(stack.ndis.pause, stack.adapter)
                await settle()
                if how == "resume":
                    stack.ndis.resume(stack.adapter)
                else:
                    tasks.start_soon(stack.ndis.halt_adapter, stack.adapter)
                    rig.complete()
            assert stack.link == ("up" if how == "resume" else "halted")
            if how == "resume":
                rig.complete()
            binding.frames.free(protocol.completed.pop()[0])

    async def test_disconnected_meanwhile(self) -> None:
        async with virtual_stack(protocol := Listener(), rig := Scripted()) as stack:
            await stack.ndis.pause(stack.adapter)
            rig.adapter.indicate_link(up=False)
            stack.ndis.resume(stack.adapter)
            assert protocol.statuses == [NdisStatus.MEDIA_DISCONNECT] * 2


class TestRemoval:
    @pytest.mark.parametrize("by_miniport", [False, True])
    async def test_protocols_are_unbound_and_the_adapter_is_halted(self, by_miniport: bool) -> None:
        class Watching(Serialized):
            events: list[DevicePnpEvent]

            def pnp_event(self, event: DevicePnpEvent, data: bytes = b"") -> None:
                self.events.append(event)
                self.complete(status=FAILURE)

        rig = Watching()
        rig.events = []
        async with virtual_stack(protocol := Listener(), rig) as stack:
            answers = iter([PENDING, RESOURCES])
            rig.answer = lambda _packet: next(answers)
            protocol.binding.send_packets([protocol.packet(0), protocol.packet(1)])
            binding = protocol.binding
            if by_miniport:
                rig.adapter.remove()
                packet = protocol.packet()
                assert binding.send_nowait(packet) is NdisStatus.ADAPTER_REMOVED
                binding.frames.free(packet)
                with pytest.raises(RuleViolation, match="LIFE-18"):
                    rig.adapter.remove()
                await stack.adapter.until(lambda: stack.adapter.state is AdapterState.HALTED)
            else:
                await stack.ndis.surprise_remove(stack.adapter)
            assert rig.events == [DevicePnpEvent.SURPRISE_REMOVED]
            assert sorted(protocol.statuses_of_sends) == sorted([FAILURE, ABORTED])
            assert stack.link == "halted"
            assert protocol.bindings == []
            for packet, _ in protocol.completed:
                binding.frames.free(packet)

    async def test_while_the_stack_ends(self) -> None:
        async with virtual_stack(Listener(), rig := Scripted()):
            rig.adapter.remove()
        assert rig.adapter.state is AdapterState.HALTED

    async def test_a_handler_that_hangs(self) -> None:
        class Stuck(Scripted):
            async def pnp_event(self, event: DevicePnpEvent, data: bytes = b"") -> None:
                await anyio.sleep_forever()

        async with virtual_stack(Listener(), rig := Stuck()):
            rig.adapter.remove()
            await settle()
        assert rig.adapter.state is AdapterState.HALTED


class TestShutdown:
    @pytest.mark.parametrize("registered", [False, True])
    async def test_each_miniport_only_stops_its_nic(self, registered: bool) -> None:
        class Stopping(Scripted):
            async def initialize(self, adapter: Adapter) -> None:
                await super().initialize(adapter)
                self.calls: list[object] = []
                if registered:
                    adapter.register_shutdown_handler(self.calls.append, "registered")

            def shutdown(self) -> None:
                self.calls.append("characteristics")

            async def halt(self) -> None:
                raise AssertionError("never called")

        async with virtual_stack(protocol := Listener(), rig := Stopping()) as stack:
            stack.ndis.shut_down()
            stack.ndis.shut_down()
            assert rig.calls == ["registered" if registered else "characteristics"]
            assert stack.link == "shut down"
            packet = protocol.packet()
            assert protocol.binding.send_nowait(packet) is CLOSING
            protocol.binding.frames.free(packet)
        assert rig.adapter.state is AdapterState.SHUT_DOWN
        assert rig.frames.closed

    async def test_whoever_waits_is_told(self) -> None:
        async with virtual_stack(rig := Scripted()) as stack:
            rig.reset_answer = PENDING
            async with anyio.create_task_group() as tasks:

                async def reset() -> None:
                    with pytest.raises(NdisError, match="REQUEST_ABORTED"):
                        await stack.reset()

                tasks.start_soon(reset)
                await settle()
                stack.ndis.shut_down()

    async def test_a_handler_that_raises(self) -> None:
        class Failing(Scripted):
            def shutdown(self) -> None:
                raise ValueError("oops")

        with pytest.raises(ValueError, match="oops") as caught:
            async with virtual_stack(Failing()) as stack:
                stack.ndis.shut_down()
        assert "in MiniportShutdown of rig" in caught.value.__notes__


async def test_a_library_serves_one_block() -> None:
    ndis = Ndis(name="once")
    with pytest.raises(NdisError, match="not open"):
        await ndis.add_adapter(Scripted())
    async with ndis:
        pass
    with pytest.raises(RuntimeError, match="serves one block only"):
        async with ndis:
            pass
    with pytest.raises(NdisError, match="not open"):
        ndis.register_protocol(Listener())


async def test_a_stack_of_nothing() -> None:
    wrong: Any = (
        ((), ValueError),
        ((Listener(),), ValueError),
        ((Scripted(), Listener()), TypeError),
        (("x",), TypeError),
    )
    for layers, error in wrong:
        with pytest.raises(error):
            async with open_stack(*layers):
                pass
    with pytest.raises(ValueError, match="cannot drive 2 pieces of hardware"):
        async with open_stack(Scripted(), nic=(1, 2)):
            pass
