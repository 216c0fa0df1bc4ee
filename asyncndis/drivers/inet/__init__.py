"""An IPv4 host without I/O, and the wire formats that it speaks: values that parse and emit bytes."""

from .arp import ArpOperation, ArpPacket
from .checksum import internet_checksum
from .ethernet import EthernetFrame, EtherType
from .fragments import Reassembly, ReassemblyStatistics, fragment
from .host_engine import EchoReply, HostEngine, HostStatistics, Verdict
from .icmp import IcmpMessage, IcmpType
from .ipv4 import IpProtocol, Ipv4Packet
from .malformed import MalformedPacket
from .neighbours import Neighbours, NeighboursStatistics
from .udp import UdpDatagram

__all__ = [
    "ArpOperation",
    "ArpPacket",
    "EchoReply",
    "EtherType",
    "EthernetFrame",
    "HostEngine",
    "HostStatistics",
    "IcmpMessage",
    "IcmpType",
    "IpProtocol",
    "Ipv4Packet",
    "MalformedPacket",
    "Neighbours",
    "NeighboursStatistics",
    "Reassembly",
    "ReassemblyStatistics",
    "UdpDatagram",
    "Verdict",
    "fragment",
    "internet_checksum",
]
