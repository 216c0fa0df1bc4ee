"""The kernel pings itself through the bridge: all sizes, as fast as it can, over IPv4 and IPv6, and asks by ARP."""

import json
import re
from collections.abc import Callable

import pytest

from tests.real.bridged import ADDRESSES, Bridged
from tests.real.packets import PacketSocket

LEFT, RIGHT = ADDRESSES
ARP = b"\x08\x06"
SIZES = [0, 1, 17, 18, 19, 46, 64, 100, 255, 256, 511, 512, 1000, 1023, 1024, 1471, 1472]
IN_FRAGMENTS = [1473, 2953, 8000, 65_507]


def answered(report: str) -> int:
    """How many pings were answered; nothing else may have gone wrong with any."""
    match = re.search(r"packets transmitted, (\d+) (?:packets )?received(.*)", report)
    assert match, report
    assert "errors" not in match[2], report
    assert "duplicates" not in match[2], report
    return int(match[1])


def ping(cable: Bridged, *arguments: object) -> str:
    return cable.left.run("ping", "-n", "-q", *map(str, arguments), must_succeed=False)


@pytest.mark.tools("ping")
@pytest.mark.parametrize("address", [RIGHT, "fd00::2"])
def test_pings_of_every_size_are_answered(cable: Bridged, address: str) -> None:
    """ping itself compares the bytes that come back."""
    for size in [*SIZES, *IN_FRAGMENTS]:
        report = ping(cable, "-c", 1, "-W", 20, "-s", size, "-p", "a55a01", address)
        assert answered(report) == 1, f"{size} bytes: {report}"


@pytest.mark.tools("ping")
@pytest.mark.parametrize(("under_way", "size"), [(1, 56), (1, 1472), (64, 56), (64, 1472)])
def test_a_flood_of_pings_is_answered(cable: Bridged, under_way: int, size: int, tell: Callable[[str], None]) -> None:
    """ping leaves without waiting for the last answers, so that what the kernel counted tells whether all came."""
    with cable.nothing_lost():
        report = ping(cable, "-f", "-l", under_way, "-c", 3000, "-s", size, "-W", 20, RIGHT)
        assert answered(report) >= 3000 - under_way, report
    match = re.search(r"= [\d.]+/([\d.]+)/", report)
    assert match, report
    tell(f"{match[1]} ms")


@pytest.mark.tools("ping")
def test_a_ping_that_must_not_be_cut_is_refused_by_the_kernel_alone(cable: Bridged) -> None:
    report = cable.left.run("ping", "-n", "-c", "1", "-W", "0.2", "-M", "do", "-s", "1473", RIGHT, must_succeed=False)
    assert "message too long" in report.lower(), report
    assert answered(ping(cable, "-c", 1, "-M", "do", "-s", 1472, "-W", 20, RIGHT)) == 1


@pytest.mark.tools("ping")
def test_neighbours_find_each_other_by_arp(cable: Bridged) -> None:
    for place in (cable.left, cable.right):
        place.ip("neigh flush all")
    with PacketSocket(cable.right, "b") as wire:
        assert answered(ping(cable, "-c", 1, "-W", 20, RIGHT)) == 1
        question = next(frame for frame in iter(wire.receive, None) if frame[12:14] == ARP)
    assert question[:14].hex() == "ffffffffffff" + "020000000001" + "0806"
    [entry] = [entry for entry in json.loads(cable.left.ip("-j neigh show dev a")) if entry["dst"] == RIGHT]
    assert entry["lladdr"] == "02:00:00:00:00:02"


@pytest.mark.tools("arping")
def test_arping_hears_one_answer_a_question(cable: Bridged) -> None:
    report = cable.left.run("arping", "-c", "2", "-w", "20", "-I", "a", RIGHT, must_succeed=False)
    assert "Received 2 response(s)" in report, report


@pytest.mark.tools("arping")
def test_nobody_answers_for_an_address_that_is_not_there(cable: Bridged) -> None:
    report = cable.left.run("arping", "-f", "-c", "1", "-w", "1", "-I", "a", "10.9.0.77", must_succeed=False)
    assert "Received 0 response(s)" in report, report
