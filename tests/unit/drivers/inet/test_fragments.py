"""A packet that was cut comes back whole, in any order; what does not fit together does not come back at all."""

from dataclasses import replace
from ipaddress import IPv4Address
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncndis.drivers.inet import Ipv4Packet, Reassembly, fragment
from asyncndis.kernel import VirtualClock

SECOND = 10_000_000
ENDS = IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2")


def packet(payload: bytes, identification: int = 1) -> Ipv4Packet:
    return Ipv4Packet(*ENDS, 17, payload, identification)


def piece(offset: int, payload: bytes, *, more: bool = True, identification: int = 1) -> Ipv4Packet:
    return replace(packet(payload, identification), offset=offset, more_fragments=more)


def reassembly(**limits: Any) -> Reassembly:
    return Reassembly(VirtualClock(), **limits)


@given(st.binary(max_size=700), st.integers(68, 300), st.randoms(use_true_random=False))
def test_any_order(payload: bytes, mtu: int, random: Random) -> None:
    whole = packet(payload)
    parts = fragment(whole, mtu)
    assert all(len(part.emit()) <= mtu for part in parts)
    assert b"".join(part.payload for part in parts) == payload
    shuffled = random.sample(parts, len(parts))
    table = reassembly()
    answers = [table.add(part) for part in shuffled]
    assert answers == [None] * (len(parts) - 1) + [whole]
    assert table.statistics().waiting == 0


@given(st.binary(min_size=200, max_size=900), st.integers(100, 200), st.integers(68, 99))
def test_fragments_of_fragments(payload: bytes, first: int, second: int) -> None:
    parts = [small for part in fragment(packet(payload), first) for small in fragment(part, second)]
    table = reassembly()
    assert [table.add(part) for part in parts][-1] == packet(payload)


def test_the_longest_packet() -> None:
    whole = packet(Random(1).randbytes(0xFFFF - 20))
    table = reassembly()
    parts = fragment(whole, 68)
    assert len(parts) == 1365
    assert [table.add(part) for part in parts][-1] == whole
    assert table.statistics().complete == 1


def test_a_whole_packet_passes() -> None:
    table = reassembly()
    whole = packet(b"content")
    assert table.add(whole) is whole
    assert table.statistics().complete == 0


def test_what_may_not_be_fragmented() -> None:
    whole = replace(packet(bytes(100)), dont_fragment=True)
    assert fragment(whole, 120) == [whole]
    with pytest.raises(ValueError, match="120 bytes may not be fragmented to an MTU of 119"):
        fragment(whole, 119)


def test_packets_are_told_apart() -> None:
    table = reassembly()
    for number in range(3):
        assert table.add(piece(0, bytes([number] * 8), identification=number)) is None
    for number in (1, 0, 2):
        answer = table.add(piece(8, b"end", more=False, identification=number))
        assert answer == packet(bytes([number] * 8) + b"end", number)


def test_a_repeated_fragment_is_ignored() -> None:
    table = reassembly()
    assert table.add(piece(0, bytes(8))) is None
    assert table.add(piece(0, bytes(8))) is None
    assert table.add(piece(8, b"end", more=False)) == packet(bytes(8) + b"end")


REFUSED = {
    "another content": [piece(0, bytes(8)), piece(0, b"12345678")],
    "overlap before": [piece(8, bytes(16)), piece(0, bytes(16))],
    "overlap behind": [piece(0, bytes(16)), piece(8, bytes(16))],
    "within": [piece(0, bytes(24)), piece(8, bytes(8))],
    "around": [piece(8, bytes(8)), piece(0, bytes(24))],
    "beyond the end": [piece(8, bytes(8), more=False), piece(16, bytes(8))],
    "at the end": [piece(16, bytes(8), more=False), piece(8, bytes(16))],
    "two ends": [piece(8, bytes(8), more=False), piece(16, bytes(8), more=False)],
    "an end that is none": [piece(16, bytes(8)), piece(8, bytes(8), more=False)],
    "touching the end": [piece(16, b"", more=False), piece(8, bytes(8))],
    "cut badly": [piece(0, bytes(9))],
    "empty": [piece(0, b"")],
    "too long": [piece(8191 * 8, bytes(8), more=False)],
}


@pytest.mark.parametrize("fragments", REFUSED.values(), ids=REFUSED)
def test_what_does_not_fit_is_refused(fragments: list[Ipv4Packet]) -> None:
    table = reassembly()
    assert [table.add(part) for part in fragments] == [None] * len(fragments)
    assert table.statistics().refused >= 1
    assert repr(table).startswith("<Reassembly ")
    answers = [table.add(part) for part in fragment(packet(bytes(100), identification=2), 68)]
    assert answers[-1] == packet(bytes(100), identification=2), "others are not harmed"


def test_too_many_fragments() -> None:
    table = reassembly(max_fragments=3)
    for number in range(4):
        assert table.add(piece(number * 8, bytes(8))) is None
    assert (table.statistics().waiting, table.statistics().refused) == (0, 1)


def test_too_many_packets() -> None:
    table = reassembly(max_packets=2)
    for number in range(3):
        table.add(piece(0, bytes(8), identification=number))
    assert (table.statistics().waiting, table.statistics().evicted) == (2, 1)
    assert table.add(piece(8, b"end", more=False, identification=1)) is not None


def test_too_late() -> None:
    clock = VirtualClock()
    table = Reassembly(clock, timeout_seconds=2)
    table.add(piece(0, bytes(8)))
    clock.stall(SECOND)
    table.add(piece(16, b"end", more=False))
    clock.stall(SECOND)
    assert table.add(piece(8, bytes(8))) is None
    assert (table.statistics().expired, table.statistics().waiting) == (1, 1)


def test_random_fragments_never_give_what_was_not_sent() -> None:
    """Whatever comes back consists of fragments that came, and of nothing else."""
    random = Random(5)
    table = reassembly(max_packets=4)
    seen: dict[int, set[tuple[int, bytes]]] = {}
    for _ in range(20_000):
        number, start, size = random.randrange(6), random.randrange(4) * 8, random.choice((8, 8, 16, 5))
        content = random.choice((b"a", b"a", b"b")) * size
        part = piece(start, content, more=random.random() < 0.7, identification=number)
        seen.setdefault(number, set()).add((start, content))
        whole = table.add(part)
        if whole is not None and part.is_fragment:
            assert set(whole.payload) <= set(b"ab")
            spans = [(at, at + len(text)) for at, text in seen[number] if whole.payload[at : at + len(text)] == text]
            assert all(any(low <= at < high for low, high in spans) for at in range(len(whole.payload)))
    statistics = table.statistics()
    assert min(statistics.complete, statistics.refused, statistics.evicted) > 100


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: fragment(packet(b""), 67), ValueError),
        (lambda: fragment(b"", 68), TypeError),  # type: ignore[arg-type]  # bad input is the point
        (lambda: reassembly(max_fragments=1), ValueError),
        (lambda: reassembly().add(b""), TypeError),  # type: ignore[arg-type]  # bad input is the point
    ],
)
def test_bad_input(call: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        call()
