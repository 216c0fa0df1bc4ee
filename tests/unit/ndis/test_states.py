"""The tables of adapters, bindings, resets and requests: a real stack takes each edge, and no other is legal."""

from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from enum import Enum
from itertools import product
from typing import Any

import anyio
import pytest
from anyio.abc import TaskGroup

from asyncndis.base import IllegalTransition, NdisError, NdisStatus, TransitionTable
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.memory import Packet
from asyncndis.ndis import (
    ADAPTER_STATES,
    BINDING_STATES,
    REQUEST_STATES,
    RESET_STATES,
    Adapter,
    Ndis,
    OidRequest,
    PnpCapabilities,
    PowerState,
    Protocol,
    RequestType,
    Stack,
)
from asyncndis.ndis.starting import start_adapter
from tests.support.loops import settle
from tests.support.scripted import Listener, Scripted, frame, virtual_stack

TABLES: list[TransitionTable[Any, Any]] = [ADAPTER_STATES, BINDING_STATES, RESET_STATES, REQUEST_STATES]
PENDING, SUCCESS = NdisStatus.PENDING, NdisStatus.SUCCESS
SLOW = 0xFF01_0203
LATER = 0xFF01_0204
Command = Callable[["Life"], Coroutine[Any, Any, None]]


def members_of(one: Enum) -> list[Enum]:
    """All members of the enumeration that one of them belongs to."""
    return list(type(one))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_edge_and_every_non_edge(table: TransitionTable[Any, Any]) -> None:
    edges = list(table)
    states = {before for before, _, _ in edges} | {after for _, _, after in edges}
    events = {event for _, event, _ in edges}
    legal = {(before, event): after for before, event, after in edges}
    every_state, every_event = members_of(table.initial), members_of(next(iter(events)))
    for state, event in product(every_state, every_event):
        if (state, event) in legal:
            assert table.after(state, event) is legal[state, event]
        else:
            with pytest.raises(IllegalTransition) as caught:
                table.after(state, event)
            assert caught.value.rule == table.rule
    assert states == set(every_state), "no state is out of reach"


class Rig(Scripted):
    """Answers two OIDs of a vendor late; sleeps when it is told to."""

    power = PnpCapabilities()
    starts: Any = SUCCESS

    async def initialize(self, adapter: Adapter) -> Any:
        await super().initialize(adapter)
        return self.starts

    def query_information(self, oid: int, buffer: memoryview) -> Any:
        return PENDING if oid in (SLOW, LATER) else super().query_information(oid, buffer)


@contextmanager
def taken_edges(monkeypatch: pytest.MonkeyPatch) -> Generator[set[tuple[str, Any, Any]]]:
    """Which edges are taken, by the name of their table."""
    edges: set[tuple[str, Any, Any]] = set()
    after: Callable[..., Any] = vars(TransitionTable)["after"]

    def note(table: TransitionTable[Any, Any], state: Any, event: Any) -> Any:
        result = after(table, state, event)
        edges.add((table.name, state, event))
        return result

    with monkeypatch.context() as patch:
        patch.setattr(TransitionTable, "after", note)
        yield edges


class Life:
    """One life of a stack, command by command."""

    def __init__(self, stack: Stack, rig: Rig, protocol: Listener, tasks: TaskGroup) -> None:
        self.ndis, self.adapter, self.binding = stack.ndis, stack.adapter, protocol.binding
        self.rig, self.protocol, self.tasks = rig, protocol, tasks
        protocol.on_completion = lambda packet, _: self.binding.frames.free(packet)

    async def reset(self) -> None:
        self.rig.reset_answer = SUCCESS, True
        await self.ndis.reset(self.adapter)

    async def begin_reset(self) -> None:
        self.rig.reset_answer = PENDING
        assert self.adapter.resets.begin() is PENDING

    async def begin_waiting_reset(self) -> None:
        """The handler has not begun when the next command comes."""
        gate = self.adapter.gate
        gate.serialized = gate.busy = True
        self.adapter.resets.begin()
        gate.serialized = gate.busy = False

    async def end_reset(self) -> None:
        self.adapter.reset_complete()

    async def begin_pause(self) -> None:
        self.binding.send_packets([self.protocol.packet()])
        self.tasks.start_soon(self.ndis.pause, self.adapter)
        await settle()

    async def quiet(self) -> None:
        self.rig.complete()
        await settle()

    async def resume(self) -> None:
        self.ndis.resume(self.adapter)

    async def sleep(self) -> None:
        await self.ndis.set_power(self.adapter, PowerState.D3)

    async def wake(self) -> None:
        await self.ndis.set_power(self.adapter, PowerState.D0)

    async def ask(self) -> None:
        for oid in (SLOW, LATER):
            self.binding.request_nowait(OidRequest(RequestType.QUERY_INFORMATION, oid, bytearray(4)))

    async def answer(self) -> None:
        self.adapter.query_complete(SUCCESS)

    async def remove(self) -> None:
        await self.ndis.surprise_remove(self.adapter)

    async def halt(self) -> None:
        await self.ndis.halt_adapter(self.adapter)

    async def shut_down(self) -> None:
        self.ndis.shut_down()

    async def start_again(self) -> None:
        await start_adapter(self.ndis, self.adapter)


async def live(commands: tuple[Command, ...]) -> None:
    rig, protocol = Rig(), Listener()
    async with virtual_stack(protocol, rig) as stack, anyio.create_task_group() as tasks:
        life = Life(stack, rig, protocol, tasks)
        for command in commands:
            await command(life)
        rig.complete()


ENDS: list[Command] = [Life.remove, Life.halt, Life.shut_down]
LIVES: list[tuple[Command, ...]] = [
    (Life.reset, Life.ask, Life.answer, Life.answer, Life.ask, Life.reset),
    (Life.begin_reset, Life.end_reset),
    *((Life.begin_reset, end) for end in ENDS),
    (Life.begin_waiting_reset, Life.halt),
    *((Life.begin_pause, Life.quiet, end) for end in (Life.resume, *ENDS)),
    (Life.begin_pause, Life.resume, Life.quiet),
    *((Life.sleep, end) for end in (Life.wake, *ENDS)),
    *((end,) for end in ENDS),
    (Life.halt, Life.start_again),
]


@pytest.mark.every_loop
async def test_every_edge_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with taken_edges(monkeypatch) as edges:
        for commands in LIVES:
            await live(commands)
        await fail_to_start()
        await fail_to_open()
        for end in ENDS:
            await end_while_pausing(end)
    wanted = {(table.name, state, event) for table in TABLES for state, event, _ in table}
    assert wanted - edges == set()


async def end_while_pausing(end: Command) -> None:
    """With a packet on its way home, which no binding has any more."""

    class Slow(Rig):
        go: anyio.Event

        async def return_packet(self, packet: Packet) -> None:  # type: ignore[override]  # handlers are either
            await self.go.wait()
            Rig.return_packet(self, packet)

    rig, protocol = Slow(), Listener()
    rig.go = anyio.Event()
    async with virtual_stack(protocol, rig) as stack, anyio.create_task_group() as tasks:
        life = Life(stack, rig, protocol, tasks)
        rig.receive(frame(to=b"\xff" * 6))
        tasks.start_soon(stack.ndis.pause, stack.adapter)
        await settle()
        tasks.start_soon(end, life)
        await stack.adapter.until(lambda: stack.link != "pausing")
        rig.go.set()


async def fail_to_start() -> None:
    """And then start all the same."""
    rig = Rig()
    rig.starts = NdisStatus.FAILURE
    with use_clock(VirtualClock()):
        async with Ndis() as ndis:
            with pytest.raises(NdisError):
                await ndis.add_adapter(rig)
            rig.starts = SUCCESS
            await start_adapter(ndis, rig.adapter)
            assert rig.adapter.state.value == "running"


async def fail_to_open() -> None:
    class Demanding(Protocol):
        async def bind_adapter(self, bind: Any) -> Any:
            await bind.open(media=())

    with pytest.raises(NdisError, match="none of its media"):
        async with virtual_stack(Demanding(), Rig()):
            pass
