"""An IPv4 host without tasks and without I/O: frames in, frames out (RFC 826, 791, 792, 768, 862, 1122).

Rules: any bytes are taken, none raises, and each frame is counted under exactly one verdict. What is not for this
host, or came from or to several stations at once, is never answered (RFC 1122 3.2.2), a question for its MAC address
excepted; neither is an ICMP error, nor a UDP echo between two echo ports. An answer goes to the station that sent the
question, so that no route is needed.
"""

from collections import Counter, deque
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from asyncndis.base import check_instance, check_integer
from asyncndis.drivers.mac_address import BROADCAST, check_mac, is_group
from asyncndis.kernel import Clock, current_clock

from .arp import ArpOperation, ArpPacket
from .ethernet import EthernetFrame, EtherType
from .fragments import MTU_MIN, Reassembly, ReassemblyStatistics, fragment
from .icmp import IcmpMessage, IcmpType
from .ipv4 import IpProtocol, Ipv4Packet
from .malformed import MalformedPacket
from .neighbours import Neighbours, NeighboursStatistics
from .udp import UdpDatagram

__all__ = ["ECHO_PORT", "EchoReply", "HostEngine", "HostStatistics", "Verdict"]

ECHO_PORT = 7
"""The UDP port of the echo service."""


class Verdict(StrEnum):
    """What a frame was found to be, and what was done about it."""

    ARP_ANSWERED = "ARP request, answered"
    ARP_NOTED = "ARP, noted"
    ADDRESS_CONFLICT = "ARP of a station that has the same address"
    ECHO_ANSWERED = "ICMP echo request, answered"
    ECHO_REPLY = "ICMP echo reply"
    UDP_ECHOED = "UDP, echoed"
    PORT_UNREACHABLE = "UDP, nobody listens at its port"
    FRAGMENT = "fragment, kept or refused"
    NOT_OURS = "not for this host"
    UNANSWERED = "nothing to answer"
    MALFORMED = "malformed"


_Judgement = tuple[Verdict, list[bytes]]


@dataclass(frozen=True, slots=True)
class EchoReply:
    """An answer to a ping.

    :ivar source: who answered
    :ivar identifier: as it was asked
    :ivar sequence: as it was asked
    :ivar payload: as it came back
    """

    source: IPv4Address
    identifier: int
    sequence: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class HostStatistics:
    """The state of a host at one moment.

    :ivar received: frames taken
    :ivar sent: frames given out
    :ivar malformed: frames taken that were malformed
    :ivar neighbours: what is known of the neighbours
    :ivar reassembly: what became of packets in fragments
    """

    received: int
    sent: int
    malformed: int
    neighbours: NeighboursStatistics
    reassembly: ReassemblyStatistics


class HostEngine:
    """An IPv4 host: it answers ARP, ICMP echo and UDP echo, and can ping.

    :param mac: its MAC address
    :param address: its IPv4 address with the length of the prefix, as "10.9.0.1/24"
    :param mtu: the longest IPv4 packet of the link, in bytes
    :param clock: tells the time; by default the current one
    :param max_replies: how many answers to pings are kept; the oldest goes first
    :ivar counters: how many frames met with which verdict
    """

    __slots__ = (
        "_address",
        "_identification",
        "_interface",
        "_mac",
        "_mtu",
        "_neighbours",
        "_reassembly",
        "_replies",
        "_sent",
        "counters",
    )

    def __init__(
        self,
        mac: bytes,
        address: IPv4Interface | str,
        *,
        mtu: int = 1500,
        clock: Clock | None = None,
        max_replies: int = 64,
    ) -> None:
        check_mac("mac", mac)
        check_integer("mtu", mtu, MTU_MIN, 0xFFFF)
        check_integer("max_replies", max_replies, 1)
        if is_group(mac) or not any(mac):
            raise ValueError(f"mac is the address of one station, not {mac.hex(':')}")
        self._mac = mac
        self._interface = _interface(address)
        self._address = self._interface.ip  # which makes a new one each time
        self._mtu = mtu
        clock = current_clock() if clock is None else clock
        self._neighbours = Neighbours(clock)
        self._reassembly = Reassembly(clock)
        self._replies: deque[EchoReply] = deque(maxlen=max_replies)
        self._identification = 0
        self._sent = 0
        self.counters: Counter[Verdict] = Counter()

    def __repr__(self) -> str:
        return f"<HostEngine {self._interface} at {self._mac.hex(':')}, {self._received} received, {self._sent} sent>"

    @property
    def mac(self) -> bytes:
        """Its MAC address. IRQL: any."""
        return self._mac

    @property
    def address(self) -> IPv4Address:
        """Its IPv4 address. IRQL: any."""
        return self._address

    def statistics(self) -> HostStatistics:
        """The state of it now. IRQL: any."""
        return HostStatistics(
            self._received,
            self._sent,
            self.counters[Verdict.MALFORMED],
            self._neighbours.statistics(),
            self._reassembly.statistics(),
        )

    def start(self) -> list[bytes]:
        """The frames to send when the link comes up: an announcement of the address. IRQL: any."""
        return self._sending([self._arp_request(self._address)])

    def receive(self, frame: bytes | bytearray | memoryview) -> list[bytes]:
        """Take a frame. IRQL: any.

        :param frame: from the destination address on, without the check sequence; nothing of it is kept
        :returns: the frames to send for it, in their order
        """
        try:
            verdict, frames = self._judge(EthernetFrame.parse(bytes(memoryview(frame))))
        except MalformedPacket:
            verdict, frames = Verdict.MALFORMED, []
        self.counters[verdict] += 1
        return self._sending(frames)

    def ping(
        self, address: IPv4Address | str, payload: bytes = b"", *, identifier: int = 0, sequence: int = 0
    ) -> list[bytes]:
        """Send an ICMP echo request; while the neighbour's MAC address is unknown, ask for that first. IRQL: any.

        :param address: who to ask, a neighbour on the link
        :param payload: what to have sent back
        :param identifier: which sender asks, in 16 bits
        :param sequence: which of its requests this is, in 16 bits
        :returns: the frames to send now; those of a request that waits are returned by :meth:`receive`
        :raises ValueError: when ``address`` cannot be that of a neighbour, or the payload is too long
        """
        neighbour = IPv4Address(address)
        if neighbour not in self._interface.network or not self._is_neighbour(neighbour):
            raise ValueError(f"{neighbour} is no neighbour of {self._interface}")
        request = IcmpMessage.echo_request(identifier, sequence, payload)
        packet = self._packet(neighbour, IpProtocol.ICMP, request.emit())
        mac = self._neighbours.lookup(neighbour)
        if mac is not None:
            return self._sending(self._frames(mac, packet))
        return self._sending([self._arp_request(neighbour)] if self._neighbours.hold(packet) else [])

    def take_replies(self) -> list[EchoReply]:
        """The answers to pings that came since this was last called, oldest first. IRQL: any."""
        replies = list(self._replies)
        self._replies.clear()
        return replies

    @property
    def _received(self) -> int:
        return self.counters.total()

    def _judge(self, frame: EthernetFrame) -> _Judgement:
        if frame.source == self._mac or is_group(frame.source):
            return Verdict.UNANSWERED, []
        if frame.ether_type == EtherType.ARP and frame.destination in (self._mac, BROADCAST):
            return self._arp(ArpPacket.parse(frame.payload))
        if frame.ether_type == EtherType.IPV4 and frame.destination == self._mac:
            return self._ipv4(frame.source, Ipv4Packet.parse(frame.payload))
        return Verdict.NOT_OURS, []

    def _arp(self, packet: ArpPacket) -> _Judgement:
        """Learn from who speaks to this host, or is known already, and answer a question for it."""
        if is_group(packet.sender_mac) or not any(packet.sender_mac):
            return Verdict.UNANSWERED, []
        if packet.sender == self._address:
            return Verdict.ADDRESS_CONFLICT, []
        is_for_us = packet.target == self._address
        frames: list[bytes] = []
        if self._is_neighbour(packet.sender) and packet.sender in self._interface.network:
            if is_for_us or self._neighbours.lookup(packet.sender) is not None:
                for waiting in self._neighbours.learn(packet.sender, packet.sender_mac):
                    frames += self._frames(packet.sender_mac, waiting)
        elif packet.sender.packed != bytes(4):  # a probe asks before it has an address
            return Verdict.UNANSWERED, []
        if packet.operation != ArpOperation.REQUEST or not is_for_us:
            return Verdict.ARP_NOTED, frames
        answer = EthernetFrame(packet.sender_mac, self._mac, EtherType.ARP, packet.reply(self._mac).emit())
        return Verdict.ARP_ANSWERED, [answer.emit(), *frames]

    def _ipv4(self, mac: bytes, packet: Ipv4Packet) -> _Judgement:
        if packet.destination != self._address:
            return Verdict.NOT_OURS, []
        if not self._is_neighbour(packet.source):
            return Verdict.UNANSWERED, []
        whole = self._reassembly.add(packet)
        if whole is None:
            return Verdict.FRAGMENT, []
        if whole.protocol == IpProtocol.ICMP:
            return self._icmp(mac, whole)
        if whole.protocol == IpProtocol.UDP:
            return self._udp(mac, whole)
        return Verdict.UNANSWERED, []

    def _icmp(self, mac: bytes, packet: Ipv4Packet) -> _Judgement:
        message = IcmpMessage.parse(packet.payload)
        if message.code == 0 and message.kind == IcmpType.ECHO_REQUEST:
            answer = self._packet(packet.source, IpProtocol.ICMP, message.echo_reply().emit())
            return Verdict.ECHO_ANSWERED, self._frames(mac, answer)
        if message.code == 0 and message.kind == IcmpType.ECHO_REPLY:
            self._replies.append(EchoReply(packet.source, message.identifier, message.sequence, message.payload))
            return Verdict.ECHO_REPLY, []
        return Verdict.UNANSWERED, []

    def _udp(self, mac: bytes, packet: Ipv4Packet) -> _Judgement:
        datagram = UdpDatagram.parse(packet.payload, packet.source, packet.destination)
        if datagram.destination_port != ECHO_PORT:
            error = self._packet(packet.source, IpProtocol.ICMP, IcmpMessage.port_unreachable(packet).emit())
            return Verdict.PORT_UNREACHABLE, self._frames(mac, error)
        if datagram.source_port in (0, ECHO_PORT):
            return Verdict.UNANSWERED, []
        echo = UdpDatagram(ECHO_PORT, datagram.source_port, datagram.payload).emit(self._address, packet.source)
        return Verdict.UDP_ECHOED, self._frames(mac, self._packet(packet.source, IpProtocol.UDP, echo))

    def _is_neighbour(self, address: IPv4Address) -> bool:
        """Whether an address can be that of one other host."""
        return address != self._address and _is_host(address, self._interface.network)

    def _packet(self, destination: IPv4Address, protocol: IpProtocol, payload: bytes) -> Ipv4Packet:
        packet = Ipv4Packet(self._address, destination, protocol, payload, self._identification)
        self._identification = (self._identification + 1) & 0xFFFF
        return packet

    def _frames(self, mac: bytes, packet: Ipv4Packet) -> list[bytes]:
        parts = fragment(packet, self._mtu)
        return [EthernetFrame(mac, self._mac, EtherType.IPV4, part.emit()).emit() for part in parts]

    def _arp_request(self, target: IPv4Address) -> bytes:
        request = ArpPacket.request(self._mac, self._address, target)
        return EthernetFrame(BROADCAST, self._mac, EtherType.ARP, request.emit()).emit()

    def _sending(self, frames: list[bytes]) -> list[bytes]:
        self._sent += len(frames)
        return frames


def _is_host(address: IPv4Address, network: IPv4Network) -> bool:
    """Whether one host can have an address: it means neither "this host" nor several, and is not reserved."""
    first = int(address) >> 24
    is_edge = network.prefixlen < 31 and address in (network.network_address, network.broadcast_address)
    return 0 < first < 224 and first != 127 and not is_edge


def _interface(address: IPv4Interface | str) -> IPv4Interface:
    if isinstance(address, str):
        if "/" not in address:
            raise ValueError(f"address has the length of its prefix behind it, as '10.9.0.1/24', not {address!r}")
        address = IPv4Interface(address)
    check_instance("address", address, IPv4Interface)
    if not _is_host(address.ip, address.network):
        raise ValueError(f"address is that of one host, not {address}")
    return address
