"""Waiting times fall into buckets, leaks are told by line."""

import math
from itertools import pairwise

import pytest

from asyncndis.base import Site
from asyncndis.memory import LeakReport
from asyncndis.memory.statistics import WaitHistogram

HERE, THERE = Site("/far/rx.py", 3, "refill"), Site("/far/tx.py", 9, "send")


def test_a_new_histogram_is_empty() -> None:
    histogram = WaitHistogram()
    buckets = histogram.buckets()
    assert histogram.longest == 0.0
    assert [count for _, count in buckets] == [0] * 13
    bounds = [bound for bound, _ in buckets]
    assert bounds[0] == 1e-6
    assert bounds[-1] == math.inf
    assert all(after == pytest.approx(4 * bound) for bound, after in pairwise(bounds[:-1]))


@pytest.mark.parametrize("seconds", [0.0, 1e-7, 1e-6, 1.5e-6, 4e-6, 0.3, 4.19, 5.0, 1e9])
def test_a_wait_is_counted_in_the_first_bucket_that_holds_it(seconds: float) -> None:
    histogram = WaitHistogram()
    histogram.add(seconds)
    [hit] = [number for number, (_, count) in enumerate(histogram.buckets()) if count]
    bounds = [-1.0, *(bound for bound, _ in histogram.buckets())]
    assert bounds[hit] < seconds <= bounds[hit + 1]
    assert histogram.longest == seconds


def test_waits_add_up() -> None:
    histogram = WaitHistogram()
    for seconds in (3.0, 1.0, 2.0):
        histogram.add(seconds)
    assert histogram.longest == 3.0
    assert sum(count for _, count in histogram.buckets()) == 3


@pytest.mark.parametrize(
    ("count", "sites", "text"),
    [
        (0, [], "pool 'rx': nothing is out"),
        (2, [], "pool 'rx': 2 out; create it with track=True to see the lines that allocated them"),
        (3, [HERE, THERE, THERE], f"pool 'rx': 3 out\n  2 x {THERE}\n  1 x {HERE}"),
    ],
)
def test_a_leak_report_reads_as_a_sentence(count: int, sites: list[Site], text: str) -> None:
    report = LeakReport.of("rx", count, sites)
    assert str(report) == text
    assert bool(report) is (count > 0)
    assert sum(number for _, number in report.sites) == len(sites)
