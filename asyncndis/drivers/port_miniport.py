"""The miniport of a port: frames of a TAP, a socket or a capture file, with a ring to send from.

Source: the pages of MiniportInitialize, MiniportSendPackets, MiniportReturnPacket, MiniportHalt, NdisMIndicateStatus.
A port holds nothing back, so the ring does: packets are completed when they are written, and wait while there is no
room; a sender with no more packets than the ring has places never loses one. A port that has taken nothing for long is
given up: its packets fail at once, and hold up nobody, until it takes one. Frames are taken from the port while packets
are there to carry them; the others wait in the device.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asyncndis.base import NdisError, NdisStatus, check_integer
from asyncndis.memory import Packet
from asyncndis.memory.rows import contents_of
from asyncndis.ndis import Adapter, DevicePnpEvent, FramePool, MediaState, Miniport, MiniportCounters, Oid
from asyncndis.nic import Port
from asyncndis.nic.offload import HEADER_BYTES, join, note_headers, noted_headers, split
from asyncndis.nic.port import BATCH, LONGEST_FRAME, Frame

from .finisher import Finisher

__all__ = ["PortMiniport", "PortMiniportStatistics"]

_SUCCESS = NdisStatus.SUCCESS
_FAILURE = NdisStatus.FAILURE
_ABORTED = NdisStatus.REQUEST_ABORTED
_HEADER = 14
_NOTHING = bytes(_HEADER)  # what a packet carries before its first frame
_CALMEST = 8


@dataclass(frozen=True, slots=True)
class PortMiniportStatistics:
    """A miniport at one moment.

    :ivar waiting: packets in the ring, which wait for room
    :ivar refused: packets for which the ring had no place
    :ivar failed: packets that the port could not send, or did not in time
    :ivar runts: frames that came without a whole header, which nothing can carry
    """

    waiting: int
    refused: int
    failed: int
    runts: int


class PortMiniport(Miniport):
    """Drives a ``Port``: ``open_stack(Ipv4Host("10.0.0.2/24"), PortMiniport(), nic=open_port("tap:t0"))``.

    :param name: for messages
    :param slots: frames that may be with protocols at once
    :param ring: packets that may wait to be sent
    :param unfinished: whether those above can do with packets that are large, or lack their checksum, as their slots of
        information say; a port that offloads then lets such in
    :param patience_ms: how long these wait for room in a port that takes none, before it is given up
    """

    maximum_send_packets = 256
    maximum_total_size = LONGEST_FRAME

    _port: Port
    _frames: FramePool

    def __init__(
        self,
        *,
        name: str | None = None,
        slots: int = 256,
        ring: int = 512,
        unfinished: bool = False,
        patience_ms: int = 1000,
    ) -> None:
        super().__init__(name=name)
        check_integer("slots", slots, 1, 0xFFFF)
        check_integer("ring", ring, 1)
        check_integer("patience_ms", patience_ms, 1)
        self._patience_ms = patience_ms
        self._slots = slots
        self._spare: list[Packet] = []  # those that can carry the next frames
        self._ring = ring
        self._waiting: deque[Packet] = deque()
        self._unfinished = unfinished
        self._finisher = Finisher()
        self._offloads = False
        self._is_on = False
        self._is_sending = False
        self._has_moved = False
        self._is_given_up = False
        self._singles = 0  # frames to be taken one by one before several are looked for
        self._calm = 1  # how many these were the last time
        self._is_shut = False
        self._refused = self._failed = self._runts = 0

    def __repr__(self) -> str:
        link = "up" if self.media_state is MediaState.CONNECTED else "down"
        return (
            f"<PortMiniport {self.name!r} {'on' if self._is_on else 'off'}, link {link}, {len(self._waiting)} to send>"
        )

    def statistics(self) -> PortMiniportStatistics:
        """The state of it now. IRQL: any."""
        return PortMiniportStatistics(len(self._waiting), self._refused, self._failed, self._runts)

    # Its life

    async def initialize(self, adapter: Adapter) -> None:
        """Take packets for what comes in, and plug into the port. Rules: LIFE-01, LIFE-02, LIFE-08.

        :raises NdisError: ADAPTER_NOT_FOUND for other hardware; RESOURCE_CONFLICT when the port has a driver
        """
        port = adapter.nic
        if not isinstance(port, Port):
            raise NdisError(f"{self.name} drives a Port, not {port!r}", NdisStatus.ADAPTER_NOT_FOUND)
        self._port = port
        self.vendor_description = type(port).__name__
        self.maximum_frame_size = self.lookahead = port.mtu
        self.link_speed = port.link_bits_per_second
        self.media_state = self._link()
        self._watchdog = adapter.timer(self._look_for_motion, name=f"watchdog of {self.name}")
        self._frames = await adapter.allocate_frames(self._slots)
        try:
            self._spare = [self._frames.allocate_nowait(_NOTHING) for _ in range(self._slots)]
            port.plug(self)
            self._offloads = port.offloads
            port.let_in_unfinished(self._unfinished)
        except BaseException:
            self._frames.free_row(self._spare)
            await self._frames.aclose()
            raise
        self._is_on = True

    async def halt(self) -> None:
        """Unplug, and give everything back. Rules: LIFE-03, LIFE-04, SEND-16."""
        self._switch_off()
        await self.adapter.wait_for_returns()
        self._frames.free_row(self._spare)
        await self._frames.aclose()

    def shutdown(self) -> None:
        """Only leave the port alone (LIFE-15)."""
        self._is_on = False
        self._port.unplug()

    def reset(self) -> Any:
        """Give back what waits; the port itself has nothing to reset (SEND-16)."""
        self._take_back(_ABORTED)
        return _SUCCESS

    def pnp_event(self, event: DevicePnpEvent, data: bytes = b"") -> None:
        """The device was taken away: leave it alone."""
        if event is DevicePnpEvent.SURPRISE_REMOVED:
            self._switch_off()

    # Traffic

    def send_packets(self, packets: Sequence[Packet]) -> None:
        """Write packets, or let them wait in the ring. IRQL: DISPATCH. Rules: SEND-02, SEND-08."""
        room = self._ring - len(self._waiting)
        if len(packets) > room:
            self._refused += len(packets) - room
            self.adapter.send_complete(packets[room:], _FAILURE)
            packets = packets[:room]
        if self._waiting or self._is_sending:
            self._waiting.extend(packets)
            self._watch()
        elif self._is_given_up and self._port.is_full:
            self._settle((), packets, ())
        else:
            self._is_sending = True
            try:
                self._write(packets)
            finally:
                self._is_sending = False
            if self._waiting:
                self._send()

    def cancel_send_packets(self, cancel_id: int) -> None:
        """Give back what waits in the ring. IRQL: DISPATCH. Rule: SEND-14."""
        matching = [packet for packet in self._waiting if packet.cancel_id == cancel_id]
        self._waiting = deque(packet for packet in self._waiting if packet.cancel_id != cancel_id)
        if self._finisher.begun in matching:
            self._finisher.forget()
        self.adapter.send_complete(matching, _ABORTED)

    def return_packet(self, packet: Packet) -> None:
        """A packet can carry the next frame. IRQL: DISPATCH."""
        self.return_row((packet,))

    def return_row(self, packets: Sequence[Packet]) -> None:
        """Several can. IRQL: DISPATCH."""
        self._spare += packets
        if self._is_shut and self._is_on:
            self._let_in()

    # What the port tells

    def readable(self) -> None:
        """Frames have come: indicate as many as there are packets for. IRQL: DISPATCH.

        While they come one by one, others are looked for now and then only: the port tells of them once more.
        """
        if self._singles:
            self._singles -= self._take(1)
        elif self._take(BATCH) == 1:
            self._singles = self._calm = min(2 * self._calm, _CALMEST)
        else:
            self._calm = 1

    def has_room(self) -> None:
        """The port can be written again, perhaps. IRQL: DISPATCH."""
        if self._is_on and not self._is_sending:
            self._send()

    def link_changed(self) -> None:
        """Tell NDIS that the link came or went. IRQL: DISPATCH."""
        state = self._link()
        if self._is_on and state is not self.media_state:
            self.media_state = state
            self.adapter.indicate_link(up=state is MediaState.CONNECTED)

    # Information

    def set(self, oid: int, value: Any) -> None:
        """Let frames in while somebody wants them."""
        super().set(oid, value)
        if oid == Oid.GEN_CURRENT_PACKET_FILTER and self._is_on:
            self._let_in()

    def counters(self) -> MiniportCounters:
        """What the port has counted."""
        counts = self._port.statistics()
        return MiniportCounters(
            xmit_ok=counts.sent_frames,
            rcv_ok=counts.received_frames - self._runts,
            xmit_error=counts.dropped + self._refused,
            rcv_error=self._runts,
        )

    # Parts

    def _take(self, most: int) -> int:
        """Indicate frames that wait, as far as there are packets for them; how many came."""
        room = len(self._spare)
        if not self._is_on:
            return 0
        if not room:
            self._is_shut = True  # until one is returned
            self._port.let_in(False)
            return 0
        frames = self._port.receive(min(room, most))
        if not frames:
            return 0
        count = len(frames)
        least = _HEADER + HEADER_BYTES if self._offloads else _HEADER
        if min(map(len, frames)) < least:
            whole = [frame for frame in frames if len(frame) >= least]
            self._runts += len(frames) - len(whole)
            frames = whole
        if frames:
            packets = self._spare[-len(frames) :]
            del self._spare[-len(frames) :]
            if self._offloads:
                headers, contents = split(frames)
                note_headers(packets, headers)
                self._frames.refill_row(packets, contents)
            else:
                self._frames.refill_row(packets, frames)
            self.adapter.indicate(packets)
        return count

    def _link(self) -> MediaState:
        return MediaState.CONNECTED if self._port.link_up else MediaState.DISCONNECTED

    def _let_in(self) -> None:
        self._is_shut = False
        self._port.let_in(bool(self.packet_filter))

    def _switch_off(self) -> None:
        if self._is_on:
            self._is_on = False
            self._watchdog.cancel()
            self._port.unplug()
        self._take_back(_ABORTED)

    def _take_back(self, status: NdisStatus) -> None:
        waiting, self._waiting = list(self._waiting), deque()
        self._finisher.forget()
        self.adapter.send_complete(waiting, status)

    def _look_for_motion(self) -> None:
        """Give up what waits for a port that has taken nothing for long; otherwise look again later."""
        if not self._has_moved:
            self._give_up()
        self._watch()

    def _give_up(self) -> None:
        self._is_given_up = True
        self._failed += len(self._waiting)
        self._take_back(_FAILURE)

    def _watch(self) -> None:
        """Let the watchdog look once more, if there is something to watch."""
        if self._waiting and not self._watchdog.armed:
            self._has_moved = False
            self._watchdog.set(self._patience_ms)

    def _send(self) -> None:
        """Write what waits, and what is sent meanwhile, while there is room."""
        self._is_sending = True
        try:
            while self._waiting and self._is_on and not self._port.is_full:
                packets, self._waiting = list(self._waiting), deque()
                self._write(packets)
        finally:
            self._is_sending = False
        if self._waiting and self._is_given_up:
            self._give_up()
        else:
            self._watch()

    def _write(self, packets: Sequence[Packet]) -> None:
        """Write packets up to one for which there is no room, and complete them."""
        port = self._port
        headers = noted_headers(packets)
        if headers is not None and not self._offloads:
            self._settle(*self._finisher.write(port, packets, headers))
            return
        frames: Sequence[Frame] = contents_of(packets)
        if self._offloads:
            frames = join(headers, frames)
        sent = port.transmit(frames)
        if sent == len(packets):
            self._has_moved, self._is_given_up = True, False
            self.adapter.send_complete(packets, _SUCCESS)
            return
        written = list(packets[:sent])
        lost: list[Packet] = []
        while sent < len(packets) and not port.is_full:
            lost.append(packets[sent])
            rest = frames[sent + 1 :]
            more = port.transmit(rest) if rest else 0
            written += packets[sent + 1 : sent + 1 + more]
            sent += 1 + more
        self._settle(written, lost, packets[sent:])

    def _settle(self, written: Sequence[Packet], lost: Sequence[Packet], waiting: Sequence[Packet]) -> None:
        """Complete packets that were written or lost, and let others wait, unless the port is given up."""
        if written:
            self._has_moved, self._is_given_up = True, False
        if self._is_given_up:
            lost = (*lost, *waiting)
            self._finisher.forget()
        else:
            self._waiting.extendleft(reversed(waiting))
        self._failed += len(lost)
        self.adapter.send_complete(written, _SUCCESS)
        self.adapter.send_complete(lost, _FAILURE)
