"""What goes wrong on a way: exactly so often for a seed, one bit at a time, and in the time that it takes."""

from collections import Counter
from collections.abc import Sequence

import pytest

from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.nic import Conditions, Dice, PathStatistics
from asyncndis.nic.impairments import Path

FRAMES = [number.to_bytes(2, "big") * 32 for number in range(1000)]


class Scripted:
    """A chooser that follows a script, and keeps what it was asked."""

    def __init__(self, *answers: bool, number: int = 0) -> None:
        self.answers = list(answers)
        self.number = number
        self.asked: list[str] = []

    def happens(self, what: str, probability: float) -> bool:
        self.asked.append(what)
        return self.answers.pop(0)

    def below(self, what: str, limit: int) -> int:
        self.asked.append(f"{what} below {limit}")
        return self.number


class End:
    """The far end of a way, which has room for so many frames."""

    def __init__(self, room: int = 10**6) -> None:
        self.room = room
        self.arrived: list[bytes] = []
        self.batches: list[int] = []

    def deliver(self, frames: Sequence[bytes]) -> int:
        taken = min(len(frames), self.room)
        self.room -= taken
        self.arrived += frames[:taken]
        self.batches.append(len(frames))
        return taken


def test_a_perfect_way_keeps_batches_and_counts() -> None:
    end = End(room=3)
    path = Path(end.deliver, Conditions(), Dice())
    assert [path.carry(FRAMES[:2]), path.carry(FRAMES[2:5])] == [2, 1]
    assert (end.arrived, end.batches) == (FRAMES[:3], [2, 3])
    assert path.statistics() == PathStatistics(entered=5, delivered=3, refused=2)


@pytest.mark.parametrize(("seed", "lost"), [(1, 95), (2, 90), (3, 103)])
def test_loss_is_exact_for_a_seed(seed: int, lost: int) -> None:
    ends = [End(), End()]
    for end in ends:
        path = Path(end.deliver, Conditions(loss=0.1), Dice(seed))
        assert path.carry(FRAMES) == 1000 - lost
        assert path.statistics() == PathStatistics(entered=1000, delivered=1000 - lost, lost=lost)
    assert ends[0].arrived == ends[1].arrived == sorted(ends[0].arrived)


def test_corruption_flips_one_bit() -> None:
    end = End()
    path = Path(end.deliver, Conditions(corruption=1), Dice(1))
    path.carry(FRAMES)
    flipped = [int.from_bytes(a) ^ int.from_bytes(b) for a, b in zip(FRAMES, end.arrived, strict=True)]
    assert {bits.bit_count() for bits in flipped} == {1}
    assert len({bits.bit_length() for bits in flipped}) > 400, "anywhere in the frame"
    assert path.statistics().corrupted == 1000
    last = Scripted(True, number=511)
    Path(end.deliver, Conditions(corruption=0.5), last).carry([bytes(64)])
    assert end.arrived[-1] == bytes(63) + b"\x80"
    assert last.asked == ["corruption", "bit below 512"]
    assert Path(end.deliver, Conditions(corruption=1), Dice()).carry([b""]) == 1


def test_duplication() -> None:
    end = End(room=3)
    path = Path(end.deliver, Conditions(duplication=0.5), Scripted(True, False, True))
    assert path.carry(FRAMES[:3]) == 1
    assert (end.arrived, end.batches) == ([FRAMES[0], FRAMES[0], FRAMES[1]], [5])
    assert path.statistics() == PathStatistics(entered=3, delivered=3, refused=2, duplicated=2)


@pytest.mark.every_loop
async def test_reordering_lets_the_next_frame_go_first() -> None:
    with use_clock(VirtualClock()) as clock:
        end = End()
        path = Path(end.deliver, Conditions(reordering=0.5), Scripted(True, False, True))
        assert path.carry(FRAMES[:2]) == 2
        assert end.arrived == [FRAMES[1], FRAMES[0]]
        path.carry(FRAMES[2:4])
        assert (end.arrived[2:], path.statistics().on_the_way) == ([FRAMES[2]], 1)
        assert (await clock.run_until_idle(), end.arrived[3:]) == (0.001, [FRAMES[3]])
        assert path.statistics() == PathStatistics(entered=4, delivered=4, reordered=2)


@pytest.mark.every_loop
async def test_latency_jitter_and_order() -> None:
    with use_clock(VirtualClock()) as clock:
        times: list[float] = []
        end = End()

        def deliver(frames: Sequence[bytes]) -> int:
            times.extend([clock.now() / 10] * len(frames))
            return end.deliver(frames)

        path = Path(deliver, Conditions(latency_us=100, jitter_us=50), Dice(1))
        assert path.carry(FRAMES[:100]) == 100
        assert (times, path.statistics().on_the_way) == ([], 100)
        await clock.run_until_idle()
        assert end.arrived == FRAMES[:100]
        assert 100 <= times[0] <= times[-1] == 150
        assert times == sorted(times)


@pytest.mark.every_loop
async def test_rate_and_queue() -> None:
    with use_clock(VirtualClock()) as clock:
        end = End()
        conditions = Conditions(bits_per_second=1_000_000, queue_limit=4, latency_us=10)
        path = Path(end.deliver, conditions, Dice())
        assert path.carry(FRAMES[:6]) == 4
        frame_us = (64 + 24) * 8
        await clock.advance((2 * frame_us + 9) / 1e6)
        assert len(end.arrived) == 1
        assert path.carry(FRAMES[6:8]) == 1
        assert await clock.run_until_idle() == pytest.approx((3 * frame_us + 1) / 1e6)
        assert path.statistics() == PathStatistics(entered=8, delivered=5, overflowed=3)


@pytest.mark.every_loop
async def test_what_is_on_the_way_is_lost_when_it_is_cut() -> None:
    with use_clock(VirtualClock()) as clock:
        end = End()
        path = Path(end.deliver, Conditions(latency_us=100, reordering=0.5), Scripted(False, True))
        path.carry(FRAMES[:2])
        assert path.statistics().on_the_way == 2
        path.cut()
        assert (await clock.run_until_idle(), end.arrived) == (0, [])
        assert path.statistics() == PathStatistics(entered=2, lost=2, reordered=1)


@pytest.mark.every_loop
async def test_a_frame_held_back_still_takes_its_time() -> None:
    with use_clock(VirtualClock()) as clock:
        end = End()
        Path(end.deliver, Conditions(latency_us=100, reordering=1), Dice()).carry(FRAMES[:1])
        assert (await clock.run_until_idle(), end.arrived) == (0.0011, FRAMES[:1])


@pytest.mark.every_loop
async def test_everything_at_once_is_the_same_in_each_run_and_adds_up() -> None:
    conditions = Conditions(
        loss=0.05, corruption=0.05, duplication=0.05, reordering=0.05, latency_us=20, jitter_us=30, queue_limit=400
    )
    runs: list[tuple[PathStatistics, Counter[bytes]]] = []
    for _ in range(2):
        with use_clock(VirtualClock()) as clock:
            end = End(room=700)
            path = Path(end.deliver, conditions, Dice(7))
            for start in range(0, 1000, 50):
                path.carry(FRAMES[start : start + 50])
                await clock.advance(0.00001)
            await clock.run_until_idle()
            runs.append((path.statistics(), Counter(end.arrived)))
    assert runs[0] == runs[1]
    total = runs[0][0]
    assert total.on_the_way == 0
    assert total.entered + total.duplicated == total.delivered + total.refused + total.lost + total.overflowed
    assert min(total.corrupted, total.duplicated, total.reordered, total.lost, total.refused) > 20


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"loss": 1.1}, ValueError), ({"loss": -0.1}, ValueError), ({"reordering": float("nan")}, ValueError),
        ({"duplication": "1"}, TypeError), ({"latency_us": -1}, ValueError), ({"jitter_us": 0.5}, TypeError),
        ({"bits_per_second": 0}, ValueError),
    ],
)  # fmt: skip
def test_bad_conditions(options: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error, match=next(iter(options))):
        Conditions(**options)  # type: ignore[arg-type]  # the mistake that is tested
