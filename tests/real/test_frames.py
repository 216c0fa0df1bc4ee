"""Frames of every kind, sent and received as they are: the bridge carries all of them unchanged and in order."""

import random
import socket
from collections.abc import Sequence

import pytest

from asyncndis.real import SAMPLE, open_capture
from tests.real.bridged import Bridged, bridged
from tests.real.packets import PacketSocket, frame

TAGS = {
    "802.1Q": "8100000a",
    "priority tag": "8100e000",
    "VLAN 4095": "8100ffff",
    "802.1ad": "88a80064",
    "two tags": "88a800648100000a",
    "three tags": "88a800648100000a81000014",
}
KINDS = {
    "an EtherType of its own": "88b5",
    "reserved": "ffff",
    "EtherType 0": "0000",
    "MPLS": "8847",
    "LLDP": "88cc",
    "pause": "8808",
    "PTP": "88f7",
    "802.3 length": "0026",
    "802.3 length that is too long": "05dc",
}
CUT = {
    "IPv4 without the rest": "080045",
    "IPv4 with an impossible header length": "08004f" + "ff" * 10,
    "IPv4 of another version": "080095" + "00" * 19,
    "IPv6 that ends early": "86dd60000000ffff",
    "ARP that ends early": "08060001080006",
    "a TCP header with every flag": "08004500002800010000400600000a0900010a090002" + "ff" * 20,
}


def check_carried(cable: Bridged, frames: Sequence[bytes]) -> None:
    """Both ways, in order and unchanged."""
    with PacketSocket(cable.left, "a") as left, PacketSocket(cable.right, "b") as right:
        for sender, receiver in ((left, right), (right, left)):
            sender.send(*frames)
            assert receiver.expect(frames) == list(frames)


@pytest.mark.parametrize("tags", TAGS.values(), ids=TAGS.keys())
def test_tagged_frames(cable: Bridged, tags: str) -> None:
    check_carried(cable, [frame(number, 64 + number, head=f"{tags}88b5") for number in range(20)])


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_any_kind_of_frame(cable: Bridged, kind: str) -> None:
    check_carried(cable, [frame(number, head=kind) for number in range(20)])


@pytest.mark.parametrize("rest", CUT.values(), ids=CUT.keys())
def test_malformed_frames(cable: Bridged, rest: str) -> None:
    cut = bytes.fromhex("ffffffffffff" + "0200000000aa" + rest)
    check_carried(cable, [cut, cut + bytes(40), frame(1)])


def test_every_length_from_a_bare_header_to_the_longest(cable: Bridged) -> None:
    """Runts are not filled up on the way: what reads a TAP sees what the other end sent."""
    check_carried(cable, [frame(size, size) for size in [*range(14, 200), *range(1490, 1515)]])


def test_random_frames_in_order(cable: Bridged) -> None:
    dice = random.Random(5)
    frames = [
        frame(number, dice.randrange(14, 1515), to="ffffffffffff", head=dice.randbytes(2).hex())
        for number in range(300)
    ]
    check_carried(cable, frames)


def test_every_frame_of_the_sample_through_a_hub(kernel: None) -> None:
    """A bridge that learns would keep what one host of the sample says to the other, since both are on one side."""
    with open_capture(SAMPLE) as reader:
        frames = [bytes(record.frame) for record in reader if record.frame is not None]
    with bridged("--hub") as cable:
        check_carried(cable, frames)


@pytest.mark.tools("ping")
def test_jumbo_frames(kernel: None) -> None:
    with bridged(mtu=9000) as cable:
        check_carried(cable, [frame(number, size) for number, size in enumerate((1515, 1518, 4000, 9013, 9014))])
        for size in (1473, 8000, 8972):
            report = cable.left.run("ping", "-n", "-c", "1", "-W", "20", "-M", "do", "-s", str(size), "10.9.0.2")
            assert "1 received" in report


def test_a_group_is_heard_by_its_members(cable: Bridged) -> None:
    group = socket.inet_aton("239.1.2.3")
    with (
        cable.left.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        cable.right.socket(socket.AF_INET, socket.SOCK_DGRAM) as member,
    ):
        member.settimeout(30)
        member.bind(("239.1.2.3", 4000))
        member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + socket.inet_aton("10.9.0.2"))
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.9.0.1"))
        for number in range(50):
            sender.sendto(number.to_bytes(2, "big"), ("239.1.2.3", 4000))
        assert [int.from_bytes(member.recv(10), "big") for _ in range(50)] == list(range(50))


@pytest.mark.parametrize("group", ["01005e010203", "3333000000fb", "0180c2000000", "0180c200000e", "ffffffffffff"])
def test_frames_to_groups_and_to_all(cable: Bridged, group: str) -> None:
    """A bridge made of miniports carries what a switch would keep to itself, such as LLDP and spanning tree."""
    check_carried(cable, [frame(number, to=group) for number in range(10)])


def test_frames_to_strangers_reach_whoever_listens_to_all(cable: Bridged) -> None:
    strange = [frame(number, to="0200000000ee") for number in range(10)]
    own = [frame(number, to="020000000002") for number in range(10)]
    with (
        PacketSocket(cable.left, "a") as left,
        PacketSocket(cable.right, "b") as listener,
    ):
        left.send(*strange, *own)
        assert listener.expect([*strange, *own]) == [*strange, *own]
