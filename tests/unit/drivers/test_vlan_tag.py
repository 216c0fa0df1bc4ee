"""Tags go on and come off, in bytes and in chains of buffers alike, and scapy and dpkt read them."""

from importlib import import_module
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncndis.drivers import (
    TagProtocol,
    VlanTag,
    chain_parts_nowait,
    free_chain,
    tag_frame,
    tagged_parts,
    untag_frame,
    untagged_parts,
)
from asyncndis.memory import Packet
from tests.unit.memory.making import buffer_pool, chained, packet_pool

L2: Any = import_module("scapy.layers.l2")  # neither has complete types
DPKT: Any = import_module("dpkt")

TAGS = st.builds(VlanTag, st.integers(0, 0xFFF), st.integers(0, 7), st.booleans(), st.sampled_from(TagProtocol))
FRAME = b"\x02\0\0\0\0\1" + b"\x02\0\0\0\0\2" + b"\x88\xb5" + b"content"
SOURCES = packet_pool(0xFFFF)
BUFFERS = buffer_pool(64)


def cut(random: Random, data: bytes) -> list[bytes]:
    """The bytes in pieces, empty ones among them."""
    at = sorted(random.choices(range(len(data) + 1), k=random.randrange(5)))
    return [data[start:end] for start, end in zip([0, *at], [*at, len(data)], strict=True)]


def rebuilt(parts: list[Any]) -> Packet:
    packet = SOURCES.allocate_nowait()
    chain_parts_nowait(packet, parts, BUFFERS)
    return packet


def bytes_of(parts: list[Any]) -> bytes:
    """The bytes in buffers over these parts; the first of them holds the whole header (PKT-12)."""
    packet = rebuilt(parts)
    data = packet.to_bytes()
    assert packet.first is not None
    header = 14 if data[12:14] not in {b"\x81\0", b"\x88\xa8"} else 18
    assert packet.first.length >= header or packet.first.length == len(data)
    free_chain(packet)
    packet.free()
    return data


@given(st.binary(min_size=14, max_size=100), TAGS, TAGS)
def test_untagging_is_the_inverse_of_tagging(frame: bytes, inner: VlanTag, outer: VlanTag) -> None:
    once = tag_frame(frame, inner)
    twice = tag_frame(once, outer)
    assert untag_frame(twice) == (outer, once)
    assert untag_frame(once) == (inner, frame)
    assert len(twice) == len(frame) + 8


@given(st.binary(max_size=60) | st.builds(tag_frame, st.binary(min_size=14, max_size=40), TAGS), st.randoms(), TAGS)
def test_chains_agree_with_bytes(frame: bytes, random: Random, tag: VlanTag) -> None:
    packet = chained(*cut(random, frame), packets=SOURCES)
    found = untag_frame(frame)
    parts = untagged_parts(packet)
    if found is None:
        assert parts is None
    else:
        assert parts is not None
        assert (parts[0], bytes_of(parts[1])) == found
    if len(frame) >= 14:
        assert bytes_of(tagged_parts(packet, tag)) == tag_frame(frame, tag)
    assert packet.to_bytes() == frame, "the packet stays as it is"


def test_the_payload_is_not_copied() -> None:
    memory = bytearray(FRAME)
    packet = rebuilt(tagged_parts(chained(memory), VlanTag(5)))
    memory[-1] = ord("T")
    assert packet.to_bytes() == tag_frame(FRAME, VlanTag(5))[:-1] + b"T"
    free_chain(packet)
    untagged = untagged_parts(chained(bytearray(tag_frame(FRAME, VlanTag(5)))))
    assert untagged is not None
    assert [len(part) for part in untagged[1]] == [14, 7]


def test_scapy_and_dpkt_read_the_tags() -> None:
    random = Random(1)
    for _ in range(1000):
        tag = VlanTag(random.randrange(0x1000), random.randrange(8), random.random() < 0.5)
        data = tag_frame(FRAME, tag)
        layer = L2.Ether(data)[L2.Dot1Q]
        assert (layer.vlan, layer.prio, layer.dei, layer.type) == (tag.vlan, tag.priority, tag.drop_eligible, 0x88B5)
        head = L2.Ether(dst="02:00:00:00:00:01", src="02:00:00:00:00:02")
        made = head / L2.Dot1Q(vlan=tag.vlan, prio=tag.priority, dei=int(tag.drop_eligible), type=0x88B5) / b"content"
        assert bytes(made) == data
        by_dpkt = DPKT.ethernet.Ethernet(data).vlan_tags[0]
        assert (by_dpkt.id, by_dpkt.pri, by_dpkt.cfi) == (tag.vlan, tag.priority, tag.drop_eligible)


def test_double_tags_are_those_of_scapy() -> None:
    head = L2.Ether(dst="02:00:00:00:00:01", src="02:00:00:00:00:02")
    made = bytes(head / L2.Dot1AD(vlan=100, prio=3) / L2.Dot1Q(vlan=5, type=0x88B5) / b"content")
    outer = VlanTag(100, 3, protocol=TagProtocol.SERVICE)
    assert made == tag_frame(tag_frame(FRAME, VlanTag(5)), outer)
    assert untag_frame(made) == (outer, tag_frame(FRAME, VlanTag(5)))


def test_a_priority_tag() -> None:
    assert untag_frame(tag_frame(FRAME, VlanTag(0, 6))) == (VlanTag(0, 6), FRAME)


@pytest.mark.parametrize("length", range(18))
def test_what_is_cut_off_has_no_tag(length: int) -> None:
    data = tag_frame(FRAME, VlanTag(5))[:length]
    assert untag_frame(data) is None
    assert untagged_parts(chained(data)) is None


def test_what_has_no_tag() -> None:
    assert untag_frame(FRAME) is None
    assert untagged_parts(chained(FRAME)) is None
    assert VlanTag.parse(b"\x81\0\0") is None


@pytest.mark.parametrize("length", range(14))
def test_a_runt_takes_no_tag(length: int) -> None:
    with pytest.raises(ValueError, match=f"14 bytes at least, not {length}"):
        tag_frame(FRAME[:length], VlanTag(5))
    with pytest.raises(ValueError, match=f"14 bytes at least, not {length}"):
        tagged_parts(chained(FRAME[:length]), VlanTag(5))


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"vlan": 0x1000}, ValueError),
        ({"vlan": -1}, ValueError),
        ({"vlan": "5"}, TypeError),
        ({"vlan": 5, "priority": 8}, ValueError),
        ({"vlan": 5, "drop_eligible": 1}, TypeError),
        ({"vlan": 5, "protocol": 0x8100}, TypeError),
    ],
)
def test_bad_tags(fields: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        VlanTag(**fields)


def test_a_tag_is_a_tag() -> None:
    with pytest.raises(TypeError, match="tag is a VlanTag, not int"):
        tag_frame(FRAME, 5)  # type: ignore[arg-type]  # bad input is the point
