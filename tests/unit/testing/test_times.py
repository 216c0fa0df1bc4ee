"""Virtual time that goes on by itself."""

from collections.abc import Awaitable, Callable

import pytest
from anyio import CancelScope, Event, create_task_group, sleep_forever

from asyncndis.base import NdisError, NdisStatus
from asyncndis.kernel import current_clock, sleep
from asyncndis.kernel.clock import SECOND, RealClock
from asyncndis.ndis import Binding
from asyncndis.testing import Talker, let_pass, open_pair, virtual_time

pytestmark = pytest.mark.every_loop


async def test_a_block_runs_as_in_real_time_and_takes_none() -> None:
    seen: list[tuple[str, float]] = []

    async def note(name: str, seconds: float) -> None:
        await let_pass(seconds)
        seen.append((name, current_clock().now() / SECOND))

    async with virtual_time() as clock, create_task_group() as tasks:
        assert current_clock() is clock
        tasks.start_soon(note, "late", 100)
        tasks.start_soon(note, "early", 0.25)
        await note("middle", 61)
    assert seen == [("early", 0.25), ("middle", 61), ("late", 100)]
    assert isinstance(current_clock(), RealClock)


@pytest.mark.parametrize("wait", [sleep_forever, lambda: let_pass(31)])
async def test_a_block_ends_at_its_limit(wait: Callable[[], Awaitable[None]]) -> None:
    with pytest.raises(TimeoutError, match="not over after 30 s of virtual time"):
        async with virtual_time(30):
            await wait()


async def test_a_block_may_tidy_up_after_its_limit() -> None:
    ended: list[float] = []

    async def play() -> None:
        async with virtual_time(30) as clock:
            try:
                await let_pass(60)
            finally:
                with CancelScope(shield=True):
                    await let_pass(20)
                    ended.append(clock.now() / SECOND)

    with pytest.raises(TimeoutError):
        await play()
    assert ended == [50]


async def test_an_error_comes_out_as_itself() -> None:
    async def play() -> None:
        async with virtual_time():
            await sleep(1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await play()


async def test_an_error_that_comes_out_of_a_stack_does_so_too() -> None:
    class Broken(Talker):
        async def bind(self, binding: Binding) -> None:
            raise NdisError("not today", NdisStatus.FAILURE)

    async def play() -> None:
        async with virtual_time(), open_pair(left=Broken()):
            raise AssertionError

    with pytest.raises(NdisError, match="not today"):
        await play()


async def test_time_stands_still_while_a_task_can_run() -> None:
    async with virtual_time() as clock, create_task_group() as tasks:
        event = Event()

        async def wake() -> None:
            for _ in range(20):
                await sleep(0)
            event.set()

        tasks.start_soon(wake)
        tasks.start_soon(let_pass, 1)
        await event.wait()
        assert clock.now() == 0
