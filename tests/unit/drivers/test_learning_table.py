"""A bridge learns, forgets and floods as the standard says."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncndis.drivers import LearningTable, LearningTableStatistics, TickingTable
from asyncndis.kernel import VirtualClock, use_clock

SECOND = 10_000_000
STATION = b"\x02\0\0\0\0\1"


def station(number: int) -> bytes:
    return b"\x02\0\0\0\0" + bytes([number])


def table(*, max_entries: int = 4, clock: VirtualClock | None = None) -> LearningTable[str]:
    return LearningTable(max_entries, ageing_seconds=300, clock=clock or VirtualClock())


def test_learning() -> None:
    ports = table()
    assert ports.lookup(STATION) is None
    ports.learn(STATION, "left")
    assert ports.lookup(STATION) == "left"
    ports.learn(STATION, "left")
    assert ports.statistics() == LearningTableStatistics(1, 1, 0, 0, 0, 0)


def test_a_station_that_moves() -> None:
    ports = table()
    for port in ("left", "right", "right", "left"):
        ports.learn(STATION, port)
    assert ports.lookup(STATION) == "left"
    assert (ports.statistics().learnt, ports.statistics().moves) == (1, 2)
    assert repr(ports) == "<LearningTable 1 stations known, 2 moves>"


@pytest.mark.parametrize("group", [b"\xff" * 6, b"\x01\0\x5e\0\0\1", b"\x03\0\0\0\0\1"])
def test_groups_are_never_learnt(group: bytes) -> None:
    ports = table()
    ports.learn(group, "left")
    assert ports.lookup(group) is None
    assert ports.statistics() == LearningTableStatistics(0, 0, 0, 0, 0, 0)


def test_ageing() -> None:
    with use_clock(VirtualClock()) as clock:
        ports = LearningTable[str](ageing_seconds=300)
    ports.learn(station(1), "left")
    ports.learn(station(2), "left")
    clock.stall(299 * SECOND)
    assert ports.lookup(station(1)) == "left", "asking for a station is not hearing of it"
    ports.learn(station(2), "left")
    clock.stall(SECOND)
    assert (ports.lookup(station(1)), ports.lookup(station(2))) == (None, "left")
    assert ports.statistics().expired == 1
    ports.learn(station(1), "right")
    assert (ports.statistics().learnt, ports.statistics().moves) == (3, 0)


def test_the_oldest_makes_room() -> None:
    ports = table(max_entries=2)
    for number in (1, 2, 1, 3):
        ports.learn(station(number), "left")
    assert [ports.lookup(station(number)) for number in (1, 2, 3)] == ["left", None, "left"]
    assert (ports.statistics().stations, ports.statistics().evicted) == (2, 1)


def test_a_port_that_goes_down() -> None:
    ports = table()
    for number, port in enumerate(("left", "right", "left")):
        ports.learn(station(number), port)
    assert ports.forget_port("left") == 2
    assert [ports.lookup(station(number)) for number in range(3)] == [None, "right", None]
    assert (ports.forget_port("left"), ports.statistics().forgotten) == (0, 2)


@given(st.lists(st.tuples(st.integers(0, 9), st.sampled_from("abc"), st.integers(0, 120)), max_size=60))
def test_it_agrees_with_a_list_of_all_frames(frames: list[tuple[int, str, int]]) -> None:
    clock = VirtualClock()
    ports = table(max_entries=100, clock=clock)
    heard: list[tuple[int, int, str]] = []
    for number, port, pause in frames:
        clock.stall(pause * SECOND)
        ports.learn(station(number), port)
        heard.append((clock.now(), number, port))
        for each in range(10):
            last = [(when, port) for when, number, port in heard if number == each][-1:]
            fresh = [port for when, port in last if clock.now() - when < 300 * SECOND]
            assert ports.lookup(station(each)) == (fresh[0] if fresh else None)


@pytest.mark.parametrize("address", [bytes(5), bytes(7), "02:00:00:00:00:01", None, 5])
def test_bad_addresses(address: Any) -> None:
    ports = table()
    with pytest.raises((TypeError, ValueError)):
        ports.learn(address, "left")
    with pytest.raises((TypeError, ValueError)):
        ports.lookup(address)
    assert ports.statistics().stations == 0


def test_no_port() -> None:
    with pytest.raises(TypeError, match="not None"):
        LearningTable[None](clock=VirtualClock()).learn(STATION, None)


class Looked(VirtualClock):
    """A clock that counts how often it was looked at."""

    __slots__ = ("looks",)

    looks: int

    def now(self) -> int:
        self.looks += 1
        return super().now()


def test_a_ticking_table_looks_at_the_clock_once_a_tick() -> None:
    clock = Looked()
    clock.looks = 0
    ports: TickingTable[str] = TickingTable(4, ageing_seconds=300, clock=clock)
    ports.learn(STATION, "left")
    looks = clock.looks
    for _ in range(10):
        ports.learn(STATION, "left")
        assert ports.lookup(STATION) == "left"
    assert clock.looks == looks
    ports.learn(STATION, "right")
    assert (ports.lookup(STATION), ports.statistics().moves) == ("right", 1)
    for second in range(3):
        clock.stall(200 * SECOND)
        ports.tick()
        ports.learn(STATION, "right")
        assert (second, ports.lookup(STATION)) == (second, "right")
    clock.stall(300 * SECOND)
    ports.tick()
    assert ports.lookup(STATION) is None


def test_a_ticking_table_is_bounded_forgets_ports_and_learns_no_group() -> None:
    ports: TickingTable[str] = TickingTable(4, clock=VirtualClock())
    for number in range(9):
        ports.learn(station(number), "left")
    ports.learn(b"\xff" * 6, "left")
    assert ports.lookup(b"\xff" * 6) is None
    assert (ports.statistics().stations, ports.lookup(station(8))) == (4, "left")
    assert ports.forget_port("left") == 4
    assert ports.lookup(station(8)) is None
