"""The sides of ``benchmarks real`` carry what they are asked to."""

from collections.abc import Iterator

import pytest

from benchmarks.real.frames import SIDES, sample_of
from benchmarks.real.places import ip, lack, namespaces
from benchmarks.real.traffic import BARE, BARE_WHOLE, KERNEL, PLAIN, PYTUNTAP, SCAPY, WHOLE, Line, lines, ping, transfer

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of packages that are compared
PACKAGES = {PYTUNTAP: "tuntap", SCAPY: "scapy"}


@pytest.fixture(autouse=True)
def _able(kernel: None) -> None:
    assert lack() == ""


@pytest.mark.asyncio
@pytest.mark.parametrize("name", SIDES)
async def test_all_frames_are_carried(name: str) -> None:
    opener, package = SIDES[name]
    pytest.importorskip(package)
    with namespaces(2) as (left, right):
        async with opener(left, right) as carry:
            ip("-n", left, "link", "set", "dev", "a", "up")
            ip("-n", right, "link", "set", "dev", "b", "up")
            with sample_of(carry, left, 70) as sample:
                assert await sample() > 0
                assert await sample() > 0


@pytest.fixture(params=[PLAIN, WHOLE, BARE, BARE_WHOLE, PYTUNTAP, SCAPY, KERNEL])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    pytest.importorskip(PACKAGES.get(request.param, "asyncio"))
    with lines([request.param]) as found:
        yield found[request.param]


def test_hosts_reach_each_other_by_tcp_and_ping(line: Line) -> None:
    assert 0 < ping(line, count=3) < 5
    assert transfer(line, seconds=0.1) > 0
