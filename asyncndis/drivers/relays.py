"""The books of a bridge: its ports, and the frames that are on their way through it.

A received packet is lent and cannot be sent, so each way out gets a packet of the bridge's own over the same bytes; the
lent one goes back when all of those are sent. What a batch brings is gathered, and sent in one call to each port when
it is over, since a packet is not returned while its indication runs (RCV-08). One for which no packet is left is
dropped, and counted at the port that it was for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from asyncndis.base import NdisError, NdisStatus
from asyncndis.memory import Memory, Packet, PacketFlags
from asyncndis.memory.info_rows import carry_info
from asyncndis.ndis import Binding

from .learning_table import LearningTableStatistics
from .parts_pool import PartsPool

__all__ = ["BridgePort", "BridgePortStatistics", "BridgeStatistics", "Relay", "Relays"]

_RESOURCES = NdisStatus.RESOURCES
_DONT_LOOPBACK = int(PacketFlags.DONT_LOOPBACK)


@dataclass(frozen=True, slots=True)
class BridgePortStatistics:
    """A port at one moment.

    :ivar name: of the adapter
    :ivar received: frames that came in by it
    :ivar sent: frames that were given to it
    :ivar failed: of these, the ones that it did not send
    :ivar dropped: frames for it for which no packet was left
    """

    name: str
    received: int
    sent: int
    failed: int
    dropped: int


@dataclass(frozen=True, slots=True)
class BridgeStatistics:
    """A bridge at one moment.

    :ivar ports: its ports, in the order of their adapters
    :ivar relayed: packets that are on their way
    :ivar table: the stations that it knows
    """

    ports: tuple[BridgePortStatistics, ...]
    relayed: int
    table: LearningTableStatistics


class BridgePort:
    """A port of a bridge.

    :ivar binding: to the adapter
    :ivar name: of the adapter
    :ivar others: the other ports
    :ivar ways: the ports that frames leave by which came in here, by the addresses in front of them, as far as known
    :ivar outgoing: packets that are to be sent, when the batch is over that brought them
    :ivar in_batch: whether a batch of frames comes in by it now
    """

    __slots__ = ("binding", "dropped", "failed", "in_batch", "name", "others", "outgoing", "received", "sent", "ways")

    def __init__(self, binding: Binding) -> None:
        self.binding = binding
        self.name = binding.adapter.name
        self.others: tuple[BridgePort, ...] = ()
        self.ways: dict[bytes, Sequence[BridgePort]] = {}
        self.outgoing: list[Packet] = []
        self.in_batch = False
        self.received = self.sent = self.failed = self.dropped = 0

    def __repr__(self) -> str:
        return f"<BridgePort {self.name!r} {self.received} in, {self.sent} out, {self.dropped} dropped>"

    def statistics(self) -> BridgePortStatistics:
        """The state of it now. IRQL: any."""
        return BridgePortStatistics(self.name, self.received, self.sent, self.failed, self.dropped)


class Relay:
    """One frame on its way.

    :ivar packet: the one behind the bridge's own; None where those have a copy of its bytes
    :ivar source: the binding that it was lent to; None where the station above sent it
    :ivar left: how many packets over it are still out
    :ivar status: how it went: SUCCESS where one of them was sent, otherwise as the last of them
    """

    __slots__ = ("left", "packet", "source", "status")

    def __init__(self, packet: Packet | None, source: Binding | None) -> None:
        self.packet = packet
        self.source = source
        self.left = 0
        self.status = NdisStatus.FAILURE


class Relays:
    """All frames on their way through one bridge."""

    __slots__ = ("_batches", "_is_flushing", "_leaving", "_on_their_way", "_pool", "_returns", "_single", "_spare")

    _pool: PartsPool

    def __init__(self) -> None:
        self._on_their_way: dict[Packet, Relay] = {}
        self._single: dict[Binding, dict[Packet, Packet]] = {}  # rows by where they came in; they leave by one port
        self._leaving: list[BridgePort] = []  # ports with something to send
        self._batches = 0
        self._is_flushing = False
        self._returns: dict[Binding, list[Packet]] = {}
        self._spare: list[Packet] = []  # own packets that carry the next row

    def __repr__(self) -> str:
        return f"<Relays {len(self)} packets on their way, {self._batches} batches coming in>"

    def __len__(self) -> int:
        return len(self._on_their_way) + sum(map(len, self._single.values()))

    def open(self, pool: PartsPool) -> None:
        """The bridge can relay from now on. IRQL: any.

        :param pool: where its own packets come from
        """
        self._pool = pool

    def close(self) -> None:
        """Give all packets back; none of them is on its way. IRQL: <= DISPATCH."""
        spare, self._spare = self._spare, []
        self._pool.free_row(spare)

    def begin_batch(self, port: BridgePort) -> None:
        """The first frame of a batch has come in. IRQL: DISPATCH."""
        port.in_batch = True
        self._batches += 1

    def end_batch(self, port: BridgePort) -> None:
        """No frame of the batch is left: send what is queued. IRQL: DISPATCH."""
        if port.in_batch:
            port.in_batch = False
            self._batches -= 1
        self.flush()

    def forward(self, packet: Packet, source: BridgePort, ways: Sequence[BridgePort]) -> int:
        """Queue a received packet for some ports; the answer is how often it will be returned for that.

        IRQL: DISPATCH, within the receive handler.
        """
        if packet.oob.status == _RESOURCES:
            self._forward_copies(packet, ways)
            return 0
        relay = Relay(packet, source.binding)
        for port in ways:
            try:
                own = self._over(packet)
            except NdisError:
                port.dropped += 1
                continue
            own.copy_send_info_from(packet)
            self._put(own, port, relay)
        return 1 if relay.left else 0

    def forward_row(
        self, packets: Sequence[Packet], memories: Sequence[Memory], source: BridgePort, way: BridgePort
    ) -> Sequence[Packet]:
        """Queue received packets of one buffer each for one port; the answer is which of them will be returned, once.

        IRQL: DISPATCH, within the receive handler.
        """
        count = len(memories)
        own: list[Packet] | None
        if len(self._spare) < count:
            own = self._pool.row_over(memories, _DONT_LOOPBACK)
            if own is None:  # then they are taken one by one
                return [packet for packet in packets if self.forward(packet, source, (way,))]
        else:
            own = self._spare[-count:]
            del self._spare[-count:]
            self._pool.refill_row(own, memories)
        carry_info(packets, own)
        single = self._single.get(source.binding)
        if single is None:
            single = self._single[source.binding] = {}
        single.update(zip(own, packets, strict=True))
        if not way.outgoing:
            self._leaving.append(way)
        way.outgoing += own
        return packets

    def send(self, packet: Packet, ways: Iterable[BridgePort]) -> bool:
        """Queue a packet of the station above for some ports; whether it will leave by one. IRQL: DISPATCH."""
        relay = Relay(packet, None)
        for port in ways:
            try:
                own = self._over(packet)
            except NdisError:
                port.dropped += 1
                continue
            own.copy_send_info_from(packet)
            self._put(own, port, relay)
        return relay.left > 0

    def flush(self) -> None:
        """Send what is queued, unless a batch is still coming in, or it is being done. IRQL: DISPATCH."""
        if self._batches or self._is_flushing:
            return
        self._is_flushing = True
        try:
            while self._leaving:
                port = self._leaving.pop(0)
                packets, port.outgoing = port.outgoing, []
                port.sent += len(packets)
                port.binding.send_packets(packets)
        finally:
            self._is_flushing = False
            returns = self._returns
            if returns:
                self._returns = {}
                for binding, packets in returns.items():
                    binding.return_packets(packets)

    def give_back(self, packet: Packet, source: Binding) -> None:
        """Return a lent packet: now, or in one call with others where these are being sent. IRQL: <= DISPATCH."""
        if self._is_flushing:
            self._returns.setdefault(source, []).append(packet)
        else:
            source.return_packet(packet)

    def take_back_row(self, packets: Sequence[Packet]) -> bool:
        """Take back packets that were sent, and return those behind them; False where they go one by one.

        IRQL: <= DISPATCH.
        """
        for source, single in self._single.items():
            if packets[0] in single:
                lent = [behind for behind in map(single.get, packets) if behind is not None]
                if len(lent) != len(packets):
                    return False
                for packet in packets:
                    del single[packet]
                self._spare += packets
                if not self._is_flushing:
                    source.return_packets(lent)
                elif source in self._returns:
                    self._returns[source] += lent
                else:
                    self._returns[source] = lent
                return True
        return False

    def take_back(self, own: Packet, status: NdisStatus) -> Relay | None:
        """Take back a packet that was sent; its relay, where it was the last. IRQL: <= DISPATCH."""
        self._pool.free(own)
        for source, single in self._single.items():
            if own in single:
                return Relay(single.pop(own), source)
        relay = self._on_their_way.pop(own)
        if relay.status is not NdisStatus.SUCCESS:
            relay.status = status
        relay.left -= 1
        return None if relay.left else relay

    def _over(self, packet: Packet) -> Packet:
        """An own packet over another; a spare one makes room for it."""
        if self._spare:
            self._pool.free(self._spare.pop())
        return self._pool.over(packet)

    def _forward_copies(self, packet: Packet, ways: Sequence[BridgePort]) -> None:
        frame = packet.to_bytes()
        relay = Relay(None, None)
        for port in ways:
            if self._spare:
                self._pool.free(self._spare.pop())
            try:
                own = self._pool.allocate_nowait((frame,))
            except NdisError:
                port.dropped += 1
                continue
            own.copy_send_info_from(packet)
            self._put(own, port, relay)

    def _put(self, own: Packet, port: BridgePort, relay: Relay) -> None:
        own.set_flags(_DONT_LOOPBACK)  # or what leaves by a port would come in by it
        self._on_their_way[own] = relay
        relay.left += 1
        if not port.outgoing:
            self._leaving.append(port)
        port.outgoing.append(own)
