"""Small drivers for the tests of others: stations, and ports whose other end is another port, or the test."""

from collections.abc import Sequence

from asyncndis.base import NdisStatus
from asyncndis.memory import Packet
from asyncndis.ndis import Adapter, AdapterState, Binding, Miniport, PacketFilter, Protocol

__all__ = ["Port", "Station", "ethernet", "join", "mac"]


class Port(Miniport):
    """A port; what it sends is kept, and arrives at its peer, if it has one and that one runs.

    :param number: that of its address
    :param size: the longest frame, without its header
    :param frames: how many frames can be lent at once
    :param delay_ms: how long a frame takes
    :ivar sent: the frames that were sent
    :ivar holds: whether sends stay in flight until :meth:`release`
    :ivar held: those that are in flight
    :ivar calls: how many packets each call had that sent some
    :ivar missed: frames that arrived while it did not run, or had no packet left
    """

    def __init__(
        self,
        number: int = 1,
        *,
        name: str = "port",
        size: int = 1500,
        frames: int = 64,
        holds: bool = False,
        delay_ms: int = 0,
    ) -> None:
        super().__init__(name=name, permanent_address=mac(number))
        self.maximum_frame_size = size
        self.frames = frames
        self.holds = holds or delay_ms > 0
        self.delay_ms = delay_ms
        self.peer: Port | None = None
        self.sent: list[bytes] = []
        self.held: list[Packet] = []
        self.calls: list[int] = []
        self.missed = 0
        self.runs = False

    async def initialize(self, adapter: Adapter) -> None:
        self.rx = await adapter.allocate_frames(self.frames)
        self.timer = adapter.timer(self.release, name="delay")
        self.runs = True

    async def halt(self) -> None:
        self.runs = False
        self.release(NdisStatus.REQUEST_ABORTED)
        await super().halt()

    def reset(self) -> NdisStatus:
        self.release(NdisStatus.REQUEST_ABORTED)
        return NdisStatus.SUCCESS

    def send_packets(self, packets: Sequence[Packet]) -> None:
        self.held += packets
        self.calls.append(len(packets))
        if not self.holds:
            self.release()
        elif self.delay_ms and not self.timer.armed:
            self.timer.set(self.delay_ms)

    def cancel_send_packets(self, cancel_id: int) -> None:
        matching = [packet for packet in self.held if packet.cancel_id == cancel_id]
        self.held = [packet for packet in self.held if packet not in matching]
        for packet in matching:
            self.adapter.send_complete(packet, NdisStatus.REQUEST_ABORTED)

    def return_packet(self, packet: Packet) -> None:
        self.rx.free(packet)

    def release(self, status: NdisStatus = NdisStatus.SUCCESS, count: int | None = None) -> None:
        """Complete what is in flight; with SUCCESS, it is sent."""
        packets, self.held = self.held[:count], [] if count is None else self.held[count:]
        frames = [packet.to_bytes() for packet in packets]
        if status is NdisStatus.SUCCESS:
            self.sent += frames
        for packet in packets:
            self.adapter.send_complete(packet, status)
        if status is NdisStatus.SUCCESS and self.peer is not None:
            self.peer.arrive(*frames)

    def arrive(self, *frames: bytes, low: bool = False) -> None:
        """Frames come from the wire, and are indicated at once: as RESOURCES if it is low on packets."""
        if not self.runs or self.adapter.state is not AdapterState.RUNNING:
            self.missed += len(frames)
            return
        packets: list[Packet] = []
        for frame in frames:
            if self.rx.outstanding == self.rx.capacity:
                self.missed += 1
                continue
            packet = self.rx.allocate_nowait(bytearray(frame))
            packet.oob.status = NdisStatus.RESOURCES if low else NdisStatus.SUCCESS
            packets.append(packet)
        self.adapter.indicate(packets)
        if low:
            for packet in packets:
                self.rx.free(packet)


class Station(Protocol):
    """A protocol whose doings the test decides.

    :param keeps: whether it keeps what it receives until :meth:`give_back`
    :ivar received: the frames that came
    :ivar completed: how each send went
    """

    packet_filter = PacketFilter.DIRECTED | PacketFilter.BROADCAST | PacketFilter.ALL_MULTICAST
    frame_count = 256

    def __init__(self, *, name: str = "Station", keeps: bool = False, promiscuous: bool = False) -> None:
        super().__init__(name=name)
        self.keeps = keeps
        self.received: list[bytes] = []
        self.completed: list[NdisStatus] = []
        self.kept: list[Packet] = []
        if promiscuous:
            self.packet_filter = PacketFilter.PROMISCUOUS

    def receive(self, binding: Binding, packet: Packet) -> int:
        self.received.append(packet.to_bytes())
        if not self.keeps or packet.oob.status == NdisStatus.RESOURCES:
            return 0
        self.kept.append(packet)
        return 1

    def give_back(self) -> None:
        kept, self.kept = self.kept, []
        self.binding.return_packets(kept)

    def unbind(self, binding: Binding) -> None:
        self.give_back()

    def send(self, *frames: bytes, cancel_ids: Sequence[int] = ()) -> None:
        """Send frames in one call."""
        packets = [self.binding.frames.allocate_nowait(frame) for frame in frames]
        for packet, cancel_id in zip(packets, cancel_ids, strict=False):
            packet.cancel_id = cancel_id
        self.binding.send_packets(packets)

    def send_one(self, frame: bytes, *, flags: int = 0) -> NdisStatus:
        """Send a frame, and tell the status of the call."""
        packet = self.binding.frames.allocate_nowait(frame)
        packet.set_flags(flags)
        status = self.binding.send_nowait(packet)
        if status is not NdisStatus.PENDING:
            self.send_complete(self.binding, packet, status)
        return status

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        self.completed.append(status)
        binding.frames.free(packet)


def join(one: Port, other: Port) -> None:
    """Let two ports be the ends of a cable."""
    one.peer, other.peer = other, one


def mac(number: int) -> bytes:
    """The address of a station."""
    return bytes((2, 0, 0, 0, 1, number))


def ethernet(destination: bytes, source: bytes, payload: bytes = b"", ether_type: int = 0x88B5) -> bytes:
    """A frame, with padding."""
    return (destination + source + ether_type.to_bytes(2, "big") + payload).ljust(60, b"\0")
