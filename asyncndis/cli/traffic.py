"""The first half of the demo: two machines talk for a while, one calls, the other answers."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from rich.console import Console
from rich.text import Text

from asyncndis.drivers import Echo
from asyncndis.ndis.snapshots import StackView, snapshot

from .figures import bits_per_second
from .machines import Caller, Machines, open_machines, watch

__all__ = ["Traffic", "glimpse", "talk"]

_RATE = 4_000_000
_GLIMPSE_SECONDS = 0.3


@dataclass(frozen=True)
class Traffic:
    """What became of a talk; rates are those of the frames sent."""

    seconds: float
    frames_sent: int
    frames_answered: int
    frames_per_second: float
    bits_per_second: float
    shaped_to: int
    round_trip_ms: float
    longest_round_trip_ms: float
    pool: int
    pool_high_water: int
    waits: int
    interrupts: int


class Answerer(Echo):
    """An echo that is never short of answers: more may be out than a caller has frames."""

    frame_count = 256


async def talk(seconds: float, ring: int, console: Console) -> Traffic:
    """Let two machines talk, and show them meanwhile.

    :param seconds: how long
    :param ring: descriptors of each ring, and of the caller's pool
    :param console: where to show them, if it is a terminal
    """
    caller = Caller(ring)
    async with _talking(caller, ring) as machines:
        started = time.perf_counter()
        headline = Text.assemble(
            ("two machines on a wire", "bold"), f", the shaper lets {bits_per_second(_RATE)} through"
        )
        with anyio.move_on_after(seconds):
            await watch(console, machines, lambda: headline)
            await anyio.sleep_forever()
        took = time.perf_counter() - started
        frames, octets = caller.sent, caller.bytes  # what is still on the way is waited for, and takes no part
        pool = caller.binding.frames.statistics()
        view = snapshot(machines.left)
    middle, longest = caller.round_trip
    return Traffic(
        seconds=took,
        frames_sent=caller.sent,
        frames_answered=caller.answered,
        frames_per_second=frames / took,
        bits_per_second=8 * octets / took,
        shaped_to=_RATE,
        round_trip_ms=middle * 1000,
        longest_round_trip_ms=longest * 1000,
        pool=pool.capacity,
        pool_high_water=pool.max_outstanding,
        waits=pool.delayed,
        interrupts=sum(one["fired"] for adapter in view["adapters"] for one in adapter["interrupts"]),
    )


async def glimpse(ring: int) -> list[StackView]:
    """Look at two machines in the middle of their talk, with details."""
    async with _talking(Caller(ring), ring) as machines:
        await anyio.sleep(_GLIMPSE_SECONDS)
        return [snapshot(stack, details=True) for stack in machines.stacks]


@asynccontextmanager
async def _talking(caller: Caller, ring: int) -> AsyncGenerator[Machines]:
    async with open_machines(caller, Answerer(name="Echo"), rate=_RATE, ring=ring) as machines:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(caller.call, machines.right.binding.address, name="Caller")
            yield machines
            tasks.cancel_scope.cancel()
        await machines.settle()
