"""The waiter queue serves the oldest live waiter, loses nothing to the dead, and sweeps them out in linear time."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from asyncndis.kernel import Bulk, Seat, WaiterQueue, current_host
from tests.support.loops import settle
from tests.support.seats import HandHost, HandSeat


@pytest.fixture
def queue() -> WaiterQueue[int]:
    return WaiterQueue(HandHost())


def is_served(seat: Seat[int | None], item: int | None) -> bool:
    return seat.done() and not seat.cancelled() and seat.result() == item


class TestOneItem:
    def test_nobody_waits(self, queue: WaiterQueue[int]) -> None:
        assert not queue
        assert len(queue) == 0
        assert queue.offer(1) is False
        assert queue.in_hand == 0

    def test_first_come_first_served(self, queue: WaiterQueue[int]) -> None:
        seats = [queue.join() for _ in range(3)]
        assert len(queue) == 3
        for item, seat in enumerate(seats):
            assert queue.offer(item)
            assert is_served(seat, item)
        assert len(queue) == 0
        assert queue.in_hand == 3
        assert queue.offer(3) is False

    @pytest.mark.parametrize("noticed", [False, True])
    def test_the_dead_are_passed_over(self, queue: WaiterQueue[int], *, noticed: bool) -> None:
        """A cancelled waiter notices when it runs; what is offered before that must not go to it."""
        dead, live = queue.join(), queue.join()
        dead.cancel()
        if noticed:
            assert queue.leave(dead) is None
            assert len(queue) == 1
        assert queue.offer(7)
        assert is_served(live, 7)
        if not noticed:
            assert queue.leave(dead) is None
        assert len(queue) == 0
        assert queue.in_hand == 1

    def test_a_waiter_leaves_of_its_own(self, queue: WaiterQueue[int]) -> None:
        seat = queue.join()
        assert queue.leave(seat) is None
        assert seat.cancelled()
        assert len(queue) == 0
        assert queue.offer(1) is False

    def test_who_was_served_and_leaves_gives_it_back(self, queue: WaiterQueue[int]) -> None:
        seat = queue.join()
        queue.offer(7)
        assert queue.leave(seat) == 7
        assert queue.in_hand == 0
        assert len(queue) == 0

    def test_only_the_dead_wait(self, queue: WaiterQueue[int]) -> None:
        for _ in range(3):
            queue.leave(queue.join())
        assert len(queue) == 0
        assert queue.offer(1) is False
        assert not queue


class TestSeveralItems:
    def test_a_bulk_waiter_collects_at_the_head(self, queue: WaiterQueue[int]) -> None:
        entry, behind = queue.join_bulk(2), queue.join()
        assert queue.offer(1)
        assert not entry.seat.done()
        assert queue.in_hand == 1
        assert queue.offer(2)
        assert entry.seat.result() == [1, 2]
        assert queue.offer(3)
        assert is_served(behind, 3)
        assert queue.in_hand == 3

    def test_it_collects_only_when_its_turn_comes(self, queue: WaiterQueue[int]) -> None:
        before, entry = queue.join(), queue.join_bulk(2)
        queue.offer(1)
        assert is_served(before, 1)
        assert entry.items == []

    @pytest.mark.parametrize("noticed", [False, True])
    @pytest.mark.parametrize("collected", [0, 1, 2])
    def test_what_a_cancelled_bulk_waiter_collected_comes_back(
        self, queue: WaiterQueue[int], collected: int, *, noticed: bool
    ) -> None:
        entry, behind = queue.join_bulk(3), queue.join()
        for item in range(collected):
            queue.offer(item)
        entry.seat.cancel()
        if noticed:
            assert queue.leave_bulk(entry) == list(range(collected))
        assert queue.offer(7)
        assert is_served(behind, 7)
        if not noticed:
            assert queue.leave_bulk(entry) == list(range(collected))
        assert queue.in_hand == 1
        assert len(queue) == 0

    def test_a_bulk_waiter_leaves_of_its_own(self, queue: WaiterQueue[int]) -> None:
        entry = queue.join_bulk(2)
        queue.offer(1)
        assert queue.leave_bulk(entry) == [1]
        assert entry.seat.cancelled()
        assert (len(queue), queue.in_hand) == (0, 0)

    def test_who_has_all_and_leaves_gives_all_back(self, queue: WaiterQueue[int]) -> None:
        entry = queue.join_bulk(2)
        queue.offer(1)
        queue.offer(2)
        assert queue.leave_bulk(entry) == [1, 2]
        assert (len(queue), queue.in_hand) == (0, 0)


class TestClosing:
    def test_everybody_is_sent_home(self, queue: WaiterQueue[int]) -> None:
        seats, entry = [queue.join(), queue.join()], queue.join_bulk(2)
        assert queue.close() == []
        assert all(is_served(seat, None) for seat in seats)
        assert entry.seat.result() is None
        assert not queue
        assert len(queue) == 0

    def test_what_was_collected_comes_back(self, queue: WaiterQueue[int]) -> None:
        entry, second = queue.join_bulk(3), queue.join_bulk(2)
        queue.offer(1)
        queue.offer(2)
        assert queue.close() == [1, 2]
        assert queue.in_hand == 0
        assert queue.leave_bulk(entry) == []
        assert queue.leave_bulk(second) == []
        assert queue.in_hand == 0

    def test_who_was_served_keeps_it(self, queue: WaiterQueue[int]) -> None:
        seat = queue.join()
        queue.offer(7)
        assert queue.close() == []
        assert is_served(seat, 7)
        assert queue.in_hand == 1
        assert queue.leave(seat) == 7

    def test_who_was_sent_home_and_is_cancelled_then_has_nothing(self, queue: WaiterQueue[int]) -> None:
        seat = queue.join()
        queue.close()
        assert queue.leave(seat) is None
        assert (len(queue), queue.in_hand) == (0, 0)

    @pytest.mark.parametrize("noticed", [False, True])
    def test_the_dead_are_counted_out(self, queue: WaiterQueue[int], *, noticed: bool) -> None:
        seat, entry = queue.join(), queue.join_bulk(2)
        seat.cancel()
        entry.seat.cancel()
        if noticed:
            queue.leave(seat)
            queue.leave_bulk(entry)
        assert queue.close() == []
        if not noticed:
            queue.leave(seat)
            queue.leave_bulk(entry)
        assert len(queue) == 0


class TestRefusing:
    def test_who_wants_too_much_is_sent_home(self, queue: WaiterQueue[int]) -> None:
        big, single, small = queue.join_bulk(4), queue.join(), queue.join_bulk(3)
        queue.offer(1)
        assert queue.refuse(3) == [1]
        assert big.seat.result() is None
        assert not single.done()
        assert not small.seat.done()
        assert (len(queue), queue.in_hand) == (2, 0)
        assert queue.offer(1)
        assert is_served(single, 1)

    def test_who_was_sent_home_and_is_cancelled_then_has_nothing(self, queue: WaiterQueue[int]) -> None:
        entry = queue.join_bulk(4)
        queue.offer(1)
        queue.refuse(3)
        assert queue.leave_bulk(entry) == []
        assert (len(queue), queue.in_hand) == (0, 0)
        assert queue.offer(2) is False

    def test_the_dead_are_left_alone(self, queue: WaiterQueue[int]) -> None:
        entry = queue.join_bulk(4)
        queue.offer(1)
        entry.seat.cancel()
        assert queue.refuse(3) == []
        assert queue.leave_bulk(entry) == [1]
        assert (len(queue), queue.in_hand) == (0, 0)


class Waiter:
    """Comes for one item, or for several; is cancelled, and leaves when it notices."""

    def __init__(self, queue: WaiterQueue[int], *, bulk: bool) -> None:
        self._queue = queue
        self._entry = queue.join_bulk(2) if bulk else queue.join()

    def cancel(self) -> None:
        (self._entry.seat if isinstance(self._entry, Bulk) else self._entry).cancel()

    def leave(self) -> None:
        if isinstance(self._entry, Bulk):
            self._queue.leave_bulk(self._entry)
        else:
            self._queue.leave(self._entry)


Come = Callable[[], Waiter]


def leave_in_order(waiters: list[Waiter], _come: Come) -> None:
    for waiter in waiters:
        waiter.cancel()
        waiter.leave()


def leave_in_reverse(waiters: list[Waiter], come: Come) -> None:
    leave_in_order(waiters[::-1], come)


def cancelled_all_at_once(waiters: list[Waiter], _come: Come) -> None:
    for waiter in waiters:
        waiter.cancel()
    for waiter in waiters:
        waiter.leave()


def every_other_with_newcomers(waiters: list[Waiter], come: Come) -> None:
    for waiter in waiters[::2]:
        leave_in_order([waiter, come()], come)
    leave_in_order(waiters[1::2], come)


@pytest.mark.parametrize("bulk", [False, True])
@pytest.mark.parametrize("storm", [leave_in_order, leave_in_reverse, cancelled_all_at_once, every_other_with_newcomers])
def test_a_storm_of_cancellations_costs_a_few_looks_each(
    storm: Callable[[list[Waiter], Come], None], *, bulk: bool
) -> None:
    queue: WaiterQueue[int] = WaiterQueue(HandHost())
    count = 20_000
    come = partial(Waiter, queue, bulk=bulk)
    waiters = [come() for _ in range(count)]
    HandSeat.looks = 0
    storm(waiters, come)
    assert HandSeat.looks <= 8 * count
    assert len(queue) == 0
    HandSeat.looks = 0
    assert queue.offer(1) is False
    assert HandSeat.looks <= 100, "few of the dead are left"


def test_the_dead_are_swept_out_when_they_are_half_of_the_queue() -> None:
    queue: WaiterQueue[int] = WaiterQueue(HandHost())
    seats = [queue.join() for _ in range(100)]
    entries = [queue.join_bulk(2) for _ in range(100)]
    for seat, entry in zip(seats, entries, strict=True):
        queue.leave(seat)
        queue.leave_bulk(entry)
    HandSeat.looks = 0
    assert len(queue) == 0
    assert queue.offer(1) is False
    assert HandSeat.looks <= 40


@pytest.mark.parametrize("live", [0, 1, 3])
def test_the_living_stay_in_order_through_a_sweep(live: int) -> None:
    queue: WaiterQueue[int] = WaiterQueue(HandHost())
    survivors: list[Seat[int | None]] = []
    for number in range(200):
        seat = queue.join()
        if number % 50 < live:
            survivors.append(seat)
        else:
            queue.leave(seat)
    assert len(queue) == len(survivors) == 4 * live
    for item, seat in enumerate(survivors):
        assert queue.offer(item)
        assert is_served(seat, item)


@pytest.mark.asyncio
async def test_a_native_cancel_after_the_hand_over_passes_the_item_on() -> None:
    queue: WaiterQueue[str] = WaiterQueue(current_host())
    got: list[str | None] = []

    async def wait() -> None:
        seat = queue.join()
        try:
            item = await seat
        except asyncio.CancelledError:
            back = queue.leave(seat)
            assert back is not None
            assert queue.offer(back)
            raise
        queue.in_hand -= 1
        got.append(item)

    first, second = asyncio.create_task(wait()), asyncio.create_task(wait())
    await settle()
    queue.offer("item")
    first.cancel()
    await asyncio.wait([first, second])
    assert first.cancelled()
    assert got == ["item"]
    assert queue.in_hand == 0


@pytest.mark.asyncio
async def test_a_coroutine_that_is_closed_while_it_waits_leaves() -> None:
    queue: WaiterQueue[str] = WaiterQueue(current_host())

    async def wait() -> None:
        seat = queue.join()
        try:
            await seat
        except GeneratorExit:
            assert queue.leave(seat) is None
            raise

    coroutine = wait()
    coroutine.send(None)
    assert len(queue) == 1
    coroutine.close()
    assert len(queue) == 0
    assert queue.offer("item") is False
