"""iperf3 through the bridge, TCP and UDP, both ways: all bytes come, in order, and the figures are written down."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.real.bridged import ADDRESSES, Bridged

pytestmark = pytest.mark.tools("iperf3")
_, RIGHT = ADDRESSES
DIRECTIONS = [pytest.param((), id="to the right"), pytest.param(("--reverse",), id="to the left")]
MIB = 1024 * 1024


def iperf3(cable: Bridged, *options: str) -> dict[str, Any]:
    """The sums of a run whose server is on the right."""
    server = ("iperf3", "--server", "--one-off", "--forceflush", "--bind", RIGHT)
    with cable.right.running(*server, ready="Server listening"):
        told = cable.left.run("iperf3", "--client", RIGHT, "--json", *options)
    report: dict[str, Any] = json.loads(told)
    assert "error" not in report, report
    sums: dict[str, Any] = report["end"]
    return sums


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_tcp(cable: Bridged, direction: tuple[str, ...], tell: Callable[[str], None]) -> None:
    sums = iperf3(cable, "--bytes", "64M", *direction)
    assert sums["sum_received"]["bytes"] > 48 * MIB  # the server stops counting before the last have come
    tell(f"{sums['sum_received']['bits_per_second'] / 1e6:.0f} Mbit/s")


def test_several_tcp_streams_both_ways_at_once(cable: Bridged) -> None:
    sums = iperf3(cable, "--bidir", "--parallel", "3", "--time", "1")
    assert sums["sum_received"]["bytes"] > 0
    assert sums["sum_received_bidir_reverse"]["bytes"] > 0


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_udp_keeps_the_order(cable: Bridged, direction: tuple[str, ...], tell: Callable[[str], None]) -> None:
    with cable.nothing_lost():
        sums = iperf3(cable, "--udp", "--bitrate", "20M", "--length", "1400", "--bytes", "2M", *direction)
    total = sums["sum"]
    assert total["packets"] >= 2 * MIB // 1400
    assert [stream["udp"]["out_of_order"] for stream in sums["streams"]] == [0]
    tell(f"{total['lost_packets']} of {total['packets']} lost")
