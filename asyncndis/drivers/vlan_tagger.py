"""An intermediate driver that makes a VLAN look like an adapter: tags go on downwards and come off upwards.

Source: IEEE 802.1Q, and the pages of NdisCopyBuffer, NdisIMCopySendPerPacketInfo and MiniportReturnPacket. No payload
is copied: a packet of this driver's own describes a new header and the parts behind the old one. Rules: only frames of
its VLAN pass upwards; per-packet information and loopback flags go along (PKT-14); a tag takes four bytes, so that the
adapter above is that much smaller than the one below. A frame for which no packet is left is dropped and counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asyncndis.base import NdisError, NdisStatus, check_integer
from asyncndis.memory import Packet, PacketFlags
from asyncndis.ndis import Adapter, Binding, Intermediate, Miniport, Oid

from .parts import head_of, parts_from
from .parts_pool import PartsPool
from .vlan_tag import TagProtocol, VlanTag

__all__ = ["VlanTagger", "VlanTaggerStatistics"]

_TAG_BYTES = 4
_ADDRESSES = 12
_HEADER = 14
_TAGGED_HEADER = 18
_PARTS = 4
_CUSTOMER = TagProtocol.CUSTOMER.to_bytes(2, "big")
_LOOPBACK = int(PacketFlags.DONT_LOOPBACK | PacketFlags.LOOPBACK_ONLY)
_SIZES = (Oid.GEN_MAXIMUM_FRAME_SIZE, Oid.GEN_MAXIMUM_TOTAL_SIZE)


@dataclass(frozen=True, slots=True)
class VlanTaggerStatistics:
    """A tagger at one moment.

    :ivar tagged: frames that were sent
    :ivar untagged: frames that were received
    :ivar foreign: frames from below without a tag, or of another VLAN
    :ivar dropped: frames for which no packet was left
    """

    tagged: int
    untagged: int
    foreign: int
    dropped: int


class VlanTagger(Intermediate):
    """One VLAN of the adapter below, as an adapter: ``open_stack(Echo(), VlanTagger(5), BusMaster(), nic=nic)``.

    The frames above may be 1500 bytes long where the adapter below takes 1504, otherwise 1496.

    :param vlan: its number, from 1 to 4094: 0 means none, and 4095 is reserved
    :param priority: of the frames that are sent, from 0 to 7
    :param frames: how many may be on their way in each direction
    :param name: for messages
    """

    def __init__(self, vlan: int, *, priority: int = 0, frames: int = 256, name: str | None = None) -> None:
        check_integer("vlan", vlan, 1, 4094)
        check_integer("frames", frames, 1)
        self._vlan = vlan
        self._tag_bytes = VlanTag(vlan, priority).emit()
        super().__init__(name=name)
        self._frames = frames
        self._sent: dict[Packet, Packet] = {}
        self._shown: dict[Packet, tuple[Binding, Packet]] = {}
        self._being_shown: list[Packet] = []
        self._tagged = self._untagged = self._foreign = self._dropped = 0

    def __repr__(self) -> str:
        return f"<VlanTagger {self.name!r} VLAN {self._vlan}, {self._tagged} frames tagged, {self._untagged} untagged>"

    def statistics(self) -> VlanTaggerStatistics:
        """The state of it now. IRQL: any."""
        return VlanTaggerStatistics(self._tagged, self._untagged, self._foreign, self._dropped)

    async def initialize(self, adapter: Adapter) -> None:
        """Make the pools for both directions: a protocol that keeps what it receives holds up nothing that is sent."""
        self.maximum_frame_size = self.below.maximum_frame_size - _TAG_BYTES
        self._down = await self._pool(adapter, "tagged")
        self._up = await self._pool(adapter, "untagged")

    def query_information(self, oid: int, buffer: memoryview) -> Any:
        """How long a frame may be is this driver's answer; all else is that of the adapter below. IRQL: DISPATCH."""
        if oid in _SIZES:
            return Miniport.query_information(self, oid, buffer)
        return super().query_information(oid, buffer)

    def send_packets(self, packets: Sequence[Packet]) -> None:
        """Put tags on. IRQL: DISPATCH. Rule: PKT-14."""
        outward: list[Packet] = []
        for packet in packets:
            header = packet.head(_HEADER)
            parts = [header[:_ADDRESSES] + self._tag_bytes + header[_ADDRESSES:], *parts_from(packet, _HEADER)]
            try:
                tagged = self._down.allocate_nowait(parts)
            except NdisError:
                self._dropped += 1
                self.adapter.send_complete(packet, NdisStatus.FAILURE)
                continue
            tagged.copy_send_info_from(packet)
            tagged.set_flags(packet.flag_bits & _LOOPBACK)
            self._sent[tagged] = packet
            outward.append(tagged)
        self._tagged += len(outward)
        self.below.send_packets(outward)

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        """A tagged packet is back: so is the one behind it. IRQL: DISPATCH."""
        self.adapter.send_complete(self._packet_behind(packet), status)

    def receive(self, binding: Binding, packet: Packet) -> int:
        """Take the tag off, where it is that of this VLAN. IRQL: DISPATCH."""
        header = head_of(packet, _TAGGED_HEADER)
        if len(header) < _TAGGED_HEADER or not self._is_ours(header[_ADDRESSES:]):
            self._foreign += 1
            return 0
        untagged_header = header[:_ADDRESSES] + header[_ADDRESSES + _TAG_BYTES :]
        try:
            untagged = self._up.allocate_nowait([untagged_header, *parts_from(packet, _TAGGED_HEADER)])
        except NdisError:
            self._dropped += 1
            return 0
        self._untagged += 1
        untagged.copy_send_info_from(packet)
        untagged.oob.header_size = _HEADER
        untagged.oob.time_received = packet.oob.time_received
        untagged.oob.status = packet.oob.status
        return self._show(binding, packet, untagged)

    def return_packet(self, packet: Packet) -> None:
        """The protocols above are done with an untagged packet: the one behind it goes back. IRQL: DISPATCH."""
        binding, original = self._shown.pop(packet)
        self._up.free(packet)
        if packet not in self._being_shown:  # or receive() answers for it
            binding.return_packet(original)

    def _is_ours(self, tag: bytes) -> bool:
        """Whether a frame with such a tag is of this VLAN, whatever its priority."""
        return tag[:2] == _CUSTOMER and int.from_bytes(tag[2:4], "big") & 0xFFF == self._vlan

    def _show(self, binding: Binding, packet: Packet, untagged: Packet) -> int:
        """Indicate an untagged packet; the answer is how often the one behind it will be returned."""
        self._shown[untagged] = binding, packet
        is_low = untagged.oob.status == NdisStatus.RESOURCES
        self._being_shown.append(untagged)
        try:
            self.adapter.indicate(untagged)
        finally:
            if is_low:
                self.return_packet(untagged)
            self._being_shown.remove(untagged)
        return 1 if untagged in self._shown else 0

    def _packet_behind(self, tagged: Packet) -> Packet:
        """The packet behind a tagged one, which is freed."""
        packet = self._sent.pop(tagged)
        packet.copy_send_complete_info_from(tagged)
        self._down.free(tagged)
        return packet

    async def _pool(self, adapter: Adapter, name: str) -> PartsPool:
        packets = await adapter.allocate_packets(self._frames, name=name)
        return PartsPool(packets, await adapter.allocate_buffers(_PARTS * self._frames, name=f"{name} buffers"))
