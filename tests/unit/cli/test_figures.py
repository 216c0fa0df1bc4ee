"""Numbers as people read them."""

import pytest

from asyncndis.cli.figures import bits_per_second, duration, of, per_second, plural


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (1e-9, "< 1 µs"), (1.26e-5, "12.6 µs"), (0.0052, "5.2 ms"), (0.25, "250 ms"), (12.345, "12.3 s")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("rate", "text"),
    [(None, ""), (0, "0 bit/s"), (999, "999 bit/s"), (64_000, "64 kbit/s"), (4.2e6, "4.2 Mbit/s"), (1e9, "1 Gbit/s")],
)
def test_speeds(rate: float | None, text: str) -> None:
    assert bits_per_second(rate) == text


@pytest.mark.parametrize(("rate", "text"), [(None, ""), (0, "0"), (0.25, "0.2"), (12.3, "12"), (12345.6, "12,346")])
def test_rates(rate: float | None, text: str) -> None:
    assert per_second(rate) == text


def test_counts() -> None:
    assert (of(12, 1064), plural(1, "timer"), plural(0, "timer"), plural(1234, "DPC")) == (
        "12 of 1,064",
        "1 timer",
        "0 timers",
        "1,234 DPCs",
    )
