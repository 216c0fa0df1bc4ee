"""On random and on damaged bytes, scapy and dpkt read what this host reads, and write what it writes."""

import struct
from collections.abc import Callable
from importlib import import_module
from ipaddress import IPv4Address
from random import Random
from typing import Any, TypeVar

import pytest

from asyncndis.drivers.inet import (
    ArpPacket,
    EthernetFrame,
    EtherType,
    IcmpMessage,
    IpProtocol,
    Ipv4Packet,
    MalformedPacket,
    UdpDatagram,
    internet_checksum,
)
from tests.unit.drivers.inet import wire

INET: Any = import_module("scapy.layers.inet")  # neither has complete types
L2: Any = import_module("scapy.layers.l2")
UTILS: Any = import_module("scapy.utils")
DPKT: Any = import_module("dpkt")

FRAMES = 10_000
Value = TypeVar("Value")


def parsed(parse: Callable[..., Value], *arguments: object) -> Value | None:
    try:
        return parse(*arguments)
    except MalformedPacket:
        return None


def test_checksums() -> None:
    random = Random(1)
    for _ in range(FRAMES):
        data = random.randbytes(random.choice(wire.SIZES))
        assert internet_checksum(data) == UTILS.checksum(data) == DPKT.in_cksum(data)


def scapy_ipv4(packet: Ipv4Packet) -> bytes:
    layer = INET.IP(
        src=str(packet.source),
        dst=str(packet.destination),
        proto=packet.protocol,
        id=packet.identification,
        ttl=packet.ttl,
        frag=packet.offset // 8,
        flags=packet.more_fragments | packet.dont_fragment << 1,
        tos=packet.service,
    )
    return bytes(layer / packet.payload)


def scapy_payload(packet: Ipv4Packet, inner: IcmpMessage | UdpDatagram) -> bytes:
    """The payload of ``packet`` as scapy writes it from the fields of ``inner``."""
    if isinstance(inner, IcmpMessage):
        head = INET.ICMP(type=8, code=inner.code, id=inner.identifier, seq=inner.sequence)
        data = bytearray(bytes(head / inner.payload))
        data[0:4] = bytes([inner.kind, inner.code, 0, 0])  # scapy's fields depend on the type
        data[2:4] = UTILS.checksum(bytes(data)).to_bytes(2, "big")
        return bytes(data)
    head = INET.IP(src=str(packet.source), dst=str(packet.destination), frag=0)
    datagram = INET.UDP(sport=inner.source_port, dport=inner.destination_port)
    return bytes(head / datagram / inner.payload)[20:]


def test_what_is_written_is_what_scapy_writes() -> None:
    random = Random(2)
    for _ in range(FRAMES // 5):
        packet, inner = wire.layers(random)
        assert packet.emit() == scapy_ipv4(packet)
        if inner is not None:
            assert packet.payload == scapy_payload(packet, inner)


def test_arp_is_written_as_scapy_writes_it() -> None:
    random = Random(3)
    for _ in range(FRAMES // 10):
        packet = wire.arp(random)
        layer = L2.ARP(
            op=packet.operation,
            hwsrc=packet.sender_mac.hex(":"),
            psrc=str(packet.sender),
            hwdst=packet.target_mac.hex(":"),
            pdst=str(packet.target),
        )
        frame = EthernetFrame(packet.target_mac, packet.sender_mac, EtherType.ARP, packet.emit())
        ether = L2.Ether(dst=packet.target_mac.hex(":"), src=packet.sender_mac.hex(":"), type=0x0806)
        assert frame.emit() == bytes(ether / layer)


def bytes_of(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def by_scapy(data: bytes) -> EthernetFrame | None:
    if len(data) < 14:
        return None
    layer = L2.Ether(data[:14])  # of a small type, scapy makes an 802.3 frame with a length
    kind = layer.type if isinstance(layer, L2.Ether) else layer.len
    return EthernetFrame(bytes_of(layer.dst), bytes_of(layer.src), kind, data[14:])


def arp_by_scapy(data: bytes) -> ArpPacket | None:
    try:
        layer = L2.ARP(data)
    except struct.error:
        return None
    if (layer.hwtype, layer.ptype, layer.hwlen, layer.plen) != (1, 0x0800, 6, 4):
        return None
    ends = IPv4Address(layer.psrc), bytes_of(layer.hwdst), IPv4Address(layer.pdst)
    return ArpPacket(layer.op, bytes_of(layer.hwsrc), *ends)


def ipv4_by_scapy(data: bytes) -> Ipv4Packet | None:
    if len(data) < 20:
        return None
    layer = INET.IP(data[:20])
    size = layer.ihl * 4
    if layer.version != 4 or not 20 <= size <= layer.len <= len(data) or UTILS.checksum(data[:size]):
        return None
    return Ipv4Packet(
        IPv4Address(layer.src),
        IPv4Address(layer.dst),
        layer.proto,
        data[size : layer.len],
        layer.id,
        layer.ttl,
        layer.frag * 8,
        bool(layer.flags.MF),
        bool(layer.flags.DF),
        layer.tos,
    )


def ipv4_by_dpkt(data: bytes) -> Ipv4Packet | None:
    """As dpkt reads it; of lengths that contradict each other it says nothing, so these are asked for here."""
    try:
        packet = DPKT.ip.IP(data)
    except DPKT.UnpackError:
        return None
    size = packet.hl * 4
    if packet.v != 4 or not 20 <= size <= packet.len <= len(data) or DPKT.in_cksum(data[:size]):
        return None
    return Ipv4Packet(
        IPv4Address(packet.src),
        IPv4Address(packet.dst),
        packet.p,
        data[size : packet.len],
        packet.id,
        packet.ttl,
        packet.offset * 8,
        bool(packet.mf),
        bool(packet.df),
        packet.tos,
    )


def icmp_by_scapy(data: bytes) -> IcmpMessage | None:
    if len(data) < 8 or UTILS.checksum(data):
        return None
    layer = INET.ICMP(data + bytes(40))  # to scapy, some types are longer than that
    return IcmpMessage(layer.type, layer.code, int.from_bytes(data[4:8], "big"), data[8:])


def udp_by_scapy(data: bytes, source: IPv4Address, destination: IPv4Address) -> UdpDatagram | None:
    if len(data) < 8:
        return None
    layer = INET.UDP(data[:8])
    if not 8 <= layer.len <= len(data):
        return None
    head = INET.IP(src=str(source), dst=str(destination))
    if data[6:8] != b"\0\0" and INET.in4_chksum(17, head, data[: layer.len]):
        return None
    return UdpDatagram(layer.sport, layer.dport, data[8 : layer.len])


def udp_by_dpkt(data: bytes) -> UdpDatagram | None:
    try:
        packet = DPKT.udp.UDP(data)
    except DPKT.UnpackError:
        return None
    return UdpDatagram(packet.sport, packet.dport, bytes(packet.data)[: packet.ulen - 8])


def agree(data: bytes, ends: tuple[IPv4Address, IPv4Address]) -> str:
    """Read bytes as everything that they might be; all three must read the same. Says what it was."""
    frame = parsed(EthernetFrame.parse, data)
    assert frame == by_scapy(data)
    content = data[14:]
    assert parsed(ArpPacket.parse, content) == arp_by_scapy(content)
    packet = parsed(Ipv4Packet.parse, content)
    assert packet == ipv4_by_scapy(content) == ipv4_by_dpkt(content)
    inner = content[20:] if packet is None else packet.payload
    source, destination = ends if packet is None else (packet.source, packet.destination)
    assert parsed(IcmpMessage.parse, inner) == icmp_by_scapy(inner)
    datagram = parsed(UdpDatagram.parse, inner, source, destination)
    assert datagram == udp_by_scapy(inner, source, destination)
    assert datagram is None or datagram == udp_by_dpkt(inner)
    return "bad" if packet is None else "good"


@pytest.mark.parametrize("is_damaged", [False, True], ids=["sound", "damaged"])
def test_what_is_read_is_what_the_oracles_read(*, is_damaged: bool) -> None:
    random = Random(4 + is_damaged)
    found: list[str] = []
    for _ in range(FRAMES // 2):
        data = wire.ethernet(random).emit()
        ends = wire.address(random), wire.address(random)
        found.append(agree(wire.damaged(random, data) if is_damaged else data, ends))
    assert found.count("good") >= FRAMES // 20, "both kinds were among them"
    assert found.count("bad") >= FRAMES // 20


def test_options_are_skipped() -> None:
    random = Random(6)
    for _ in range(FRAMES // 100):
        options = [INET.IPOption(b"\x01" * random.randint(1, 40))]
        layer = INET.IP(src="10.0.0.1", dst="10.0.0.2", proto=253, options=options)
        content = random.randbytes(9)
        data = bytes(layer / content)
        packet = Ipv4Packet.parse(data)
        assert packet == ipv4_by_scapy(data)
        assert packet.payload == content
        assert Ipv4Packet.parse(packet.emit()) == packet


def test_a_udp_checksum_of_zero_is_none() -> None:
    random = Random(7)
    for _ in range(FRAMES // 10):
        datagram, source, destination = wire.udp(random), wire.address(random), wire.address(random)
        data = bytearray(datagram.emit(source, destination))
        data[6:8] = b"\0\0"
        assert UdpDatagram.parse(bytes(data), source, destination) == datagram
        assert udp_by_scapy(bytes(data), source, destination) == datagram


def test_a_udp_checksum_that_is_zero_is_sent_as_ones() -> None:
    source, destination = IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2")
    found = 0
    for number in range(0x10000):
        data = UdpDatagram(number, 7, b"").emit(source, destination)
        assert data[6:8] != b"\0\0"
        if data[6:8] == b"\xff\xff":
            found += 1
            head = INET.IP(src=str(source), dst=str(destination))
            assert data == bytes(head / INET.UDP(sport=number, dport=7))[20:]
    assert found == 1


def test_protocol_numbers() -> None:
    assert tuple(IpProtocol) == (DPKT.ip.IP_PROTO_ICMP, DPKT.ip.IP_PROTO_TCP, DPKT.ip.IP_PROTO_UDP)
    assert tuple(EtherType) == (DPKT.ethernet.ETH_TYPE_IP, DPKT.ethernet.ETH_TYPE_ARP)
