"""A bridge that has carried much is no larger than one that has carried little, and counts what it has carried."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.real.bridged import ADDRESSES, Bridged, bridged

_, RIGHT = ADDRESSES
ROUNDS = 5
GROWTH_KIB_MAX = 2048


def resident_kib(pid: int) -> int:
    """The memory of a process, without what was given back to the system."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
    return int(line.split()[1])


def work(cable: Bridged) -> None:
    """Every size, many at once, with flaps of both interfaces between."""
    for size in (56, 1472, 8000):
        cable.left.run("ping", "-q", "-f", "-l", "64", "-c", "1500", "-W", "5", "-s", str(size), RIGHT)
    for place, device in ((cable.left, "a"), (cable.right, "b")):
        place.ip(f"link set dev {device} down", f"link set dev {device} up")
        cable.left.run("ping", "-q", "-c", "1", "-w", "20", RIGHT)


@pytest.mark.tools("ping")
def test_memory_stays_flat(kernel: None, tell: Callable[[str], None]) -> None:
    with bridged() as cable:
        for _ in range(2):
            work(cable)
        warm = resident_kib(cable.bridge.pid)
        for _ in range(ROUNDS):
            work(cable)
        growth = resident_kib(cable.bridge.pid) - warm
    tell(f"{growth} of {warm} KiB more after {ROUNDS} rounds")
    assert growth < GROWTH_KIB_MAX
