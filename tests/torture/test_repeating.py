"""What differs from run to run in asyncio is the same here; where a program differs by itself, nothing is proved."""

import asyncio
import random
from itertools import count

from asyncndis.torture import explore, replay


async def back_off() -> None:
    for _ in range(random.randrange(1, 10)):
        await asyncio.sleep(random.random())


def test_chance_is_the_same_in_each_run_and_the_callers_state_comes_back() -> None:
    before = random.getstate()
    statistics = explore(back_off, schedules=20).statistics
    assert (statistics.nondeterministic, random.getstate()) == ("", before)


def test_a_failure_by_chance_is_found_again() -> None:
    async def unlucky() -> None:
        await back_off()
        assert random.random() < 0, str(random.random())

    failure = explore(unlucky).failure
    assert failure is not None
    random.seed(99)
    again = replay(failure.replay, unlucky)
    assert again is not None
    assert str(again.error) == str(failure.error)


def test_tasks_of_as_completed_are_made_in_the_order_given() -> None:
    orders: list[list[int]] = []

    async def fetch(number: int) -> None:
        orders[-1].append(number)

    async def program() -> None:
        orders.append([])
        for first in asyncio.as_completed([fetch(number) for number in range(8)], timeout=9):
            await first

    assert explore(program, strategy="dfs", schedules=1).failure is None
    assert orders
    assert all(order == [*range(8)] for order in orders)


def test_nothing_is_complete_where_two_runs_of_one_schedule_differ() -> None:
    runs = count()

    async def program() -> None:
        for _ in range(1 + next(runs) % 3):
            await asyncio.sleep(0)

    result = explore(program)
    assert result.statistics.nondeterministic
    assert not result.complete


def test_bytes_cut_from_others_reset_no_connection_whose_end_has_read() -> None:
    async def greet_back(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(100))
        writer.close()
        await writer.wait_closed()

    async def program() -> None:
        server = await asyncio.start_server(greet_back, "127.0.0.1", 8000)
        async with server:
            reader, writer = await asyncio.open_connection("127.0.0.1", 8000)
            writer.write(b"hello")
            assert b"hello".startswith(await reader.read(100))
            writer.close()
            await writer.wait_closed()

    assert explore(program, schedules=300).failure is None
