"""The recorder of the sample still records what the sample shows, and cleans up behind itself."""

import os
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from asyncndis.real import SAMPLE, classify, open_capture
from tests.real.record_sample import TOOLS, record_sample

BY_CHANCE = {"802.1Q/IPv4/IGMP"}  # membership reports wait for a random time, and may come too late


def kinds(path: Path) -> set[str]:
    with open_capture(path) as reader:
        return {classify(record.frame) for record in reader if record.frame is not None}


@pytest.mark.tools(*TOOLS)
def test_the_recorder_records_every_kind_of_the_sample(tmp_path: Path) -> None:
    record_sample(tmp_path / "again.pcap")
    assert kinds(tmp_path / "again.pcap") | BY_CHANCE == kinds(SAMPLE) | BY_CHANCE
    namespaces = subprocess.run(["ip", "netns", "list"], check=True, capture_output=True, text=True).stdout
    assert f"sample-{os.getpid()}-" not in namespaces


def test_the_sample_is_whole_and_small() -> None:
    with open_capture(SAMPLE) as reader:
        records = [record for record in reader if record.frame is not None]
    assert 300 <= len(records) <= 600
    assert SAMPLE.stat().st_size < 300_000
    times = [record.timestamp_ns or 0 for record in records]
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert all(record.original_length == len(record.frame or b"") for record in records)
