"""Histories: plain and async methods are written down with their tasks, their times and their ends."""

import asyncio

import pytest

from asyncndis.torture.histories import History, recorded


class Cell:
    def __init__(self) -> None:
        self.value = 0

    def read(self) -> int:
        return self.value

    async def write(self, value: int) -> None:
        await asyncio.sleep(0)
        self.value = value

    def write_later(self, value: int) -> "asyncio.Task[None]":
        return asyncio.ensure_future(self.write(value))

    def fail(self, *, loudly: bool) -> None:
        raise LookupError(loudly)


def texts(history: History) -> list[str]:
    return [str(operation) for operation in history.operations]


def test_plain_methods_are_written_down() -> None:
    history = History()
    cell = recorded(Cell(), history)
    cell.value = 3
    assert cell.read() == 3
    with pytest.raises(LookupError):
        cell.fail(loudly=True)
    assert texts(history) == ["read() returned 3", "fail(loudly=True) raised LookupError"]
    assert [(one.task, one.called, one.returned) for one in history.operations] == [("main", 1, 2), ("main", 3, 4)]


def test_async_methods_are_written_down_from_their_first_step_on() -> None:
    async def main() -> History:
        history = History()
        cell = recorded(Cell(), history)
        later = cell.write(1)
        assert history.operations == []
        task = asyncio.create_task(later, name="writer")
        await asyncio.sleep(0)
        assert texts(history) == ["write(1) has not come back"]
        cell.read()
        await task
        await cell.write_later(2)
        return history

    history = asyncio.run(main())
    assert texts(history) == ["write(1) returned None", "read() returned 0", "write_later(2) returned None"]
    assert [(one.called, one.returned) for one in history.operations] == [(1, 4), (2, 3), (5, 6)]
    assert history.operations[0].task == "writer"


def test_a_cancelled_operation_is_uncertain() -> None:
    async def main() -> History:
        history = History()
        cell = recorded(Cell(), history)
        task = asyncio.create_task(cell.write(1))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return history

    history = asyncio.run(main())
    assert texts(history) == ["write(1) was cancelled"]
    assert history.operations[0].is_uncertain


def test_only_the_named_methods_are_written_down() -> None:
    history = History()
    target = Cell()
    cell = recorded(target, history, "write")
    assert cell.read() == 0
    assert history.operations == []
    assert repr(cell) == f"<recorded {target!r}>"


def test_a_method_that_is_not_there_is_refused() -> None:
    with pytest.raises(AttributeError, match="wriet"):
        recorded(Cell(), History(), "wriet")
