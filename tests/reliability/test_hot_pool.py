"""A task that is served at every turn of the loop can be cancelled all the same, and holds nothing afterwards."""

from collections.abc import Awaitable, Callable

import anyio
import pytest
from anyio.lowlevel import checkpoint

from asyncndis.memory import Buffer, BufferPool, Packet, PacketPool
from tests.support.loops import LOOPS, run_on

TURNS = 10_000  # far more than a task needs that can be cancelled, and a bound for one that cannot


async def served_until_cancelled(take: Callable[[], Awaitable[list[Buffer] | list[Packet]]]) -> bool:
    """Whether a scope ended a task that never waits for longer than one turn of the loop."""
    out: list[Buffer | Packet] = []
    turns = 0

    async def produce(scope: anyio.CancelScope) -> None:
        with scope:
            while turns < TURNS:
                out.extend(await take())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(produce, scope := anyio.CancelScope())
        for _ in range(100):
            await checkpoint()
            while out:
                out.pop().free()
        scope.cancel()
        while turns < TURNS and not scope.cancelled_caught:
            turns += 1
            while out:
                out.pop().free()
            await checkpoint()
        while out:
            out.pop().free()
    return turns < TURNS


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("kind", ["buffer", "buffers in bulk", "packet"])
def test_a_hot_pool_lets_its_tasks_go(loop: str, kind: str) -> None:
    async def main() -> None:
        async with BufferPool.create(4) as buffers, PacketPool.create(4) as packets:

            async def take() -> list[Buffer] | list[Packet]:
                if kind == "packet":
                    return [await packets.allocate()]
                return [await buffers.allocate()] if kind == "buffer" else await buffers.allocate_many(4)

            assert await served_until_cancelled(take)
            assert (buffers.outstanding, buffers.statistics().in_hand, packets.outstanding) == (0, 0, 0)

    run_on(loop, main)
