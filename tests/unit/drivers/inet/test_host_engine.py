"""A host answers what it should, as scapy reads it, and nothing else; no frame whatever makes it raise."""

from collections.abc import Callable
from importlib import import_module
from ipaddress import IPv4Address, IPv4Interface
from random import Random
from typing import Any

import pytest

from asyncndis.drivers.inet import (
    ArpPacket,
    EchoReply,
    EthernetFrame,
    EtherType,
    HostEngine,
    IcmpMessage,
    Ipv4Packet,
    UdpDatagram,
    Verdict,
    fragment,
)
from asyncndis.kernel import VirtualClock
from tests.unit.drivers.inet import wire

INET: Any = import_module("scapy.layers.inet")  # has no complete types
L2: Any = import_module("scapy.layers.l2")
PACKET: Any = import_module("scapy.packet")

MAC, PEER_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
ADDRESS, PEER = "10.9.0.1", "10.9.0.2"
BROADCAST = "ff:ff:ff:ff:ff:ff"
SECOND = 10_000_000


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def host(clock: VirtualClock | None = None, **options: Any) -> HostEngine:
    return HostEngine(mac(MAC), f"{ADDRESS}/24", clock=clock or VirtualClock(), **options)


def ether(**fields: Any) -> Any:
    return L2.Ether(**{"src": PEER_MAC, "dst": MAC} | fields)


def ip(**fields: Any) -> Any:
    return INET.IP(**{"src": PEER, "dst": ADDRESS} | fields)


def arp(**fields: Any) -> Any:
    return L2.ARP(**{"op": 1, "hwsrc": PEER_MAC, "psrc": PEER, "pdst": ADDRESS} | fields)


def echo(content: bytes = b"content") -> Any:
    return INET.ICMP(type=8, id=0x1234, seq=3) / content


def asked(engine: HostEngine, question: Any) -> Any:
    """The one frame that is the answer, as scapy reads it, its checksums verified."""
    [frame] = engine.receive(bytes(question))
    return sound(frame)


def sound(frame: bytes) -> Any:
    answer = L2.Ether(frame)
    again = answer.copy()
    for layer in (INET.IP, INET.ICMP, INET.UDP):
        if layer in again and not isinstance(again.getlayer(layer), INET.IPerror):
            del again.getlayer(layer).chksum
    assert bytes(again) == frame, "the checksums are those that scapy computes"
    assert (answer.src, answer.dst) == (MAC, PEER_MAC)
    return answer


def reassembled(frames: list[bytes]) -> Any:
    """The IPv4 packet in these frames, put together by scapy."""
    packets = INET.defragment([L2.Ether(frame)[INET.IP] for frame in frames])
    [packet] = packets
    return INET.IP(bytes(packet))


def test_arp() -> None:
    engine = host()
    answer = asked(engine, ether(dst=BROADCAST) / arp())[L2.ARP]
    assert (answer.op, answer.hwsrc, answer.psrc) == (2, MAC, ADDRESS)
    assert (answer.hwdst, answer.pdst) == (PEER_MAC, PEER)
    assert engine.counters == {Verdict.ARP_ANSWERED: 1}
    assert asked(engine, ether() / arp())[L2.ARP].op == 2, "asked directly, too"


def test_an_arp_probe_is_answered_and_not_learnt() -> None:
    engine = host()
    assert asked(engine, ether(dst=BROADCAST) / arp(psrc="0.0.0.0"))[L2.ARP].pdst == "0.0.0.0"
    assert engine.statistics().neighbours.known == 0


@pytest.mark.parametrize(
    ("question", "verdict"),
    [
        (arp(pdst="10.9.0.3"), Verdict.ARP_NOTED),
        (arp(op=2), Verdict.ARP_NOTED),
        (arp(op=7), Verdict.ARP_NOTED),
        (arp(psrc=ADDRESS), Verdict.ADDRESS_CONFLICT),
        (arp(psrc="255.255.255.255"), Verdict.UNANSWERED),
        (arp(psrc="10.9.0.255"), Verdict.UNANSWERED),
        (arp(psrc="192.168.0.1"), Verdict.UNANSWERED),
        (arp(hwsrc=BROADCAST), Verdict.UNANSWERED),
        (arp(hwsrc="00:00:00:00:00:00"), Verdict.UNANSWERED),
        (arp(hwtype=6), Verdict.MALFORMED),
    ],
)
def test_other_arp_is_not_answered(question: Any, verdict: Verdict) -> None:
    engine = host()
    assert engine.receive(bytes(ether(dst=BROADCAST) / question)) == []
    assert engine.counters == {verdict: 1}


@pytest.mark.parametrize("size", [0, 1, 56, 1472])
def test_ping(size: int) -> None:
    engine = host()
    content = Random(size).randbytes(size)
    answer = asked(engine, ether() / ip(tos=0) / echo(content))
    assert (answer[INET.IP].src, answer[INET.IP].dst, answer[INET.IP].ttl) == (ADDRESS, PEER, 64)
    reply = answer[INET.ICMP]
    assert (reply.type, reply.code, reply.id, reply.seq, bytes(reply.payload)) == (0, 0, 0x1234, 3, content)
    assert engine.counters == {Verdict.ECHO_ANSWERED: 1}


def test_a_ping_with_options_and_padding() -> None:
    options = [INET.IPOption_RR(length=39, routers=["0.0.0.0"] * 9)]
    question = ether() / ip(options=options) / echo(b"1") / PACKET.Padding(bytes(10))
    assert bytes(asked(host(), question)[INET.ICMP].payload) == b"1"


@pytest.mark.parametrize("size", [1473, 8000, 65507])
@pytest.mark.parametrize("mtu", [68, 1500, 9000])
def test_a_long_ping(size: int, mtu: int) -> None:
    """Cut to the MTU both ways, as ``ping -s 8000`` is, and put together by scapy."""
    engine = host(mtu=mtu)
    content = Random(size).randbytes(size)
    whole = Ipv4Packet.parse(bytes(ip() / echo(content)))
    parts = [EthernetFrame(mac(MAC), mac(PEER_MAC), EtherType.IPV4, part.emit()) for part in fragment(whole, mtu)]
    answers = [engine.receive(part.emit()) for part in parts]
    assert answers[:-1] == [[]] * (len(parts) - 1)
    assert len(answers[-1]) == len(parts)
    assert all(len(frame) <= 14 + mtu for frame in answers[-1])
    if mtu > 68:  # scapy takes long for a thousand
        reply = reassembled(answers[-1])
        assert (reply[INET.ICMP].type, bytes(reply[INET.ICMP].payload)) == (0, content)
    assert (engine.counters[Verdict.ECHO_ANSWERED], engine.counters[Verdict.FRAGMENT]) == (1, len(parts) - 1)


def test_fragments_by_scapy() -> None:
    engine = host()
    content = Random(1).randbytes(8000)
    parts = [ether() / part for part in INET.fragment(ip(id=7) / echo(content), 1480)]
    Random(2).shuffle(parts)
    frames = [frame for part in parts for frame in engine.receive(bytes(part))]
    assert bytes(reassembled(frames)[INET.ICMP].payload) == content


@pytest.mark.parametrize("size", [0, 1, 1472, 1473, 60_000])
def test_udp_echo(size: int) -> None:
    engine = host(mtu=1500)
    content = Random(size).randbytes(size)
    question = bytes(ip() / INET.UDP(sport=5000, dport=7) / content)
    frames = [
        frame
        for part in fragment(Ipv4Packet.parse(question), 1500)
        for frame in engine.receive(EthernetFrame(mac(MAC), mac(PEER_MAC), EtherType.IPV4, part.emit()).emit())
    ]
    answer = reassembled(frames) if len(frames) > 1 else sound(frames[0])[INET.IP]
    assert (answer.src, answer.dst) == (ADDRESS, PEER)
    datagram = answer[INET.UDP]
    assert (datagram.sport, datagram.dport, bytes(datagram.payload)) == (7, 5000, content)
    assert INET.in4_chksum(17, answer, bytes(datagram)) == 0
    assert engine.counters[Verdict.UDP_ECHOED] == 1


def test_udp_without_a_checksum_is_echoed() -> None:
    answer = asked(host(), ether() / ip() / INET.UDP(sport=5000, dport=7, chksum=0) / b"content")
    assert bytes(answer[INET.UDP].payload) == b"content"
    assert answer[INET.UDP].chksum != 0


def test_nobody_listens() -> None:
    question = ip(id=77) / INET.UDP(sport=5000, dport=8) / b"content"
    engine = host()
    answer = asked(engine, ether() / question)
    error = answer[INET.ICMP]
    assert (answer[INET.IP].dst, error.type, error.code) == (PEER, 3, 3)
    quoted = error[INET.IPerror]
    assert (quoted.src, quoted.dst, quoted.id, quoted.len) == (PEER, ADDRESS, 77, 35)
    assert (error[INET.UDPerror].sport, error[INET.UDPerror].dport) == (5000, 8)
    assert bytes(quoted) == bytes(question)[:28]
    assert engine.counters == {Verdict.PORT_UNREACHABLE: 1}


def wrong(packet: Any, layer: Any, **fields: Any) -> Any:
    """The packet with fields of a layer set, after all else was computed."""
    built = L2.Ether(bytes(packet))
    for name, value in fields.items():
        setattr(built[layer], name, value)
    return built


UNANSWERED: dict[str, tuple[Any, Verdict]] = {
    "for another station": (ether(dst="02:00:00:00:00:03") / ip() / echo(), Verdict.NOT_OURS),
    "for all stations": (ether(dst=BROADCAST) / ip() / echo(), Verdict.NOT_OURS),
    "for a group of stations": (ether(dst="01:00:5e:00:00:01") / ip() / echo(), Verdict.NOT_OURS),
    "for another host": (ether() / ip(dst="10.9.0.3") / echo(), Verdict.NOT_OURS),
    "for all hosts": (ether() / ip(dst="255.255.255.255") / echo(), Verdict.NOT_OURS),
    "for all hosts here": (ether() / ip(dst="10.9.0.255") / echo(), Verdict.NOT_OURS),
    "for a group of hosts": (ether() / ip(dst="224.0.0.1") / echo(), Verdict.NOT_OURS),
    "from a group of stations": (ether(src="03:00:00:00:00:02") / ip() / echo(), Verdict.UNANSWERED),
    "from itself": (ether(src=MAC) / ip() / echo(), Verdict.UNANSWERED),
    "from its own address": (ether() / ip(src=ADDRESS) / echo(), Verdict.UNANSWERED),
    "from a group of hosts": (ether() / ip(src="224.0.0.1") / echo(), Verdict.UNANSWERED),
    "from all hosts": (ether() / ip(src="255.255.255.255") / echo(), Verdict.UNANSWERED),
    "from all hosts here": (ether() / ip(src="10.9.0.255") / echo(), Verdict.UNANSWERED),
    "from no host": (ether() / ip(src="0.0.0.0") / echo(), Verdict.UNANSWERED),
    "from loopback": (ether() / ip(src="127.0.0.1") / echo(), Verdict.UNANSWERED),
    "a code": (ether() / ip() / INET.ICMP(type=8, code=1), Verdict.UNANSWERED),
    "an ICMP error": (ether() / ip() / INET.ICMP(type=3, code=3) / ip() / INET.UDP(), Verdict.UNANSWERED),
    "another ICMP": (ether() / ip() / INET.ICMP(type=13), Verdict.UNANSWERED),
    "TCP": (ether() / ip() / INET.TCP(), Verdict.UNANSWERED),
    "an echo of an echo": (ether() / ip() / INET.UDP(sport=7, dport=7) / b"x", Verdict.UNANSWERED),
    "no port": (ether() / ip() / INET.UDP(sport=0, dport=7) / b"x", Verdict.UNANSWERED),
    "IPv6": (ether(type=0x86DD) / bytes(40), Verdict.NOT_OURS),
    "a tag": (ether() / L2.Dot1Q(vlan=5) / ip() / echo(), Verdict.NOT_OURS),
    "a runt": (PACKET.Raw(bytes(13)), Verdict.MALFORMED),
    "header checksum": (wrong(ether() / ip() / echo(), INET.IP, chksum=1), Verdict.MALFORMED),
    "ICMP checksum": (wrong(ether() / ip() / echo(), INET.ICMP, chksum=1), Verdict.MALFORMED),
    "UDP checksum": (wrong(ether() / ip() / INET.UDP(dport=7) / b"x", INET.UDP, chksum=1), Verdict.MALFORMED),
    "UDP length": (ether() / ip() / INET.UDP(dport=7, len=99) / b"x", Verdict.MALFORMED),
    "version": (ether() / ip(version=5) / echo(), Verdict.MALFORMED),
    "cut off": (PACKET.Raw(bytes(ether() / ip() / echo())[:-1]), Verdict.MALFORMED),
    "first fragment": (ether() / ip(flags="MF") / bytes(8), Verdict.FRAGMENT),
    "last fragment": (ether() / ip(frag=1) / b"x", Verdict.FRAGMENT),
}


@pytest.mark.parametrize(("question", "verdict"), UNANSWERED.values(), ids=UNANSWERED)
def test_what_is_not_answered(question: Any, verdict: Verdict) -> None:
    engine = host()
    assert engine.receive(bytes(question)) == []
    assert engine.counters == {verdict: 1}
    assert (engine.statistics().received, engine.statistics().sent) == (1, 0)


def test_every_verdict_is_reached() -> None:
    reached = {verdict for _, verdict in UNANSWERED.values()}
    answered = {Verdict.ARP_ANSWERED, Verdict.ECHO_ANSWERED, Verdict.UDP_ECHOED, Verdict.PORT_UNREACHABLE}
    elsewhere = {Verdict.ARP_NOTED, Verdict.ADDRESS_CONFLICT, Verdict.ECHO_REPLY}
    assert reached | answered | elsewhere == set(Verdict)


def test_the_announcement() -> None:
    engine = host()
    [frame] = engine.start()
    question = L2.Ether(frame)
    assert (question.dst, question.src, question[L2.ARP].op) == (BROADCAST, MAC, 1)
    assert question[L2.ARP].psrc == question[L2.ARP].pdst == ADDRESS
    assert engine.statistics().sent == 1


def connected(*engines: HostEngine) -> Callable[[list[bytes]], int]:
    """A wire between hosts: carries frames until there are none, and counts them."""

    def carry(frames: list[bytes]) -> int:
        count = 0
        while frames:
            frame, *frames = frames
            frames += [answer for engine in engines for answer in engine.receive(frame)]
            count += 1
        return count

    return carry


def test_two_hosts_ping_each_other() -> None:
    clock = VirtualClock()
    here, there = host(clock), HostEngine(mac(PEER_MAC), f"{PEER}/24", clock=clock)
    carry = connected(here, there)
    assert carry(here.ping(PEER, b"content", identifier=5, sequence=1)) == 4, "ARP, echo, and their answers"
    reply = EchoReply(IPv4Address(PEER), 5, 1, b"content")
    assert here.take_replies() == [reply]
    assert here.take_replies() == []
    assert carry(here.ping(PEER, b"more")) == 2, "its address is known now"
    assert carry(there.ping(IPv4Address(ADDRESS))) == 2, "and so is that of who asked for it"
    clock.stall(60 * SECOND)
    assert carry(here.ping(PEER, bytes(8000))) == 2 + 6 + 6
    assert [len(each.payload) for each in here.take_replies()] == [4, 8000]
    assert there.take_replies() == [EchoReply(IPv4Address(ADDRESS), 0, 0, b"")]


def test_pings_wait_for_an_address() -> None:
    clock = VirtualClock()
    engine = host(clock)
    frames = [engine.ping(PEER, sequence=number) for number in range(10)]
    assert [len(each) for each in frames] == [1] + [0] * 9
    assert L2.Ether(frames[0][0])[L2.ARP].pdst == PEER
    answers = engine.receive(bytes(ether() / arp(op=2, hwdst=MAC)))
    assert [sound(frame)[INET.ICMP].seq for frame in answers] == list(range(2, 10)), "the oldest were dropped"
    assert engine.statistics().neighbours.dropped == 2


def test_a_question_by_a_host_that_is_asked_for_is_its_answer() -> None:
    engine = host()
    engine.ping(PEER)
    answer, request = engine.receive(bytes(ether(dst=BROADCAST) / arp()))
    assert L2.Ether(answer)[L2.ARP].op == 2
    assert sound(request)[INET.ICMP].type == 8


def test_a_known_neighbour_may_move() -> None:
    """RFC 826: what is in the table is renewed by any ARP packet; others add nothing to it."""
    engine = host()
    engine.receive(bytes(ether() / arp()))
    engine.receive(bytes(ether(dst=BROADCAST) / arp(hwsrc="02:00:00:00:00:04", pdst=PEER)))
    engine.receive(bytes(ether(dst=BROADCAST) / arp(psrc="10.9.0.3", pdst="10.9.0.3")))
    assert engine.statistics().neighbours.known == 1
    [frame] = engine.ping(PEER)
    assert L2.Ether(frame).dst == "02:00:00:00:00:04"


def test_replies_are_bounded() -> None:
    engine = host(max_replies=2)
    for number in range(3):
        engine.receive(bytes(ether() / ip() / INET.ICMP(type=0, id=1, seq=number)))
    assert [reply.sequence for reply in engine.take_replies()] == [1, 2]
    assert engine.counters == {Verdict.ECHO_REPLY: 3}


def test_nothing_of_a_frame_is_kept() -> None:
    """A driver lends its memory for the length of the call."""
    engine = host()
    content = bytes(range(16))
    frames: list[bytes] = []
    for part in INET.fragment(ip() / echo(content), 16):
        memory = bytearray(bytes(ether() / part))
        frames += engine.receive(memoryview(memory))
        memory[:] = bytes(len(memory))
    assert bytes(sound(frames[0])[INET.ICMP].payload) == content


def fuzzed(random: Random) -> bytes:
    """A frame that looks as if it were for the host, sound or damaged, or just bytes."""
    kind = random.randrange(8)
    if kind == 0:
        return random.randbytes(random.randrange(200))
    source = random.choice((IPv4Address(PEER), IPv4Address("10.9.0.9"), wire.address(random)))
    target = IPv4Address(ADDRESS)
    if kind == 1:
        sender = random.choice((source, source, target))
        content = ArpPacket(random.randrange(4), mac(PEER_MAC), sender, bytes(6), target).emit()
        frame = EthernetFrame(random.choice((mac(MAC), b"\xff" * 6)), mac(PEER_MAC), EtherType.ARP, content)
        return frame.emit() if random.random() < 0.3 else wire.damaged(random, frame.emit())
    if kind == 2:  # one of a few packets, so that fragments find each other
        protocol, content, source = 1, IcmpMessage.echo_request(1, 2, bytes(100)).emit(), IPv4Address(PEER)
    elif random.random() < 0.5:
        protocol, content = 1, wire.icmp(random).emit()
    else:
        protocol, content = 17, UdpDatagram(random.randrange(9), random.randrange(9), b"content").emit(source, target)
    whole = Ipv4Packet(source, target, protocol, content, random.randrange(4))
    part = random.choice(fragment(whole, 68)) if kind == 2 else whole
    content = part.emit()
    if kind in {3, 4}:
        content = wire.damaged(random, content)
    return EthernetFrame(mac(MAC), mac(PEER_MAC), EtherType.IPV4, content).emit()


def test_no_frame_makes_it_raise() -> None:
    random = Random(13)
    clock = VirtualClock()
    engine = host(clock, mtu=576)
    sent = 0
    for _ in range(100_000):
        frames = engine.receive(fuzzed(random))
        sent += len(frames)
        assert all(14 < len(frame) <= 590 for frame in frames)
        clock.stall(random.randrange(1000))
    statistics = engine.statistics()
    assert (statistics.received, statistics.sent) == (100_000, sent)
    assert engine.counters.total() == 100_000
    assert set(engine.counters) == set(Verdict)
    assert min(engine.counters.values()) > 100, "each verdict was met often"
    assert statistics.reassembly.waiting <= 16
    assert statistics.reassembly.complete > 100


def test_the_status_line() -> None:
    engine = host()
    engine.start()
    assert repr(engine) == "<HostEngine 10.9.0.1/24 at 02:00:00:00:00:01, 0 received, 1 sent>"
    assert (engine.mac, engine.address) == (mac(MAC), IPv4Address(ADDRESS))


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((b"", "10.9.0.1/24"), ValueError),
        ((mac(BROADCAST), "10.9.0.1/24"), ValueError),
        ((bytes(6), "10.9.0.1/24"), ValueError),
        ((MAC, "10.9.0.1/24"), TypeError),
        ((mac(MAC), "10.9.0.1"), ValueError),
        ((mac(MAC), "10.9.0/24"), ValueError),
        ((mac(MAC), "10.9.0.0/24"), ValueError),
        ((mac(MAC), "10.9.0.255/24"), ValueError),
        ((mac(MAC), "224.0.0.1/24"), ValueError),
        ((mac(MAC), "0.0.0.0/0"), ValueError),
        ((mac(MAC), "127.0.0.1/8"), ValueError),
        ((mac(MAC), b"10.9.0.1/24"), TypeError),
        ((mac(MAC), IPv4Address(ADDRESS)), TypeError),
    ],
)
def test_bad_addresses(arguments: tuple[Any, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        HostEngine(*arguments, clock=VirtualClock())


def test_a_link_of_two() -> None:
    engine = HostEngine(mac(MAC), IPv4Interface("10.9.0.0/31"), clock=VirtualClock())
    assert len(engine.ping("10.9.0.1")) == 1


@pytest.mark.parametrize("address", ["10.9.1.1", "10.9.0.255", "10.9.0.0", ADDRESS, "nobody", "224.0.0.1"])
def test_who_cannot_be_pinged(address: str) -> None:
    engine = host()
    with pytest.raises(ValueError, match=address):
        engine.ping(address)
    assert engine.statistics().sent == 0


def test_bad_pings() -> None:
    engine = host()
    with pytest.raises(ValueError, match="the length of the payload"):
        engine.ping(PEER, bytes(65_508))
    with pytest.raises(ValueError, match="sequence"):
        engine.ping(PEER, sequence=0x10000)
    with pytest.raises(TypeError, match="payload"):
        engine.ping(PEER, "text")  # type: ignore[arg-type]  # bad input is the point
    assert engine.statistics().neighbours.unresolved == 0


@pytest.mark.parametrize("frame", [None, 5, "text", [1]])
def test_bad_frames(frame: Any) -> None:
    engine = host()
    with pytest.raises(TypeError):
        engine.receive(frame)
    assert engine.counters.total() == 0
