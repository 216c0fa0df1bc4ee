"""Neighbours are learnt and forgotten; packets wait for them, within bounds."""

from ipaddress import IPv4Address

import pytest

from asyncndis.drivers.inet import Ipv4Packet, Neighbours
from asyncndis.kernel import VirtualClock

SECOND = 10_000_000
US, THEM = IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2")
MAC = b"\x02\0\0\0\0\2"


def packet(number: int, destination: IPv4Address = THEM) -> Ipv4Packet:
    return Ipv4Packet(US, destination, 1, b"", number)


def test_packets_wait_in_their_order() -> None:
    neighbours = Neighbours(VirtualClock())
    assert neighbours.lookup(THEM) is None
    packets = [packet(number) for number in range(3)]
    assert [neighbours.hold(each) for each in packets] == [True, False, False], "one question is enough"
    assert neighbours.learn(THEM, MAC) == packets
    assert neighbours.lookup(THEM) == MAC
    assert neighbours.learn(THEM, MAC) == []
    assert repr(neighbours) == "<Neighbours 1 known, 0 asked for>"


def test_a_question_is_repeated_after_a_second() -> None:
    clock = VirtualClock()
    neighbours = Neighbours(clock)
    asked: list[bool] = []
    for _ in range(5):
        asked.append(neighbours.hold(packet(0)))
        clock.stall(SECOND // 2)
    assert asked == [True, False, True, False, True]


def test_a_question_is_given_up() -> None:
    clock = VirtualClock()
    neighbours = Neighbours(clock)
    neighbours.hold(packet(0))
    clock.stall(3 * SECOND)
    assert neighbours.learn(THEM, MAC) == []
    assert neighbours.statistics().given_up == 1


def test_only_so_many_wait_for_one_address() -> None:
    neighbours = Neighbours(VirtualClock(), max_waiting=2)
    packets = [packet(number) for number in range(3)]
    for each in packets:
        neighbours.hold(each)
    assert neighbours.statistics().dropped == 1
    assert neighbours.learn(THEM, MAC) == packets[1:]


def test_only_so_many_addresses_are_asked_for() -> None:
    neighbours = Neighbours(VirtualClock(), max_unresolved=2)
    for number in range(3):
        neighbours.hold(packet(number, THEM + number))
    assert (neighbours.statistics().unresolved, neighbours.statistics().given_up) == (2, 1)
    assert neighbours.learn(THEM, MAC) == []


def test_a_neighbour_is_forgotten() -> None:
    clock = VirtualClock()
    neighbours = Neighbours(clock, max_known=2, ageing_seconds=60)
    for number in range(3):
        neighbours.learn(THEM + number, MAC)
    assert neighbours.statistics().known == 2
    assert neighbours.lookup(THEM) is None
    clock.stall(60 * SECOND)
    assert neighbours.lookup(THEM + 2) is None


def test_bad_limits() -> None:
    with pytest.raises(ValueError, match="max_waiting is from 1"):
        Neighbours(VirtualClock(), max_waiting=0)
