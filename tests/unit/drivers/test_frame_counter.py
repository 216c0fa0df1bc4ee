"""A frame counter counts what its adapter sees, and keeps nothing."""

from collections import Counter

import pytest

from asyncndis.drivers import FrameCounter, FrameCounterStatistics
from asyncndis.ndis import open_stack
from asyncndis.real import classify
from asyncndis.verifier import verify
from tests.unit.drivers.ports import Port, Station, ethernet, mac


@pytest.mark.every_loop
@pytest.mark.parametrize("low", [False, True])
async def test_it_counts_by_kind(low: bool) -> None:
    port, counter, station = Port(1), FrameCounter(), Station()
    with verify() as findings:
        async with open_stack(counter, station, port):
            port.arrive(*[ethernet(mac(7), mac(2))] * 3, ethernet(mac(1), mac(2), b"x" * 100, 0x0806), low=low)
            station.send(ethernet(mac(2), mac(1), b"", 0x86DD))
            assert counter.kinds == Counter({"0x88b5": 3, "0x0806": 1, "0x86dd": 1})
            assert counter.statistics() == FrameCounterStatistics(frames=5, bytes=4 * 60 + 114, kinds=3)
            assert repr(counter) == "<FrameCounter 'FrameCounter' 5 frames of 3 kinds>"
            assert port.rx.outstanding == 0
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_kinds_are_named_by_whoever_asks() -> None:
    port, counter = Port(1), FrameCounter(classify)
    async with open_stack(counter, port):
        port.arrive(ethernet(mac(7), mac(2), b"", 0x0806))
        assert counter.kinds == Counter({"ARP": 1})
