"""A learning bridge (IEEE 802.1D): an intermediate driver over several adapters, which hands frames from port to port.

Source: the pages of NdisIMInitializeDeviceInstanceEx, ProtocolReceivePacket, NdisSendPackets and NdisReturnPackets.
A received packet is lent, so each way out gets a packet of this driver's own over the same bytes, and the lent one goes
back when all of those are sent. What a batch brings is gathered, and sent in one call to each port when it is over.
Rules: never back where it came from; the order is kept; frames are not changed; one for which no packet is left is
dropped and counted. The bridge is an adapter, too: a protocol above it is a station that is reachable by every port.
"""

from collections.abc import Sequence
from typing import Any

from asyncndis.base import NdisError, NdisStatus, check_integer
from asyncndis.kernel import NdisEvent
from asyncndis.memory import Packet, PacketFlags
from asyncndis.ndis import Adapter, Binding, Intermediate, MediaState, Miniport, Oid, PacketFilter

from .bridge_port import BridgePort, BridgeStatistics, Relay
from .learning_table import LearningTable
from .parts_pool import PartsPool

__all__ = ["Bridge"]

_RESOURCES = NdisStatus.RESOURCES
_DONT_LOOPBACK = int(PacketFlags.DONT_LOOPBACK)
_PROMISCUOUS = int(PacketFilter.PROMISCUOUS)
_SECOND_MS = 1000
_PARTS = 2


class Bridge(Intermediate):
    """Joins adapters to one network: ``open_stack(Bridge(), (One(), Other()), nic=(nic, other))``.

    Protocols may stand above it, as ``open_stack(Ipv4Host("10.9.0.1/24"), Bridge(), (One(), Other()))``, but need not.

    :param hub: whether it learns nothing, and sends every frame to all other ports
    :param frames: how many packets may be on their way at once
    :param stations: how many stations it knows at most
    :param ageing_seconds: how long a station is known after it was last heard of
    :param permanent_address: its own; by default that of its first port
    :param name: for messages
    """

    def __init__(
        self,
        *,
        hub: bool = False,
        frames: int = 1024,
        stations: int = 1024,
        ageing_seconds: float = 300.0,
        permanent_address: bytes | None = None,
        name: str | None = None,
    ) -> None:
        check_integer("frames", frames, 1)
        super().__init__(name=name, permanent_address=permanent_address)
        self._table: LearningTable[BridgePort] = LearningTable(stations, ageing_seconds=ageing_seconds)
        self._recent: dict[bytes, BridgePort] = {}  # heard within this second: two look-ups for most frames
        self._is_hub = hub
        self._most = frames
        self._stations = stations
        self._address = permanent_address
        self._ports: dict[Binding, BridgePort] = {}
        self._relays: dict[Packet, Relay] = {}
        self._batches = 0
        self._is_open = self._is_flushing = False

    def __repr__(self) -> str:
        ports = ", ".join(port.name for port in self._ports.values()) or "no port"
        return f"<Bridge {self.name!r} {ports}; {len(self._relays)} packets on their way, {self._table!r}>"

    def statistics(self) -> BridgeStatistics:
        """The state of it now; O(n) in its ports. IRQL: any."""
        return BridgeStatistics(
            tuple(port.statistics() for port in self._ports.values()), len(self._relays), self._table.statistics()
        )

    # Its ports

    async def bind(self, binding: Binding) -> None:
        """A port more; it receives once the bridge is open. IRQL: PASSIVE."""
        self.lower.append(binding)
        self._ports[binding] = BridgePort(binding)
        for port in self._ports.values():
            port.others = tuple(other for other in self._ports.values() if other is not port)
        if self._is_open:
            await binding.set_filter(PacketFilter.PROMISCUOUS)

    async def unbind(self, binding: Binding) -> None:
        """A port goes, and the stations behind it are forgotten; with the last one, the bridge is halted."""
        await super().unbind(binding)
        self._forget(self._ports.pop(binding))
        for port in self._ports.values():
            port.others = tuple(other for other in port.others if other.binding is not binding)

    async def initialize(self, adapter: Adapter) -> None:
        """Be like the ports: an address, a length, a speed that suits all; then let them receive. IRQL: PASSIVE."""
        if self._address is None:
            self.permanent_address = self.below.address
        self.maximum_frame_size = min(port.maximum_frame_size for port in self.lower)
        self.link_speed = min([await port.query(Oid.GEN_LINK_SPEED) for port in self.lower])
        packets = await adapter.allocate_packets(self._most, name="relays")
        self._pool = PartsPool(packets, await adapter.allocate_buffers(_PARTS * self._most, name="relay buffers"))
        self._came_home = NdisEvent(f"{self.name} has nothing on its way")
        adapter.timer(self._recent.clear, name="ageing").set_periodic(_SECOND_MS)
        for port in self.lower:
            await port.set_filter(PacketFilter.PROMISCUOUS)
        self._is_open = True

    async def halt(self) -> None:
        """Take no more frames, and wait for those that are on their way. IRQL: PASSIVE. Rules: LIFE-03, LIFE-04."""
        self._is_open = False
        if self._relays:
            await self._came_home.wait()
        await super().halt()

    async def reset(self) -> Any:
        """Reset every port, which completes what is on its way. IRQL: PASSIVE."""
        for port in tuple(self.lower):
            await port.reset()
        return NdisStatus.SUCCESS

    def status(self, binding: Binding, status: NdisStatus, data: bytes) -> None:
        """A cable was plugged in or pulled: the bridge has a link while one of its ports has. IRQL: DISPATCH."""
        if status is NdisStatus.MEDIA_DISCONNECT:
            self._forget(self._ports[binding])
        up = any(port.adapter.connected for port in self.lower)
        if self._is_open and up is not (self.media_state is MediaState.CONNECTED):
            self.media_state = MediaState.CONNECTED if up else MediaState.DISCONNECTED
            self.adapter.indicate_link(up=up)

    def status_complete(self, binding: Binding) -> None:
        """The changes of a port are told; those of the bridge were told at once. IRQL: DISPATCH."""

    # What the adapter above asks; the filters of the ports are not its business

    query_information = Miniport.query_information
    set_information = Miniport.set_information

    # Traffic

    def receive(self, binding: Binding, packet: Packet) -> int:
        """A frame has come in by a port. IRQL: DISPATCH."""
        if not self._is_open:
            return 0
        port = self._ports[binding]
        if not port.in_batch:
            port.in_batch = True
            self._batches += 1
        port.received += 1
        first = packet.first
        assert first is not None  # NDIS has seen that it holds the header
        header = bytes(first.view()[:12])
        if not self._is_hub and self._recent.get(header[6:]) is not port:
            self._learn(header[6:], port)
        destination = header[:6]
        ways = self._ways_to(destination, port)
        returns = self._relay(packet, port, ways) if ways else 0
        if self._is_for_above(destination):
            returns += self.pass_up(binding, packet)
        return returns

    def receive_complete(self, binding: Binding) -> None:
        """A batch is over: what it brought is sent. IRQL: DISPATCH."""
        port = self._ports[binding]
        if port.in_batch:
            port.in_batch = False
            self._batches -= 1
        self._flush()

    def send_packets(self, packets: Sequence[Packet]) -> None:
        """The station above sends, also to several ports. IRQL: DISPATCH. Rule: PKT-14."""
        for packet in packets:
            first = packet.first
            assert first is not None  # NDIS has seen that it holds the header
            relay = Relay(packet, None)
            for port in self._ways_to(bytes(first.view()[:6]), None):
                try:
                    own = self._pool.over(packet)
                except NdisError:
                    port.dropped += 1
                    continue
                own.copy_send_info_from(packet)
                self._put(own, port, relay)
            if not relay.left:
                self.adapter.send_complete(packet, NdisStatus.FAILURE)
        self._flush()

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        """A packet of this driver's own is back: with the last one, so is the packet behind it. IRQL: DISPATCH."""
        relay = self._relays.pop(packet)
        port = self._ports.get(binding)
        if status is NdisStatus.SUCCESS:
            relay.status = status
        elif port is not None:
            port.failed += 1
        self._pool.free(packet)
        relay.left -= 1
        if not relay.left and relay.packet is not None:
            if relay.source is None:
                self.adapter.send_complete(relay.packet, relay.status)
            else:
                relay.source.return_packet(relay.packet)
        if not self._relays and not self._is_open:
            self._came_home.set()

    def cancel_send_packets(self, cancel_id: int) -> None:
        """What is on its way under an id is given up, at each port. IRQL: DISPATCH. Rule: SEND-14."""
        for port in tuple(self.lower):
            port.cancel_sends(cancel_id)

    def _learn(self, station: bytes, port: BridgePort) -> None:
        self._table.learn(station, port)
        if len(self._recent) >= self._stations:
            self._recent.clear()
        self._recent[station] = port

    def _forget(self, port: BridgePort) -> None:
        self._recent.clear()
        self._table.forget_port(port)

    def _ways_to(self, destination: bytes, source: BridgePort | None) -> Sequence[BridgePort]:
        """The ports that a frame leaves by: that of its station, or all but the one it came from."""
        if destination == self.adapter.current_address:
            return ()
        if not (self._is_hub or destination[0] & 1):
            port = self._recent.get(destination) or self._table.lookup(destination)
            if port is not None:
                return () if port is source else (port,)
        return tuple(self._ports.values()) if source is None else source.others

    def _is_for_above(self, destination: bytes) -> bool:
        """Whether the station above is to see a frame."""
        adapter = self.adapter
        if not adapter.open_bindings:
            return False
        return (
            destination[0] & 1 == 1 or destination == adapter.current_address or bool(self.packet_filter & _PROMISCUOUS)
        )

    def _relay(self, packet: Packet, source: BridgePort, ways: Sequence[BridgePort]) -> int:
        """Queue a received frame for some ports; the answer is how often its packet will be returned for that."""
        is_lent = packet.oob.status != _RESOURCES
        relay = Relay(packet, source.binding) if is_lent else Relay(None, None)
        bytes_of_low = b"" if is_lent else packet.to_bytes()
        for port in ways:
            try:
                own = self._pool.over(packet) if is_lent else self._pool.allocate_nowait((bytes_of_low,))
            except NdisError:
                port.dropped += 1
            else:
                self._put(own, port, relay)
        return 1 if is_lent and relay.left else 0

    def _put(self, own: Packet, port: BridgePort, relay: Relay) -> None:
        own.set_flags(_DONT_LOOPBACK)  # or what leaves by a port would come in by it
        self._relays[own] = relay
        relay.left += 1
        port.outgoing.append(own)

    def _flush(self) -> None:
        """Send what is queued, unless a batch is still coming in: a packet is not returned within its indication."""
        if self._batches or self._is_flushing:
            return
        self._is_flushing = True
        try:
            while busy := [port for port in self._ports.values() if port.outgoing]:
                for port in busy:
                    port.send_outgoing()
        finally:
            self._is_flushing = False
