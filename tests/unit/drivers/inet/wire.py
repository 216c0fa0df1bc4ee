"""Random values of every format, from a seed, and random damage to bytes."""

from ipaddress import IPv4Address
from random import Random

from asyncndis.drivers.inet import ArpPacket, EthernetFrame, EtherType, IcmpMessage, IpProtocol, Ipv4Packet, UdpDatagram

__all__ = ["SIZES", "address", "arp", "damaged", "ethernet", "icmp", "ipv4", "layers", "udp"]

SIZES = (0, 1, 2, 7, 8, 9, 17, 64, 255, 256, 513)


def address(random: Random) -> IPv4Address:
    return IPv4Address(random.getrandbits(32))


def payload(random: Random) -> bytes:
    return random.randbytes(random.choice(SIZES))


def arp(random: Random) -> ArpPacket:
    operation = random.choice((1, 1, 2, 2, random.getrandbits(16)))
    return ArpPacket(operation, random.randbytes(6), address(random), random.randbytes(6), address(random))


def icmp(random: Random) -> IcmpMessage:
    kind = random.choice((0, 3, 8, 8, random.getrandbits(8)))
    return IcmpMessage(kind, random.choice((0, 0, 3)), random.getrandbits(32), payload(random))


def udp(random: Random) -> UdpDatagram:
    port = random.choice((7, 53, random.getrandbits(16)))
    return UdpDatagram(random.getrandbits(16), port, payload(random))


def ipv4(random: Random, protocol: int, content: bytes, source: IPv4Address, destination: IPv4Address) -> Ipv4Packet:
    return Ipv4Packet(
        source,
        destination,
        protocol,
        content,
        random.getrandbits(16),
        random.getrandbits(8),
        random.choice((0, 0, 0, random.getrandbits(13) * 8)),
        random.random() < 0.2,
        random.random() < 0.2,
        random.getrandbits(8),
    )


def layers(random: Random) -> tuple[Ipv4Packet, IcmpMessage | UdpDatagram | None]:
    """An IPv4 packet, and what is in it where that is known."""
    source, destination = address(random), address(random)
    match random.choice((IpProtocol.ICMP, IpProtocol.UDP, random.getrandbits(8))):
        case IpProtocol.ICMP:
            message = icmp(random)
            return ipv4(random, IpProtocol.ICMP, message.emit(), source, destination), message
        case IpProtocol.UDP:
            datagram = udp(random)
            return ipv4(random, IpProtocol.UDP, datagram.emit(source, destination), source, destination), datagram
        case protocol:
            return ipv4(random, protocol, payload(random), source, destination), None


def ethernet(random: Random) -> EthernetFrame:
    """A frame with ARP or IPv4 in it."""
    if random.random() < 0.2:
        kind, content = EtherType.ARP, arp(random).emit()
    else:
        kind, content = EtherType.IPV4, layers(random)[0].emit()
    return EthernetFrame(random.randbytes(6), random.randbytes(6), kind, content)


def damaged(random: Random, data: bytes) -> bytes:
    """The bytes with a few bits or bytes changed, cut off or added."""
    changed = bytearray(data)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(changed)) if changed else 0
        match random.randrange(4):
            case 0 if changed:
                changed[at] ^= 1 << random.randrange(8)
            case 1 if changed:
                changed[at] = random.choice((0, 0xFF, random.getrandbits(8)))
            case 2:
                del changed[at:]
            case _:
                changed += random.randbytes(random.choice((1, 4, 40)))
    return bytes(changed)
