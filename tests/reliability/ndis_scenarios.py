"""What tasks do with the public coroutines of the NDIS library, as scenarios to be cancelled at every await.

A world is an open stack of drivers whose handlers wait: a protocol, an intermediate driver, a miniport. After each run
it is at rest, and ends without a word.
"""

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import Any

from anyio.lowlevel import checkpoint

from asyncndis.base import NdisError, NdisStatus, RuleViolation
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.memory import Packet
from asyncndis.ndis import (
    Adapter,
    AdapterState,
    BindContext,
    Binding,
    Driver,
    FramePool,
    Intermediate,
    LayeredMiniport,
    Miniport,
    MiniportCharacteristics,
    Ndis,
    NetPnpEvent,
    Oid,
    OidRequest,
    PacketFilter,
    PnpCapabilities,
    PnpEvent,
    PowerState,
    Protocol,
    Recognized,
    RegisteredProtocol,
    RequestType,
    Stack,
    UnbindContext,
    open_stack,
)
from tests.reliability.scenarios import bare_and_observed, nobody
from tests.support.cancelling import Scenario
from tests.support.loops import settle
from tests.support.scripted import frame

__all__ = ["NDIS_SCENARIOS"]

SUCCESS = NdisStatus.SUCCESS
QUIET = (AdapterState.RUNNING, AdapterState.PAUSED, AdapterState.LOW_POWER, AdapterState.HALTED)


class Slow(Miniport):
    """A miniport that takes its time for everything, once it is asked to."""

    power = PnpCapabilities()
    is_slow = False

    async def initialize(self, adapter: Adapter) -> None:
        self.frames = await adapter.allocate_frames(4)
        await adapter.allocate_buffers(4)
        await adapter.allocate_packets(4)
        self.interrupt = adapter.register_interrupt(lambda: False)
        await checkpoint()

    def isr(self) -> Recognized:
        return Recognized(interrupt_recognized=True, queue_handle_interrupt=True)

    def handle_interrupt(self) -> None:
        pass

    async def send(self, packet: Packet) -> NdisStatus:
        await checkpoint()
        return SUCCESS

    async def query_information(self, oid: int, buffer: memoryview) -> Any:
        if self.is_slow:
            await checkpoint()
        return Miniport.query_information(self, oid, buffer)

    async def set_information(self, oid: int, buffer: memoryview) -> Any:
        if self.is_slow:
            await checkpoint()
        return Miniport.set_information(self, oid, buffer)

    async def reset(self) -> NdisStatus:
        await checkpoint()
        return SUCCESS

    def receive(self) -> None:
        self.adapter.indicate(self.frames.allocate_nowait(frame(to=b"\xff" * 6)))

    async def return_packet(self, packet: Packet) -> None:
        await checkpoint()
        self.frames.free(packet)


class Talker(Protocol):
    """A protocol whose handlers wait."""

    async def bind(self, binding: Binding) -> None:
        await checkpoint()

    async def receive(self, binding: Binding, packet: Packet) -> None:
        await checkpoint()


class World:
    """A stack that is open; it is entered here, and left by the check."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.opened = AsyncExitStack()
        self.talker, self.between, self.slow = Talker(), Intermediate(name="between"), Slow(name="slow")
        self.stack: Stack

    @property
    def ndis(self) -> Ndis:
        return self.stack.ndis

    @property
    def lowest(self) -> Adapter:
        return self.stack.adapter

    @property
    def binding(self) -> Binding:
        return self.stack.binding

    def __repr__(self) -> str:
        return "<World>"


async def open_world() -> World:
    world = World()
    world.opened.enter_context(use_clock(world.clock))
    drivers = (world.talker, world.between, world.slow)
    world.stack = await world.opened.enter_async_context(open_stack(*drivers))
    world.slow.is_slow = True
    return world


async def check_world(world: World) -> None:
    """Whatever was interrupted: the stack comes to rest, and does what it did before, if it is not halted."""
    await settle()
    for adapter in world.ndis.adapters:
        if adapter.state is AdapterState.PAUSED:
            world.ndis.resume(adapter)
    for adapter in world.ndis.adapters:
        if adapter.state is AdapterState.LOW_POWER:
            await world.ndis.set_power(adapter, PowerState.D0)
    await world.stack.run_until_idle()
    assert all(adapter.state in QUIET for adapter in world.stack.adapters), world.stack.adapters
    if world.binding.is_open and world.lowest.state is AdapterState.RUNNING:
        assert await world.binding.send_frame(frame()) is SUCCESS
        assert await world.binding.query(Oid.GEN_LINK_SPEED) == world.slow.link_speed
    bindings = list(world.ndis.bindings)
    await world.opened.aclose()
    assert (world.ndis.adapters, world.ndis.bindings) == ([], [])
    assert all(binding.frames.outstanding == 0 for binding in [*bindings, *world.stack.bindings])
    assert world.slow.frames.outstanding == 0


async def send(world: World) -> None:
    async with world.binding.frames.borrow(frame()) as packet:
        await world.binding.send(packet)


async def send_frames(world: World) -> None:
    for number in range(2):
        await world.binding.send_frame(frame(number))


async def ask(world: World) -> None:
    await world.binding.query(Oid.GEN_LINK_SPEED)
    await world.binding.set(Oid.GEN_CURRENT_LOOKAHEAD, 300)
    await world.binding.set_filter(PacketFilter.DIRECTED)
    await world.binding.request(OidRequest(RequestType.QUERY_INFORMATION, Oid.GEN_XMIT_OK, bytearray(8)))


async def ask_as_ndis(world: World) -> None:
    await world.ndis.submit(world.lowest, OidRequest(RequestType.QUERY_INFORMATION, Oid.GEN_XMIT_OK, bytearray(8)))


async def reset(world: World) -> None:
    with suppress(NdisError):  # one that was cancelled is under way
        await world.binding.reset()
        await world.stack.reset()
        await world.ndis.reset(world.lowest)


async def reset_between(world: World) -> None:
    await world.between.reset()


async def receive_and_rest(world: World) -> None:
    world.slow.receive()
    await world.stack.run_until_idle()
    world.slow.receive()
    await world.lowest.wait_for_returns()
    world.slow.receive()
    await world.lowest.until(lambda: not world.lowest.receives.lent)
    world.slow.receive()
    assert await world.lowest.until_patience_ends(lambda: not world.lowest.receives.lent)


async def pause(world: World) -> None:
    world.slow.receive()
    await world.ndis.pause(world.lowest)


async def sleep_and_wake(world: World) -> None:
    await world.ndis.set_power(world.lowest, PowerState.D3)
    await world.ndis.set_power(world.lowest, PowerState.D0)


async def close(world: World) -> None:
    await world.binding.close()


async def close_by_library(world: World) -> None:
    await world.ndis.close_binding(world.binding)


async def begin_close(world: World) -> None:
    await world.binding.begin_close()


async def unbind(world: World) -> None:
    await world.ndis.unbind(world.binding)


async def unbind_by_itself(world: World) -> None:
    await world.talker.unbind_adapter(world.binding)


async def halt(world: World) -> None:
    await world.ndis.halt_adapter(world.lowest)


async def remove(world: World) -> None:
    await world.ndis.surprise_remove(world.lowest)


class Quick(Miniport):
    """A miniport that needs no time."""

    def send(self, packet: Packet) -> NdisStatus:
        return SUCCESS


async def add(world: World) -> None:
    """One more of everything, beside what is there."""
    adapter = await world.ndis.add_adapter(Quick(name="another"))
    virtual = await world.ndis.add_intermediate(Intermediate(name="over another"), (adapter,))
    binding = await world.ndis.bind(world.ndis.register_protocol(Talker(name="another talker")), virtual)
    await binding.send_frame(frame())
    await world.ndis.unbind(binding)
    await world.ndis.halt_adapter(adapter)


class Filtering(Intermediate):
    """An intermediate driver that wants frames of its own."""

    lower_filter = PacketFilter.BROADCAST


async def start_slowly(world: World) -> None:
    adapter = await world.ndis.add_adapter(Slow(name="another"))
    await world.ndis.add_intermediate(Filtering(name="over another"), (adapter,))
    await adapter.claims.release_all()


async def bind_by_itself(world: World) -> None:
    """What happens in a bind, where the handler answers PENDING."""

    class Late(Talker):
        async def bind_adapter(self, bind: BindContext) -> Any:
            world.ndis.group.start_soon(self.finish, bind)
            return NdisStatus.PENDING

        async def finish(self, bind: BindContext) -> None:
            with suppress(NdisError, RuleViolation):  # nobody waits for it any more
                await Protocol.bind_adapter(self, bind)
            bind.complete(SUCCESS)

    binding = await world.ndis.bind(world.ndis.register_protocol(Late(name="late")), world.stack.top)
    await world.ndis.unbind(binding)


async def unbind_between(world: World) -> None:
    await world.between.unbind_adapter(world.between.below)


async def call_handlers(world: World) -> None:
    """What the library calls in tasks of its own."""
    world.slow.interrupt.fire()
    await world.slow.interrupt.deregister()
    await world.lowest.forget_loopback()
    await world.slow.halt()


async def complete_later(world: World) -> None:
    event = NetPnpEvent(world.binding, PnpEvent.QUERY_POWER, None)

    async def complete() -> None:
        event.complete(SUCCESS)

    world.ndis.group.start_soon(complete)
    await event.answer()
    assert not await UnbindContext(world.binding).wait_patiently(world.clock, 0.01)


async def load_drivers(_world: World) -> None:
    """A machine of its own, with drivers that are loaded."""

    class Beginning(Talker):
        async def bind_adapter(self, bind: BindContext) -> None:
            _, binding, _ = await registered[0].begin_open(bind.device_name, None)
            self.bindings.append(binding)

    registered: list[RegisteredProtocol] = []
    layered: list[LayeredMiniport] = []

    def entry(driver: Driver, _path: str) -> NdisStatus:
        driver.initialize_wrapper().register_miniport(handlers("raw"))
        registered.append(driver.ndis.register_protocol(Beginning(name="beginning")))
        return SUCCESS

    def upper(driver: Driver, _path: str) -> NdisStatus:
        layered.append(driver.initialize_wrapper().register_layered_miniport(handlers("upper")))
        return SUCCESS

    async with Ndis() as ndis:
        driver = await Driver.load(ndis, entry, name="raw")
        await driver.add_device()
        await registered[0].enumerate_bindings()
        await Driver.load(ndis, upper, name="upper")
        await layered[0].initialize_device("virtual")
        await registered[0].deregister()
        await driver.unload()
        await ndis.unload_all()


def handlers(name: str) -> MiniportCharacteristics:
    start = Quick.characteristics(name).initialize
    assert start is not None

    async def initialize(_device: object, adapter: Adapter) -> Any:
        return await start(Quick(name=name), adapter)

    return replace(Quick.characteristics(name), initialize=initialize)


async def frames(_world: World) -> None:
    async with FramePool.create(1) as pool:
        packet = await pool.allocate(frame())
        pool.free(packet)
        async with pool.borrow(frame()):
            await checkpoint()
    other = await FramePool.create(2)
    await other.aclose()


async def no_world() -> list[Stack]:
    return []


async def open_and_end(opened: list[Stack]) -> None:
    slow = Slow(name="slow")  # but not to answer what NDIS asks at the start
    with use_clock(VirtualClock()):
        async with open_stack(Talker(), Intermediate(name="between"), slow) as stack:
            opened.append(stack)
            slow.receive()
            await stack.binding.send_frame(frame())


async def check_ended(opened: list[Stack]) -> None:
    await settle()
    for stack in opened:
        assert (stack.ndis.adapters, stack.ndis.bindings) == ([], [])
        assert all(binding.frames.outstanding == 0 for binding in stack.bindings)
        assert all(adapter.claims.live() == [] for adapter in stack.adapters)


ACTS: list[Callable[[World], Coroutine[Any, Any, object]]] = [
    send, send_frames, ask, ask_as_ndis, reset, reset_between, receive_and_rest, pause, sleep_and_wake, close,
    close_by_library, begin_close, unbind, unbind_by_itself, halt, remove, add, start_slowly, bind_by_itself,
    unbind_between, frames, call_handlers, complete_later, load_drivers,
]  # fmt: skip

NDIS_SCENARIOS: list[Scenario[Any]] = [
    *bare_and_observed(open_world, ACTS, nobody, check_world),
    *bare_and_observed(no_world, [open_and_end], nobody, check_ended),
]
