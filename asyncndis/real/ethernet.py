"""Tells the kind of an Ethernet frame by its headers, as a path like ``IPv4/UDP/DHCP``.

Rules: any bytes get an answer, none raises; headers are read in place, nothing is copied. An application is
told by its port alone (the lower one, where both are known), not by the payload. A header that claims more
than the frame holds ends the path with ``malformed``; a number without a name stands for itself.
"""

from typing import TypeAlias

__all__ = ["classify"]

_Bytes: TypeAlias = bytes | bytearray | memoryview

_HEADER = 14
_MAX_802_3_LENGTH = 1500
_MAX_TAGS = 2
_MAX_EXTENSIONS = 8

_IPV4 = 0x0800
_IPV6 = 0x86DD
_TAGS = {0x8100: "802.1Q/", 0x88A8: "802.1ad/"}
_ETHER_TYPES = {
    0x0806: "ARP",
    0x8035: "RARP",
    0x8100: "802.1Q",
    0x8847: "MPLS",
    0x8863: "PPPoE",
    0x8864: "PPPoE",
    0x888E: "EAPOL",
    0x88A8: "802.1ad",
    0x88CC: "LLDP",
    0x88F7: "PTP",
    0x9000: "loopback",
}
_SAPS = {0x42: "802.3 STP", 0xAA: "802.3 SNAP"}

_TCP = 6
_UDP = 17
_PROTOCOLS = {
    1: "ICMP",
    2: "IGMP",
    6: "TCP",
    17: "UDP",
    47: "GRE",
    50: "ESP",
    51: "AH",
    58: "ICMPv6",
    89: "OSPF",
    103: "PIM",
    112: "VRRP",
    132: "SCTP",
}
_PORTS = {
    _TCP: {22: "SSH", 53: "DNS", 80: "HTTP", 443: "HTTPS"},
    _UDP: {
        53: "DNS",
        67: "DHCP",
        68: "DHCP",
        123: "NTP",
        443: "QUIC",
        546: "DHCPv6",
        547: "DHCPv6",
        1900: "SSDP",
        5353: "mDNS",
        5355: "LLMNR",
    },
}

_FRAGMENT_HEADER = 44
_EXTENSIONS = {0, 43, _FRAGMENT_HEADER, 60}  # hop-by-hop, routing, fragment, destination options


def classify(frame: _Bytes) -> str:
    """The kind of an Ethernet frame: ``ARP``, ``IPv4/TCP/HTTP``, ``802.1Q/IPv6/ICMPv6`` and so on.

    IRQL: any.

    :param frame: the frame from its destination address on, without the check sequence; never changed
    :returns: the path of its headers, outermost first; ``runt`` where not even the Ethernet header is whole
    """
    path = ""
    at = _HEADER
    for _ in range(_MAX_TAGS):
        if len(frame) < at:
            break
        tag = _TAGS.get(frame[at - 2] << 8 | frame[at - 1])
        if tag is None:
            break
        path += tag
        at += 4
    if len(frame) < at:
        return f"{path}malformed" if path else "runt"
    return path + _payload(frame, at)


def _payload(frame: _Bytes, at: int) -> str:
    """The kind of what begins at ``at``, behind its type or length."""
    kind = frame[at - 2] << 8 | frame[at - 1]
    if kind == _IPV4:
        return _ipv4(frame, at)
    if kind == _IPV6:
        return _ipv6(frame, at)
    if kind <= _MAX_802_3_LENGTH:
        return _SAPS.get(frame[at], "802.3 LLC") if len(frame) > at else "802.3/malformed"
    return _ETHER_TYPES.get(kind) or f"0x{kind:04X}"


def _ipv4(frame: _Bytes, at: int) -> str:
    size = (frame[at] & 0x0F) * 4 if len(frame) >= at + 20 else 0
    if size < 20 or frame[at] >> 4 != 4:
        return "IPv4/malformed"
    if frame[at + 6] & 0x1F or frame[at + 7]:
        return "IPv4/fragment"  # not the first: the header of the protocol is elsewhere
    return "IPv4/" + _transport(frame, at + size, frame[at + 9])


def _ipv6(frame: _Bytes, at: int) -> str:
    if len(frame) < at + 40 or frame[at] >> 4 != 6:
        return "IPv6/malformed"
    protocol = frame[at + 6]
    at += 40
    for _ in range(_MAX_EXTENSIONS):
        if protocol not in _EXTENSIONS:
            break
        if len(frame) < at + 8:
            return "IPv6/malformed"
        if protocol == _FRAGMENT_HEADER and (frame[at + 2] or frame[at + 3] & 0xF8):
            return "IPv6/fragment"
        size = 8 if protocol == _FRAGMENT_HEADER else (frame[at + 1] + 1) * 8
        protocol = frame[at]
        at += size
    return "IPv6/" + _transport(frame, at, protocol)


def _transport(frame: _Bytes, at: int, protocol: int) -> str:
    name = _PROTOCOLS.get(protocol)
    if name is None:
        return str(protocol)
    ports = _PORTS.get(protocol)
    if ports is None:
        return name
    if len(frame) < at + 4:
        return f"{name}/malformed"
    source = frame[at] << 8 | frame[at + 1]
    destination = frame[at + 2] << 8 | frame[at + 3]
    application = ports.get(min(source, destination)) or ports.get(max(source, destination))
    return f"{name}/{application}" if application else name
