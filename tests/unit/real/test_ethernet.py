"""Every kind of frame is told by its name, any bytes get an answer, and scapy agrees on real traffic."""

import struct
from importlib import import_module
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asyncndis.real import SAMPLE, classify, open_capture

SCAPY: Any = import_module("scapy.layers.inet6")  # has no complete types
SCAPY_L2: Any = import_module("scapy.layers.l2")

ADDRESSES = bytes(range(12))


def ethernet(kind: int, payload: bytes = b"") -> bytes:
    return ADDRESSES + struct.pack(">H", kind) + payload


def ipv4(protocol: int, payload: bytes = b"", *, fragment: int = 0, options: bytes = b"") -> bytes:
    words = 5 + len(options) // 4
    return struct.pack(">BxHHHBBxx8x", 0x40 | words, 0, 0, fragment, 64, protocol) + options + payload


def ipv6(following: int, payload: bytes = b"") -> bytes:
    return struct.pack(">IHBB32x", 6 << 28, len(payload), following, 64) + payload


def ports(source: int, destination: int) -> bytes:
    return struct.pack(">HH", source, destination)


def extension(following: int, words: int = 0) -> bytes:
    return bytes([following, words]) + bytes(6 + 8 * words)


def fragment(following: int, offset: int) -> bytes:
    return struct.pack(">BxHI", following, offset << 3 | 1, 7)


CASES = {
    "runt": ADDRESSES + b"\x08",
    "ARP": ethernet(0x0806, bytes(28)),
    "RARP": ethernet(0x8035),
    "LLDP": ethernet(0x88CC),
    "PPPoE": ethernet(0x8864),
    "0x88B5": ethernet(0x88B5),
    "0x05DD": ethernet(1501),
    "0xFFFF": ethernet(0xFFFF),
    "802.3 LLC": ethernet(1500, b"\xf0\xf0\x03"),
    "802.3 STP": ethernet(38, b"\x42\x42\x03"),
    "802.3 SNAP": ethernet(8, b"\xaa\xaa\x03"),
    "802.3/malformed": ethernet(3),
    "IPv4/ICMP": ethernet(0x0800, ipv4(1)),
    "IPv4/IGMP": ethernet(0x0800, ipv4(2, options=b"\x94\x04\0\0")),
    "IPv4/TCP": ethernet(0x0800, ipv4(6, ports(5000, 5001))),
    "IPv4/TCP/HTTP": ethernet(0x0800, ipv4(6, ports(80, 49152), options=bytes(40))),
    "IPv4/TCP/malformed": ethernet(0x0800, ipv4(6, b"\0\x50\0")),
    "IPv4/UDP": ethernet(0x0800, ipv4(17, ports(5000, 80))),
    "IPv4/UDP/DHCP": ethernet(0x0800, ipv4(17, ports(68, 67))),
    "IPv4/UDP/DNS": ethernet(0x0800, ipv4(17, ports(5353, 53))),
    "IPv4/UDP/NTP": ethernet(0x0800, ipv4(17, ports(100, 123))),
    "IPv4/GRE": ethernet(0x0800, ipv4(47)),
    "IPv4/253": ethernet(0x0800, ipv4(253)),
    "IPv4/UDP/mDNS": ethernet(0x0800, ipv4(17, ports(5353, 5353), fragment=0x6000)),
    "IPv4/fragment": ethernet(0x0800, ipv4(17, fragment=1)),
    "IPv6/ICMPv6": ethernet(0x86DD, ipv6(58)),
    "IPv6/TCP/HTTPS": ethernet(0x86DD, ipv6(6, ports(50000, 443))),
    "IPv6/UDP/DHCPv6": ethernet(0x86DD, ipv6(0, extension(60) + extension(17, 2) + ports(546, 547))),
    "IPv6/fragment": ethernet(0x86DD, ipv6(44, fragment(17, 185))),
    "IPv6/UDP": ethernet(0x86DD, ipv6(44, fragment(17, 0) + ports(9, 9))),
    "IPv6/malformed": ethernet(0x86DD, ipv6(43, extension(6)[:7])),
    "IPv6/59": ethernet(0x86DD, ipv6(59)),
    "802.1Q/ARP": ethernet(0x8100, b"\0\x0a\x08\x06"),
    "802.1Q/IPv6/ICMPv6": ethernet(0x8100, b"\0\x0a\x86\xdd" + ipv6(58)),
    "802.1Q/802.3 LLC": ethernet(0x8100, b"\0\x0a\0\x03\xe0\xe0\x03"),
    "802.1ad/802.1Q/IPv4/ICMP": ethernet(0x88A8, b"\0\x0a\x81\0\0\x0b\x08\0" + ipv4(1)),
    "802.1Q/802.1Q/802.1Q": ethernet(0x8100, b"\0\x0a\x81\0" * 3),
    "802.1Q/malformed": ethernet(0x8100, b"\0\x0a\x08"),
    "802.1ad/802.1Q/malformed": ethernet(0x88A8, b"\0\x0a\x81\0\0"),
}


@pytest.mark.parametrize(("kind", "frame"), CASES.items(), ids=CASES)
@pytest.mark.parametrize("kept_as", [bytes, bytearray, memoryview])
def test_a_frame_is_named(kind: str, frame: bytes, kept_as: type[bytes]) -> None:
    assert classify(kept_as(frame)) == kind


@pytest.mark.parametrize(
    "header",
    [b"", ipv4(1)[:19], b"\x44" + ipv4(1)[1:], b"\x55" + ipv4(1)[1:], b"\x00" + ipv4(1)[1:]],
    ids=["none", "cut", "too short", "version 5", "zeros"],
)
def test_malformed_ipv4(header: bytes) -> None:
    assert classify(ethernet(0x0800, header)) == "IPv4/malformed"


@pytest.mark.parametrize("header", [b"", ipv6(58)[:39], b"\x40" + ipv6(58)[1:]], ids=["none", "cut", "version 4"])
def test_malformed_ipv6(header: bytes) -> None:
    assert classify(ethernet(0x86DD, header)) == "IPv6/malformed"


def test_extension_headers_without_end_are_given_up() -> None:
    assert classify(ethernet(0x86DD, ipv6(0, extension(0) * 7 + extension(58)))) == "IPv6/ICMPv6"
    assert classify(ethernet(0x86DD, ipv6(0, extension(0) * 8 + extension(58)))) == "IPv6/0"


def test_first_fragments_are_read_on() -> None:
    assert classify(ethernet(0x0800, ipv4(17, ports(67, 68), fragment=0x2000))) == "IPv4/UDP/DHCP"
    assert classify(ethernet(0x0800, ipv4(17, ports(67, 68), fragment=0x1FFF))) == "IPv4/fragment"
    assert classify(ethernet(0x0800, ipv4(17, ports(67, 68), fragment=0x1000))) == "IPv4/fragment"
    assert classify(ethernet(0x0800, ipv4(17, ports(67, 68), fragment=0x0100))) == "IPv4/fragment"
    for offset in (1, 16, 32, 256):
        assert classify(ethernet(0x86DD, ipv6(44, fragment(17, offset) + bytes(8)))) == "IPv6/fragment"


@given(frame=st.binary(max_size=120))
def test_any_bytes_get_an_answer(frame: bytes) -> None:
    assert classify(frame)


@given(
    kind=st.sampled_from([0x0800, 0x86DD, 0x8100, 0x88A8, 40]),
    first=st.sampled_from([0x45, 0x46, 0x4F, 0x60]),
    rest=st.binary(max_size=120),
)
@example(kind=0x0800, first=0x4F, rest=bytes(8) + b"\x06" + bytes(12))
def test_any_bytes_behind_a_known_type_get_an_answer(kind: int, first: int, rest: bytes) -> None:
    whole = ethernet(kind, bytes([first]) + rest)
    for size in range(len(whole) + 1):
        assert classify(whole[:size])


def by_scapy(frame: bytes) -> str:
    """The path of a frame as scapy takes it apart, without the application."""
    packet, path = SCAPY_L2.Ether(frame), ""
    if SCAPY_L2.Dot1Q in packet:
        path = "802.1Q/"
    if SCAPY_L2.ARP in packet:
        return path + "ARP"
    if SCAPY.IP in packet:
        ip = packet[SCAPY.IP]
        names = {1: "ICMP", 2: "IGMP", 6: "TCP", 17: "UDP"}
        return f"{path}IPv4/" + ("fragment" if ip.frag else names[ip.proto])
    ip = packet[SCAPY.IPv6]
    if SCAPY.IPv6ExtHdrFragment in ip and ip[SCAPY.IPv6ExtHdrFragment].offset:
        return f"{path}IPv6/fragment"
    known = {"TCP": SCAPY.TCP, "UDP": SCAPY.UDP}
    return f"{path}IPv6/" + next((name for name, layer in known.items() if layer in ip), "ICMPv6")


def test_scapy_agrees_on_the_sample() -> None:
    applications = ("/HTTP", "/DNS", "/mDNS", "/DHCP")
    with open_capture(SAMPLE) as reader:
        frames = [bytes(record.frame) for record in reader if record.frame is not None]
    assert len(frames) >= 300
    for frame in frames:
        kind = classify(frame)
        for application in applications:
            kind = kind.removesuffix(application)
        assert kind == by_scapy(frame)
