"""A pool calls at its high mark, then at its low one, and survives whatever it calls."""

import logging
import math
from collections.abc import Callable
from typing import Any

import pytest

from asyncndis.memory import Buffer, BufferPool, DescriptorPool, Watermarks
from tests.unit.memory.making import buffer_pool


class Peer:
    """Is stopped and restarted by a pool."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.marks = Watermarks(low=1, high=3, on_low=self._note("go"), on_high=self._note("stop"))

    def _note(self, what: str) -> Callable[[DescriptorPool[Any]], None]:
        return lambda pool: self.heard.append(f"{what} at {pool.outstanding}")


def fill(pool: BufferPool, count: int) -> list[Buffer]:
    return [pool.allocate_nowait() for _ in range(count)]


def test_a_peer_is_stopped_and_restarted_once_each() -> None:
    peer = Peer()
    pool = buffer_pool(4, watermarks=peer.marks)
    buffers = fill(pool, 4)
    assert peer.heard == ["stop at 3"]
    buffers.pop().free()
    buffers.append(pool.allocate_nowait())
    assert peer.heard == ["stop at 3"]
    for buffer in buffers:
        buffer.free()
    assert peer.heard == ["stop at 3", "go at 1"]
    for buffer in fill(pool, 3):
        buffer.free()
    assert peer.heard == ["stop at 3", "go at 1"] * 2


@pytest.mark.every_loop
async def test_each_way_of_allocating_counts() -> None:
    for count in (3, 4):
        peer = Peer()
        pool = await BufferPool.create(4, watermarks=peer.marks)
        await pool.allocate_many(count)
        assert peer.heard == [f"stop at {count}"]
    peer = Peer()
    pool = await BufferPool.create(3, watermarks=peer.marks, reserve=1)
    await pool.copy(await pool.allocate(b"abc"), 0, 1)
    assert peer.heard == []
    pool.allocate_emergency()
    assert peer.heard == ["stop at 3"]


def test_marks_without_callbacks_are_only_marks() -> None:
    pool = buffer_pool(2, watermarks=Watermarks(0, 1))
    for buffer in fill(pool, 2):
        buffer.free()
    assert pool.statistics().free == 2


@pytest.mark.parametrize("which", ["on_high", "on_low"])
def test_a_callback_that_fails_is_logged(which: str, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_pool: object) -> None:
        raise LookupError("no peer")

    pool = buffer_pool(2, name="rx", watermarks=Watermarks(0, 1, **{which: fail}))
    with caplog.at_level(logging.ERROR):
        pool.allocate_nowait().free()
    assert caplog.messages == ["a watermark callback of pool 'rx' failed"]
    assert (pool.outstanding, pool.statistics().free) == (0, 2)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_callback_takes_nothing_along(interruption: type[BaseException]) -> None:
    def interrupt(_pool: object) -> None:
        raise interruption

    pool = buffer_pool(3, watermarks=Watermarks(1, 2, on_high=interrupt))
    first = pool.allocate_nowait()
    for _ in range(3):
        with pytest.raises(interruption):
            pool.allocate_nowait()
        assert pool.outstanding == 1
    first.free()
    assert pool.statistics().free == 3


@pytest.mark.every_loop
async def test_an_interrupted_callback_gives_a_bulk_request_back() -> None:
    class Interrupted(BaseException):
        pass

    def interrupt(_pool: object) -> None:
        raise Interrupted

    pool = await BufferPool.create(4, watermarks=Watermarks(1, 2, on_high=interrupt))
    with pytest.raises(Interrupted):
        await pool.allocate_many(3)
    assert pool.outstanding == 0
    assert pool.statistics().free == 4


@pytest.mark.parametrize("special", [False, True])
def test_an_interrupted_free_has_freed(*, special: bool) -> None:
    def interrupt(_pool: object) -> None:
        raise KeyboardInterrupt

    pool = buffer_pool(2, watermarks=Watermarks(0, 1, on_low=interrupt))
    buffer = pool.allocate_nowait(b"frame")
    if special:
        pool.handle(buffer)
    with pytest.raises(KeyboardInterrupt):
        buffer.free()
    assert buffer.state.value == "free"
    assert (pool.outstanding, pool.statistics().free) == (0, 2)


@pytest.mark.parametrize("special", [False, True])
def test_a_callback_may_allocate_what_was_just_freed(*, special: bool) -> None:
    taken: list[Buffer] = []

    def refill(pool: DescriptorPool[Any]) -> None:
        assert isinstance(pool, BufferPool)
        taken.append(pool.allocate_nowait(b"refill"))

    pool = buffer_pool(1, watermarks=Watermarks(0, 1, on_low=refill))
    buffer = pool.allocate_nowait(b"frame")
    if special:
        pool.handle(buffer)
    buffer.free()
    assert bytes(taken[0].view()) == b"refill"
    assert pool.outstanding == 1
    assert buffer.state.value == "free"
    taken[0].free()


def test_a_callback_may_free_close_and_resize() -> None:
    buffers: list[Buffer] = []
    pool = buffer_pool(4, watermarks=Watermarks(0, 2, on_high=lambda _pool: buffers[0].free()))
    buffers += fill(pool, 1)
    buffers += fill(pool, 1)
    assert pool.outstanding == 1
    pool = buffer_pool(4, watermarks=Watermarks(0, 1, lambda pool: pool.resize(2), lambda pool: pool.resize(8)))
    pool.allocate_nowait().free()
    assert pool.capacity == 2
    pool = buffer_pool(4, watermarks=Watermarks(0, 1, on_low=lambda pool: pool.close()))
    pool.allocate_nowait().free()
    assert pool.closed


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1), (0, 0)])
def test_the_low_mark_is_below_the_high_one(low: int, high: int) -> None:
    with pytest.raises(ValueError, match=f"not low={low} and high={high}"):
        Watermarks(low, high)


@pytest.mark.parametrize("mark", [None, "1", 1.5, math.nan, b"1"])
def test_marks_are_integers(mark: int) -> None:
    with pytest.raises(TypeError, match="a low watermark is an integer"):
        Watermarks(mark, 2)
    with pytest.raises(TypeError, match="a high watermark is an integer"):
        Watermarks(0, mark)


def test_marks_are_not_negative() -> None:
    with pytest.raises(ValueError, match="a low watermark is from 0"):
        Watermarks(-1, 2)


def test_what_is_called_is_a_function() -> None:
    with pytest.raises(TypeError, match="what a watermark calls is a function, not str"):
        Watermarks(0, 1, on_low="go")  # type: ignore[arg-type]  # the point of the test


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"count": None}, TypeError, "count is an integer"),
        ({"count": -1}, ValueError, "count is from 0"),
        ({"count": 2**63}, ValueError, "count is from 0"),
        ({"count": True}, TypeError, "count is an integer"),
        ({"reserve": 5}, ValueError, "reserve is from 0 to 0x4"),
        ({"reserve": "1"}, TypeError, "reserve is an integer"),
        ({"name": b"rx"}, TypeError, "name is a str"),
        ({"profile": "ce"}, TypeError, "profile is a Profile"),
        ({"watermarks": (0, 1)}, TypeError, "watermarks is a Watermarks"),
        ({"watermarks": Watermarks(0, 5)}, ValueError, "the high watermark 5 can never be reached with 4"),
        ({"starvation_seconds": 0}, ValueError, "starvation_seconds is a positive number of seconds, not 0"),
        ({"starvation_seconds": -1.0}, ValueError, "starvation_seconds is a positive"),
        ({"starvation_seconds": math.nan}, ValueError, "starvation_seconds is a positive"),
        ({"starvation_seconds": "1"}, TypeError, "starvation_seconds is a Real, not str"),
        ({"starvation_seconds": None}, TypeError, "starvation_seconds is a Real, not NoneType"),
    ],
)
def test_what_no_pool_can_be_made_with_is_named(options: dict[str, Any], error: type[Exception], message: str) -> None:
    arguments: dict[str, Any] = {"count": 4}
    with pytest.raises(error, match=f"^{message}"):
        BufferPool.create(**(arguments | options))
