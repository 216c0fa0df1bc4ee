"""What a packet carries besides its bytes."""

from collections.abc import Callable

import pytest

from asyncndis.base import RuleViolation, observe
from asyncndis.memory import (
    PACKET_STACKS,
    NdisPacketFlags,
    Packet,
    PacketEvent,
    PacketFlags,
    PerPacketInfo,
    ProtocolId,
)
from tests.unit.memory.making import Diary, packet_pool

AREAS: dict[str, Callable[[Packet], memoryview]] = {
    "miniport_reserved": lambda packet: packet.miniport_reserved,
    "miniport_reserved_ex": lambda packet: packet.miniport_reserved_ex,
    "wrapper_reserved": lambda packet: packet.wrapper_reserved,
    "wrapper_reserved_ex": lambda packet: packet.wrapper_reserved_ex,
    "mac_reserved": lambda packet: packet.mac_reserved,
    "protocol_reserved": lambda packet: packet.protocol_reserved,
}


@pytest.fixture
def packet() -> Packet:
    return packet_pool(protocol_reserved_length=5).allocate_nowait()


def test_flags(packet: Packet) -> None:
    assert packet.flags == PacketFlags(0)
    packet.set_flags(PacketFlags.DONT_LOOPBACK | PacketFlags.PADDED)
    packet.clear_flags(PacketFlags.PADDED)
    assert packet.flags is PacketFlags.DONT_LOOPBACK


def test_the_protocol_id_stays() -> None:
    packets = packet_pool()
    packets.set_protocol_id(ProtocolId.TCP_IP)
    packet = packets.allocate_nowait()
    packet.set_flags(PacketFlags.PADDED | ProtocolId.TCP_IP)
    changes: list[Callable[[], object]] = [
        lambda: packet.clear_flags(0xFFFF_FFFF),
        lambda: packet.set_flags(ProtocolId.NBF),
    ]
    for change in changes:
        with pytest.raises(RuleViolation, match=r"PKT-15.*protocol id 2"):
            change()
    packet.clear_flags(0xFFFF_FFF0)
    assert (packet.flags, packet.protocol_id) == (2, ProtocolId.TCP_IP)


@pytest.mark.parametrize(("flags", "error"), [(-1, ValueError), (1 << 32, ValueError), ("x", TypeError)])
def test_bad_flags(packet: Packet, flags: int, error: type[Exception]) -> None:
    for change in (packet.set_flags, packet.clear_flags):
        with pytest.raises(error, match="flags"):
            change(flags)


def test_ndis_flags(packet: Packet) -> None:
    plain = NdisPacketFlags.ALLOCATED_BY_NDIS
    seen = [packet.ndis_flags]
    for info in (b"x", None):
        packet.oob.media_specific_info = info
        seen.append(packet.ndis_flags)
    assert seen == [plain, plain | NdisPacketFlags.CONTAINS_MEDIA_SPECIFIC_INFO, plain]


def test_oob_lasts_until_it_is_cleared(packet: Packet) -> None:
    oob = packet.oob
    oob.header_size = 14
    packet.set_info(PerPacketInfo.IEEE_8021Q, 7)
    packet.reinitialize()
    assert packet.oob is oob
    packet.clear_oob()
    assert (packet.oob.header_size, packet.info(PerPacketInfo.IEEE_8021Q)) == (0, None)


def test_only_what_is_new_has_the_header_of_its_pool() -> None:
    packets = packet_pool()
    packets.header_size = 14
    packet = packets.allocate_nowait()
    assert packet.oob.header_size == 14
    packet.clear_oob()
    assert packet.oob.header_size == 0


@pytest.mark.parametrize("slot", PerPacketInfo)
def test_info_slots(packet: Packet, slot: PerPacketInfo) -> None:
    assert packet.info(slot) is None
    value = object()
    packet.set_info(slot, value)
    assert [packet.info(other) for other in PerPacketInfo if other is not slot] == [None] * 11
    assert packet.info(slot) is value


@pytest.mark.parametrize("slot", [-1, 12, None, "x"])
def test_no_such_slot(packet: Packet, slot: PerPacketInfo) -> None:
    uses: list[Callable[[], object]] = [lambda: packet.info(slot), lambda: packet.set_info(slot, 1)]
    for use in uses:
        with pytest.raises(ValueError, match="is not a valid PerPacketInfo"):
            use()


def test_original_packet(packet: Packet) -> None:
    original = packet_pool().allocate_nowait()
    assert packet.original_packet is None
    packet.original_packet = original
    assert packet.original_packet is packet.info(PerPacketInfo.ORIGINAL_PACKET) is original
    with pytest.raises(TypeError, match="the original packet"):
        packet.original_packet = 7  # type: ignore[assignment]  # the mistake that is tested
    packet.original_packet = None
    assert packet.original_packet is None


def test_cancel_id(packet: Packet) -> None:
    assert packet.cancel_id == 0
    packet.cancel_id = (1 << 64) - 1
    assert packet.cancel_id == packet.info(PerPacketInfo.PACKET_CANCEL_ID) == (1 << 64) - 1
    with pytest.raises(ValueError, match="cancel_id"):
        packet.cancel_id = 1 << 64


COPIES = [
    ("NdisIMCopySendPerPacketInfo", Packet.copy_send_info_from),
    ("NdisIMCopySendCompletePerPacketInfo", Packet.copy_send_complete_info_from),
]


@pytest.mark.parametrize(("operation", "copy"), COPIES)
def test_copying_slots(operation: str, copy: Callable[[Packet, Packet], None]) -> None:
    diary = Diary()
    with observe(diary):
        target = packet_pool().allocate_nowait()
    source = packet_pool().allocate_nowait()
    for slot in PerPacketInfo:
        source.set_info(slot, slot.name)
    source.oob.status = 5
    diary.seen.clear()
    copy(target, source)
    assert diary.seen == [("before", operation), ("after", operation)]
    assert [target.info(slot) for slot in PerPacketInfo] == [slot.name for slot in PerPacketInfo]
    assert target.oob.status == 0, "only the slots are copied"
    source.set_info(PerPacketInfo.IP_SEC, None)
    assert target.info(PerPacketInfo.IP_SEC) == "IP_SEC"


@pytest.mark.parametrize(("_operation", "copy"), COPIES)
def test_copying_slots_of_a_packet_without(
    packet: Packet, _operation: str, copy: Callable[[Packet, Packet], None]
) -> None:
    source = packet_pool().allocate_nowait()
    copy(packet, source)
    assert packet.info(PerPacketInfo.IP_SEC) is None
    packet.set_info(PerPacketInfo.IP_SEC, 1)
    packet.oob.header_size = 14
    copy(packet, source)
    assert (packet.info(PerPacketInfo.IP_SEC), packet.oob.header_size) == (None, 14)


def test_copying_slots_needs_two_live_packets(packet: Packet) -> None:
    gone = packet_pool().allocate_nowait()
    gone.free()
    copies: list[Callable[[], object]] = [
        lambda: packet.copy_send_info_from(gone),
        lambda: gone.copy_send_info_from(packet),
    ]
    for copy in copies:
        with pytest.raises(RuleViolation, match="PKT-03"):
            copy()
    with pytest.raises(TypeError, match="the source of the information"):
        packet.copy_send_info_from(None)  # type: ignore[arg-type]  # the mistake that is tested


def test_sizes_of_the_areas(packet: Packet) -> None:
    assert {name: len(area(packet)) for name, area in AREAS.items()} == {
        "miniport_reserved": 16,
        "miniport_reserved_ex": 24,
        "wrapper_reserved": 16,
        "wrapper_reserved_ex": 8,
        "mac_reserved": 32,
        "protocol_reserved": 5,
    }


def test_areas_overlap_as_they_do_in_the_header(packet: Packet) -> None:
    packet.mac_reserved[:] = bytes(range(32))
    assert bytes(packet.miniport_reserved) == bytes(range(16))
    assert bytes(packet.miniport_reserved_ex) == bytes(range(24))
    assert bytes(packet.wrapper_reserved) == bytes(range(16, 32))
    assert bytes(packet.wrapper_reserved_ex) == bytes(range(24, 32))
    assert bytes(packet.protocol_reserved) == bytes(5)
    packet.protocol_reserved[:] = b"proto"
    assert bytes(packet.mac_reserved) == bytes(range(32))


def test_each_intermediate_driver_has_a_stack_of_its_own(packet: Packet) -> None:
    packet.transfer(PacketEvent.SEND)
    for layer in range(PACKET_STACKS):
        stack = packet.current_stack
        assert stack is not None
        stack[:] = bytes([layer + 1]) * 16
        again = packet.current_stack
        assert again == stack, "the driver that asks twice gets the same one"
        packet.transfer(PacketEvent.HAND_ON)
    stacks = [packet.current_stack]
    for _ in range(PACKET_STACKS):
        packet.transfer(PacketEvent.HAND_BACK)
        stacks.append(packet.current_stack)
    found = [None if stack is None else bytes(stack) for stack in stacks]
    assert found == [None, *(bytes([layer + 1]) * 16 for layer in reversed(range(PACKET_STACKS)))]
    assert bytes(packet.mac_reserved) == bytes(32)
    with pytest.raises(RuleViolation, match=r"SEND-01: hand back is not legal"):
        packet.transfer(PacketEvent.HAND_BACK)


def test_completing_goes_back_to_the_first_stack(packet: Packet) -> None:
    packet.transfer(PacketEvent.SEND)
    packet.transfer(PacketEvent.HAND_ON)
    packet.transfer(PacketEvent.COMPLETE)
    packet.transfer(PacketEvent.SEND)
    with pytest.raises(RuleViolation):
        packet.transfer(PacketEvent.HAND_BACK)


def test_a_free_packet_carries_nothing(packet: Packet) -> None:
    packet.free()
    uses: list[Callable[[], object]] = [
        lambda: packet.oob,
        lambda: packet.set_info(PerPacketInfo.IP_SEC, 1),
        lambda: packet.set_flags(0x10),
        lambda: packet.clear_flags(0x10),
        lambda: packet.current_stack,
        *[lambda area=area: area(packet) for area in AREAS.values()],
    ]
    for use in uses:
        with pytest.raises(RuleViolation, match="PKT-03"):
            use()
    assert packet.info(PerPacketInfo.IP_SEC) is None


def test_flags_as_bits(packet: Packet) -> None:
    packet.set_flags(PacketFlags.DONT_LOOPBACK)
    assert packet.flag_bits == 0x80
    assert type(packet.flag_bits) is int


@pytest.mark.parametrize(
    ("area", "name"),
    [
        ("miniport_reserved", "MiniportReserved"),
        ("miniport_reserved_ex", "MiniportReservedEx"),
        ("protocol_reserved", "ProtocolReserved"),
    ],
)
def test_a_probe_hears_of_reserved_areas(area: str, name: str) -> None:
    diary = Diary()
    with observe(diary):
        AREAS[area](packet_pool(protocol_reserved_length=5).allocate_nowait())
    assert diary.seen[-1] == ("before", name)
