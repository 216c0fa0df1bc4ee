"""Nobody is overtaken, whoever gives up on the way; and nobody who does not line up gets anything."""

from random import Random

import anyio
import pytest

from asyncndis.base import PoolExhausted
from asyncndis.memory import BufferPool
from tests.support.loops import LOOPS, run_on, settle
from tests.support.worlds import assert_pool_at_rest


@pytest.mark.parametrize("most", [1, 4])
@pytest.mark.parametrize("loop", LOOPS)
def test_nobody_is_overtaken(loop: str, most: int) -> None:
    """Waiters come and give up as the dice say; whenever something is freed, the first of those left are next."""

    async def line_up() -> None:
        dice, pool = Random(most), await BufferPool.create(4)
        out = await pool.allocate_many(4)
        line: dict[int, anyio.CancelScope] = {}
        served: list[int] = []
        overtaken = total = 0

        async def wait(number: int, scope: anyio.CancelScope) -> None:
            with scope:
                out.extend(await pool.allocate_many(dice.randint(1, most)))
                served.append(number)

        async with anyio.create_task_group() as tasks:
            for number in range(600):
                line[number] = anyio.CancelScope()
                tasks.start_soon(wait, number, line[number])
                await settle()
                if number % 5 == 0:
                    line.pop(dice.choice([*line])).cancel()
                if out and len(line) > dice.randint(0, 30):
                    out.pop(0).free()
                    with pytest.raises(PoolExhausted):
                        pool.allocate_nowait()
                await settle()
                for waiter in served:
                    total += 1
                    overtaken += waiter != next(iter(line), waiter)
                    line.pop(waiter, None)
                served.clear()
            tasks.cancel_scope.cancel()
        assert (overtaken, total > 100) == (0, True)
        for buffer in out:
            buffer.free()
        await assert_pool_at_rest(pool)

    run_on(loop, line_up)
