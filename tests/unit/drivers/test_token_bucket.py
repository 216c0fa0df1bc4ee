"""The bucket keeps its rate over every interval, exactly, and lets pass what may pass."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncndis.drivers import TokenBucket, TokenBucketStatistics, parse_rate
from asyncndis.kernel import VirtualClock, use_clock

SECOND = 10_000_000
MOVES = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3_000_000)), max_size=30)


def test_it_is_full_at_the_start() -> None:
    bucket = TokenBucket(8_000, 1_500, VirtualClock())
    assert bucket.delay_for(1_500) == 0
    assert bucket.take(1_500)
    assert not bucket.take(1)
    assert bucket.take(0), "nothing always passes"
    assert bucket.delay_for(1) == SECOND // 1000
    assert bucket.statistics() == TokenBucketStatistics(0, 1_500, 2, 1)


def test_it_fills_at_its_rate_up_to_the_burst() -> None:
    clock = VirtualClock()
    bucket = TokenBucket(8_000, 100, clock)
    bucket.take(100)
    clock.stall(SECOND // 20)
    assert bucket.statistics().available == 50
    clock.stall(SECOND)
    assert bucket.statistics().available == 100
    assert repr(bucket) == "<TokenBucket 8000 bit/s, 100 of 100 bytes available>"


def test_asking_often_loses_nothing() -> None:
    """A slow rate brings less than a byte in 100 ns; none of it may be rounded away."""
    clock = VirtualClock()
    bucket = TokenBucket(1, 1, clock)
    bucket.take(1)
    for _ in range(1000):
        clock.stall(8 * SECOND // 1000)
        bucket.delay_for(1)
    assert bucket.take(1)


@given(st.integers(100, 10**9), st.integers(200, 3_000), MOVES)
def test_every_interval(rate: int, burst: int, moves: list[tuple[int, int]]) -> None:
    """The bytes taken from one moment to a later one are at most the burst and what the rate gave."""
    clock = VirtualClock()
    bucket = TokenBucket(rate, burst, clock)
    taken: list[tuple[int, int]] = []
    for length, pause in moves:
        clock.stall(pause)
        if bucket.take(length):
            taken.append((clock.now(), length))
    for first in range(len(taken)):
        total = 0
        for when, length in taken[first:]:
            total += length
            assert total <= burst + Fraction(rate * (when - taken[first][0]), 8 * SECOND)


@given(st.integers(100, 10**9), st.integers(200, 3_000), MOVES)
def test_the_delay_is_exact(rate: int, burst: int, moves: list[tuple[int, int]]) -> None:
    """After the delay a frame passes, and one unit of time before it does not."""
    clock = VirtualClock()
    bucket = TokenBucket(rate, burst, clock)
    for length, pause in moves:
        clock.stall(pause)
        delay = bucket.delay_for(length)
        if delay:
            clock.stall(delay - 1)
            assert not bucket.take(length)
            clock.stall(1)
        assert bucket.delay_for(length) == 0
        assert bucket.take(length)


@given(st.integers(1000, 10**9), st.lists(st.integers(1, 100), min_size=1, max_size=20))
def test_the_rate_is_reached(rate: int, lengths: list[int]) -> None:
    """Whoever takes as soon as it may is no slower than the rate, but for one unit of time a frame."""
    clock = VirtualClock()
    bucket = TokenBucket(rate, 100, clock)
    bucket.take(100)
    for length in lengths:
        clock.stall(bucket.delay_for(length))
        assert bucket.take(length)
    least = Fraction(sum(lengths) * 8 * SECOND, rate)
    assert least <= clock.now() < least + len(lengths)


def test_the_current_clock() -> None:
    with use_clock(VirtualClock()) as clock:
        bucket = TokenBucket(8, 2)
    bucket.take(2)
    clock.stall(SECOND)
    assert bucket.take(1)


def test_a_frame_longer_than_the_burst() -> None:
    bucket = TokenBucket(8, 100, VirtualClock())
    for call in (bucket.take, bucket.delay_for):
        with pytest.raises(ValueError, match="101 bytes can never pass a burst of 100; allow a longer one"):
            call(101)
    assert bucket.statistics() == TokenBucketStatistics(100, 0, 0, 0)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((0, 1), ValueError),
        ((1, 0), ValueError),
        ((10**15 + 1, 1), ValueError),
        (("1Mbit", 1), TypeError),
        ((1.5, 1), TypeError),
        ((1, 1, "now"), TypeError),
    ],
)
def test_bad_input(arguments: tuple[Any, ...], error: type[Exception]) -> None:
    with use_clock(VirtualClock()), pytest.raises(error):
        TokenBucket(*arguments)


@pytest.mark.parametrize("length", [-1, 1.0, None, True])
def test_bad_lengths(length: Any) -> None:
    bucket = TokenBucket(8, 100, VirtualClock())
    for call in (bucket.take, bucket.delay_for):
        with pytest.raises((TypeError, ValueError)):
            call(length)


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("10Mbit", 10_000_000),
        ("1.5 Gbit", 1_500_000_000),
        ("64kbit", 64_000),
        ("1bit", 1),
        ("0.001 kbit", 1),
        ("2TBIT", 2 * 10**12),
        (" 100 mbit/s ", 100_000_000),
        ("1000Tbit", 10**15),
        (9_600, 9_600),
    ],
)
def test_rates(text: str | int, bits: int) -> None:
    assert parse_rate(text) == bits


@pytest.mark.parametrize(
    "text",
    ["", "fast", "10", "10M", "10MB", "10 Mbps", "-1Mbit", "1e3bit", "1,5 Gbit", "1.Mbit", ".5Mbit", "Mbit", "1Pbit",
     "nanbit", "٣bit", "1" * 16 + "bit", "1 k bit"],
)  # fmt: skip
def test_no_rates(text: str) -> None:
    with pytest.raises(ValueError, match="a rate is a number and a unit in bits, as '10Mbit' or '64 kbit', not"):
        parse_rate(text)


@pytest.mark.parametrize("rate", ["0Mbit", "1001Tbit", 0, -5, 10**16])
def test_rates_out_of_bounds(rate: str | int) -> None:
    with pytest.raises(ValueError, match="a rate is from 1 to"):
        parse_rate(rate)


def test_no_half_bits() -> None:
    with pytest.raises(ValueError, match=r"a whole number of bits per second, not '0\.0001kbit'"):
        parse_rate("0.0001kbit")


@pytest.mark.parametrize("rate", [None, 1.5, b"10Mbit", True])
def test_rates_of_another_kind(rate: Any) -> None:
    with pytest.raises(TypeError, match="a rate is an integer"):
        parse_rate(rate)
