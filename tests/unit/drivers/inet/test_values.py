"""Values of every format: parse and emit are inverse, bad fields are refused, cut off bytes are malformed."""

from collections.abc import Callable
from dataclasses import fields, replace
from ipaddress import IPv4Address
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncndis.drivers.inet import (
    ArpPacket,
    EthernetFrame,
    IcmpMessage,
    Ipv4Packet,
    MalformedPacket,
    UdpDatagram,
    internet_checksum,
)
from tests.unit.drivers.inet import wire

ADDRESSES = IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2")
MAC = b"\x02\0\0\0\0\1"
VALUES: dict[str, Any] = {
    "frame": EthernetFrame(MAC, MAC, 0x0800, b"content"),
    "arp": ArpPacket(1, MAC, ADDRESSES[0], MAC, ADDRESSES[1]),
    "ipv4": Ipv4Packet(*ADDRESSES, 17, b"content", 1, 2, 8, more_fragments=True),
    "icmp": IcmpMessage(8, 0, 0x12345678, b"content"),
    "udp": UdpDatagram(7, 8, b"content"),
}


def emit(value: Any) -> bytes:
    return bytes(value.emit(*ADDRESSES) if isinstance(value, UdpDatagram) else value.emit())


def parse(kind: Any, data: bytes) -> Any:
    return kind.parse(data, *ADDRESSES) if kind is UdpDatagram else kind.parse(data)


MAKERS: dict[str, Callable[[Random], Any]] = {
    "frame": wire.ethernet,
    "arp": wire.arp,
    "ipv4": lambda random: wire.layers(random)[0],
    "icmp": wire.icmp,
    "udp": wire.udp,
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_parse_is_the_inverse_of_emit(make: Callable[[Random], Any]) -> None:
    random = Random(1)
    for _ in range(500):
        value = make(random)
        data = emit(value)
        assert parse(type(value), data) == value
        assert emit(parse(type(value), data)) == data


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_what_is_cut_off_is_malformed(value: Any) -> None:
    data = emit(value)
    needed = 14 if isinstance(value, EthernetFrame) else len(data)
    for length in range(needed):
        with pytest.raises(MalformedPacket):
            parse(type(value), data[:length])


@pytest.mark.parametrize("name", ["arp", "ipv4", "udp"])
def test_padding_is_left_out(name: str) -> None:
    value = VALUES[name]
    assert parse(type(value), emit(value) + bytes(18)) == value


@pytest.mark.parametrize("name", ["ipv4", "icmp", "udp"])
def test_a_flipped_bit_fails_the_checksum(name: str) -> None:
    value = VALUES[name]
    data = bytearray(emit(value))
    for bit in range((20 if name == "ipv4" else len(data)) * 8):
        data[bit // 8] ^= 1 << bit % 8
        with pytest.raises(MalformedPacket):
            parse(type(value), bytes(data))
        data[bit // 8] ^= 1 << bit % 8


def test_other_hardware_is_malformed() -> None:
    data = bytearray(VALUES["arp"].emit())
    data[1] = 6
    with pytest.raises(MalformedPacket, match="hardware 6, protocol 0x0800, not IPv4 on Ethernet"):
        ArpPacket.parse(bytes(data))


HOSTILE: list[Any] = [None, -1, 1 << 64, 1.5, True, "text", b"seven b", bytes(70_000), object()]


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_bad_fields_are_refused(value: Any) -> None:
    """Whatever is accepted can be emitted; all else is a TypeError or a ValueError when it is made."""
    for field in fields(value):
        refused = 0
        for hostile in HOSTILE:
            try:
                accepted = replace(value, **{field.name: hostile})
            except (TypeError, ValueError):
                refused += 1
            else:
                assert parse(type(value), emit(accepted)) == accepted
        assert refused >= len(HOSTILE) - 2, field.name


def test_offsets_are_multiples_of_8() -> None:
    with pytest.raises(ValueError, match="offset is a multiple of 8, not 9"):
        replace(VALUES["ipv4"], offset=9)


def test_an_echo_and_its_reply() -> None:
    request = IcmpMessage.echo_request(0x1234, 0x5678, b"content")
    reply = request.echo_reply()
    assert (request.kind, reply.kind) == (8, 0)
    assert (reply.identifier, reply.sequence, reply.payload) == (0x1234, 0x5678, b"content")
    for identifier, sequence in [(-1, 0), (0x10000, 0), (0, -1), (0, 0x10000)]:
        with pytest.raises(ValueError, match="from 0 to 0xffff"):
            IcmpMessage.echo_request(identifier, sequence, b"")


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_a_checksum_makes_the_sum_nothing(before: bytes, after: bytes) -> None:
    data = before + bytes(len(before) % 2) + bytes(2) + after
    at = len(before) + len(before) % 2
    whole = data[:at] + internet_checksum(data).to_bytes(2, "big") + data[at + 2 :]
    assert internet_checksum(whole) == 0


def test_nothing_has_no_sum() -> None:
    assert internet_checksum(b"") == internet_checksum(bytes(20)) == 0xFFFF
    assert internet_checksum(b"\xff\xff") == internet_checksum(b"\xff" * 20) == 0
