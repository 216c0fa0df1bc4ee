"""The price of a frame: what it costs the processor to take 1500 bytes from one TAP and give them to another.

The queue of the one is filled first, by a socket in its namespace, which is not timed. What is timed is emptying it;
where the frame goes nobody wants it. So neither the rest of the kernel nor the scheduler has a part in it.
"""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
    suppress,
)
from dataclasses import replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from time import process_time
from typing import Any

from asyncndis.drivers import Bridge, PortMiniport
from asyncndis.ndis import open_stack
from asyncndis.real import open_port
from benchmarks.harness import Effort, Sample, Turns, take_turns
from benchmarks.results import Row, at_least

from .places import inside, ip, lack, namespaces, socket_in
from .taps import bare_tap, carry_batch, pytuntap, scapy_tap

__all__ = ["SIDES", "Carry", "Opener", "frames", "sample_of"]

OURS, OFFLOADING = "two TAP miniports, bridged", "the same with offload headers"
BARE, PYTUNTAP = "a bare loop in batches", "python-pytuntap"
SCAPY, SCAPY_AS_IT_IS = "scapy, dissecting nothing", "scapy as it is"
_FRAME = (
    bytes.fromhex("020000000002 020000000001 0800")
    + bytes.fromhex("450005dc 00014000 40060000 0a090001 0a090002")
    + bytes.fromhex("13881389 00000001 00000001 50100200 00000000")
    + bytes(1460)
)

Carry = Callable[[int], Awaitable[object]]
"""Carries so many frames, which wait, from one TAP to the other."""

Opener = Callable[[str, str], AbstractAsyncContextManager[Carry]]
"""Opens TAPs called ``a`` and ``b``, in one namespace each."""


def frames(effort: Effort) -> Iterator[Row]:
    """A frame from TAP to TAP."""
    reason = lack()
    turns = Turns({}) if reason else asyncio.run(_measure(effort))
    rows = [
        turns.speed(OURS, OURS, BARE, at_least(0.67, 0.85)),
        turns.speed(OURS, OURS, PYTUNTAP, at_least(1)),
        turns.speed(OURS, OURS, SCAPY, at_least(40)),
        turns.speed(OURS, OURS, SCAPY_AS_IT_IS, None),
        turns.speed("that bare loop", BARE, SCAPY, None),
        turns.speed(OFFLOADING, OFFLOADING, BARE, None),
    ]
    for row in rows:
        yield replace(row, note=reason or row.note)


async def _measure(effort: Effort) -> Turns:
    async with AsyncExitStack() as stack:
        samples: dict[str, Sample] = {}
        for name, (opener, package) in SIDES.items():
            if find_spec(package) is not None:
                left, right = stack.enter_context(namespaces(2))
                carry = await stack.enter_async_context(opener(left, right))
                ip("-n", left, "link", "set", "dev", "a", "up")
                ip("-n", right, "link", "set", "dev", "b", "up")
                samples[name] = stack.enter_context(sample_of(carry, left))
        return await take_turns(samples, max(3, effort.rounds // 4))


@contextmanager
def sample_of(carry: Carry, left: str, count: int = 512) -> Generator[Sample]:
    """What a frame costs; ``count`` of them wait at once, and a TAP has room for a thousand."""
    with socket_in(left, socket.AF_PACKET, socket.SOCK_RAW, 0) as sender:
        sender.bind(("a", 0))

        async def sample() -> float:
            taken = 0.0
            for _ in range(2):  # the first finds the caches of the processor as another side has left them
                for _ in range(count):
                    sender.send(_FRAME)
                started = process_time()
                await carry(count)
                taken = process_time() - started
            return taken / count

        yield sample


@asynccontextmanager
async def _ours(left: str, right: str, options: str = "plain") -> AsyncGenerator[Carry]:
    with ExitStack() as opened:
        one = opened.enter_context(closing(open_port(f"tap:a@{left},{options}")))
        other = opened.enter_context(closing(open_port(f"tap:b@{right},{options}")))
        drivers = PortMiniport(unfinished=True, name="a"), PortMiniport(unfinished=True, name="b")
        async with open_stack(Bridge(), drivers, nic=(one, other)):

            async def carry(count: int) -> None:
                wanted = other.statistics().sent_frames + count
                while other.statistics().sent_frames < wanted:  # noqa: ASYNC110 - the loop only has to turn
                    await asyncio.sleep(0)

            yield carry


@asynccontextmanager
async def _bare(left: str, right: str) -> AsyncGenerator[Carry]:
    descriptors = [_made(bare_tap, left, "a"), _made(bare_tap, right, "b")]
    loop = asyncio.get_running_loop()
    carried = 0

    def carry_some() -> None:
        nonlocal carried
        carried += carry_batch(*descriptors)

    async def carry(count: int) -> None:
        wanted = carried + count
        while carried < wanted:  # noqa: ASYNC110 - the loop only has to turn
            await asyncio.sleep(0)

    loop.add_reader(descriptors[0], carry_some)
    try:
        yield carry
    finally:
        loop.remove_reader(descriptors[0])
        for descriptor in descriptors:
            os.close(descriptor)


@asynccontextmanager
async def _pytuntap(left: str, right: str) -> AsyncGenerator[Carry]:
    source, target = _made(pytuntap, left, "a"), _made(pytuntap, right, "b")

    async def carry(count: int) -> None:
        for _ in range(count):
            target.write(source.read(2048))

    try:
        yield carry
    finally:
        for tap in (source, target):
            with suppress(Exception):  # it complains that it has no address
                tap.close()


@asynccontextmanager
async def _scapy(left: str, right: str, *, dissects: bool = False) -> AsyncGenerator[Carry]:
    tap = partial(scapy_tap, dissects=dissects)
    source, target = _made(tap, left, "a"), _made(tap, right, "b")

    async def carry(count: int) -> None:
        import_module("scapy.all").bridge_and_sniff(source, target, store=False, count=count)

    try:
        yield carry
    finally:
        source.close()
        target.close()


def _made(tap: Callable[[str], Any], place: str, device: str) -> Any:
    with inside(place):
        return tap(device)


SIDES: Mapping[str, tuple[Opener, str]] = {
    OURS: (_ours, "asyncndis"),
    OFFLOADING: (partial(_ours, options="vnet"), "asyncndis"),
    BARE: (_bare, "asyncio"),
    PYTUNTAP: (_pytuntap, "tuntap"),
    SCAPY: (_scapy, "scapy"),
    SCAPY_AS_IT_IS: (partial(_scapy, dissects=True), "scapy"),
}
"""Who is compared, and the package that each needs."""
