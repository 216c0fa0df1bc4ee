"""A learning bridge (IEEE 802.1D): an intermediate driver over several adapters, which hands frames from port to port.

Source: the pages of NdisIMInitializeDeviceInstanceEx, ProtocolReceivePacket, NdisSendPackets and NdisReturnPackets.
Rules: a frame goes to the port where its station was last heard, or to all others; never back where it came from. The
order is kept, and nothing is changed or copied. The bridge is an adapter, too, with the address of its first port: a
protocol above it is a station that every port can reach.
"""

from collections.abc import Sequence
from typing import Any

from asyncndis.base import NdisStatus, check_integer
from asyncndis.kernel import NdisEvent
from asyncndis.memory import Packet
from asyncndis.memory.rows import glance
from asyncndis.ndis import Adapter, Binding, Intermediate, MediaState, Miniport, Oid, PacketFilter

from .learning_table import TickingTable
from .parts_pool import PartsPool
from .relays import BridgePort, BridgeStatistics, Relays

__all__ = ["Bridge"]

_PROMISCUOUS = int(PacketFilter.PROMISCUOUS)
_TICK_MS = 1000
_ADDRESSES = 12
_MOST_WAYS = 1024


class Bridge(Intermediate):
    """Joins adapters to one network: ``open_stack(Bridge(), (One(), Other()), nic=(nic, other))``.

    Protocols may stand above it, as ``open_stack(Ipv4Host("10.9.0.1/24"), Bridge(), (One(), Other()))``, but need not.

    :param hub: whether it learns nothing, and sends every frame to all other ports
    :param frames: how many packets may be on their way at once
    :param stations: how many stations it knows at most
    :param ageing_seconds: how long a station is known after it was last heard of
    :param name: for messages
    """

    def __init__(
        self,
        *,
        hub: bool = False,
        frames: int = 1024,
        stations: int = 1024,
        ageing_seconds: float = 300.0,
        name: str | None = None,
    ) -> None:
        check_integer("frames", frames, 1)
        super().__init__(name=name)
        self._table: TickingTable[BridgePort] = TickingTable(stations, ageing_seconds=ageing_seconds)
        self._memory = stations, ageing_seconds
        self._is_hub = hub
        self._frames = frames
        self._ports: dict[Binding, BridgePort] = {}
        self._relays = Relays()
        self._is_open = False
        self._came_home: NdisEvent | None = None

    def __repr__(self) -> str:
        ports = ", ".join(port.name for port in self._ports.values()) or "no port"
        return f"<Bridge {self.name!r} of {ports}; {len(self._relays)} packets on their way>"

    def statistics(self) -> BridgeStatistics:
        """The state of it now; O(n) in its ports. IRQL: any."""
        ports = tuple(port.statistics() for port in self._ports.values())
        return BridgeStatistics(ports, len(self._relays), self._table.statistics())

    async def bind(self, binding: Binding) -> None:
        """A port more; it receives once the bridge is open. IRQL: PASSIVE."""
        self.lower.append(binding)
        self._ports[binding] = BridgePort(binding)
        self._join()

    async def unbind(self, binding: Binding) -> None:
        """A port less, and the stations behind it are forgotten; with the last one, the bridge is halted."""
        await super().unbind(binding)
        self._table.forget_port(self._ports.pop(binding))
        self._join()

    async def initialize(self, adapter: Adapter) -> None:
        """Be like the ports: an address, a length and a speed that suit all; then let them receive. IRQL: PASSIVE."""
        self.permanent_address = self.below.address
        self._station = self.network_address or self.permanent_address
        self.maximum_frame_size = min(port.maximum_frame_size for port in self.lower)
        self.link_speed = min([await port.query(Oid.GEN_LINK_SPEED) for port in self.lower])
        packets = await adapter.allocate_packets(self._frames, name="relays")
        self._relays.open(PartsPool(packets, await adapter.allocate_buffers(2 * self._frames)))
        stations, ageing_seconds = self._memory
        self._table = TickingTable(stations, ageing_seconds=ageing_seconds, clock=adapter.library.clock)
        adapter.timer(self._tick, name="ageing").set_periodic(_TICK_MS)
        self._is_open = True
        for port in self.lower:
            await port.set_filter(PacketFilter.PROMISCUOUS)

    async def halt(self) -> None:
        """Take no more frames, and wait for those that are on their way. IRQL: PASSIVE. Rules: LIFE-03, LIFE-04."""
        self._is_open = False
        self._came_home = NdisEvent(f"{self.name} has no frame on its way")
        if self._relays:
            await self._came_home.wait()
        self._relays.close()
        await super().halt()

    async def reset(self) -> Any:
        """Reset every port, which completes what is on its way. IRQL: PASSIVE. Rule: SEND-16."""
        for port in tuple(self.lower):
            await port.reset()
        return NdisStatus.SUCCESS

    def status(self, binding: Binding, status: NdisStatus, data: bytes) -> None:
        """A cable was plugged in or pulled: the bridge has a link while one of its ports has. IRQL: DISPATCH."""
        if status is NdisStatus.MEDIA_DISCONNECT:
            self._table.forget_port(self._ports[binding])
            self._forget_ways()
        is_up = any(port.adapter.connected for port in self.lower)
        if self._is_open and is_up is not self.adapter.connected:
            self.media_state = MediaState.CONNECTED if is_up else MediaState.DISCONNECTED
            self.adapter.indicate_link(up=is_up)

    def status_complete(self, binding: Binding) -> None:
        """The changes of a port are told; the bridge has told its own at once. IRQL: DISPATCH."""

    # What those above ask and set; the filters of the ports are not their business.
    query_information = Miniport.query_information
    set_information = Miniport.set_information

    def receive(self, binding: Binding, packet: Packet) -> int:
        """A frame has come in by a port. IRQL: DISPATCH."""
        if not self._is_open:
            return 0
        port = self._ports[binding]
        port.received += 1
        if not port.in_batch:
            self._relays.begin_batch(port)
        header = packet.head(_ADDRESSES)
        ways = port.ways.get(header)
        if ways is None:
            ways = self._find_ways(header, port)
        returns = self._relays.forward(packet, port, ways) if ways else 0
        if self.adapter.open_bindings and self._is_for_above(header[:6]):
            returns += self.pass_up(binding, packet)
        return returns

    def receive_row(self, binding: Binding, packets: Sequence[Packet]) -> Sequence[Packet] | None:
        """Several frames have come in by a port, most often in runs for the same station. IRQL: DISPATCH."""
        if not self._is_open:
            return ()
        if self.adapter.open_bindings:  # who see them one by one
            return None
        port = self._ports[binding]
        port.received += len(packets)
        if not port.in_batch:
            self._relays.begin_batch(port)
        memories, headers = glance(packets, _ADDRESSES)
        kept: list[Packet] = []
        start, count = 0, len(packets)
        while start < count:
            header = headers[start]
            end = start + 1
            while end < count and headers[end] == header:
                end += 1
            ways = port.ways.get(header)
            if ways is None:
                ways = self._find_ways(header, port)
            if len(ways) == 1:
                kept += self._relays.forward_row(packets[start:end], memories[start:end], port, ways[0])
            elif ways:
                kept += [packet for packet in packets[start:end] if self._relays.forward(packet, port, ways)]
            start = end
        return kept

    def receive_complete(self, binding: Binding) -> None:
        """A batch is over: what it brought is sent. IRQL: DISPATCH."""
        if self._is_open:
            self._relays.end_batch(self._ports[binding])

    def send_packets(self, packets: Sequence[Packet]) -> None:
        """The station above sends. IRQL: DISPATCH. Rule: PKT-14."""
        for packet in packets:
            if not self._relays.send(packet, self._ways_to(packet.head(6), None)):
                self.adapter.send_complete(packet, NdisStatus.FAILURE)
        self._relays.flush()

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        """A packet of this driver's own is back: with the last one, so is the packet behind it. IRQL: DISPATCH."""
        if status is not NdisStatus.SUCCESS and binding in self._ports:
            self._ports[binding].failed += 1
        relay = self._relays.take_back(packet, status)
        if relay is not None and relay.packet is not None:
            if relay.source is None:
                self.adapter.send_complete(relay.packet, relay.status)
            else:
                self._relays.give_back(relay.packet, relay.source)
        self._look_whether_home()

    def send_complete_row(self, binding: Binding, packets: Sequence[Packet], status: NdisStatus) -> None:
        """Several of them are back. IRQL: DISPATCH."""
        if not self._relays.take_back_row(packets):
            for packet in packets:
                self.send_complete(binding, packet, status)
        elif status is not NdisStatus.SUCCESS and binding in self._ports:
            self._ports[binding].failed += len(packets)
        if self._came_home is not None:
            self._look_whether_home()

    def cancel_send_packets(self, cancel_id: int) -> None:
        """What was sent under an id is given up, at each port. IRQL: DISPATCH. Rule: SEND-14."""
        for port in tuple(self.lower):
            port.cancel_sends(cancel_id)

    def _look_whether_home(self) -> None:
        if self._came_home is not None and not self._relays:
            self._came_home.set()

    def _join(self) -> None:
        ports = tuple(self._ports.values())
        for port in ports:
            port.others = tuple(other for other in ports if other is not port)
        self._forget_ways()

    def _tick(self) -> None:
        self._table.tick()
        self._forget_ways()

    def _forget_ways(self) -> None:
        """Something has changed, or time has gone by: where frames go is to be looked up again."""
        for port in self._ports.values():
            port.ways.clear()

    def _find_ways(self, addresses: bytes, port: BridgePort) -> Sequence[BridgePort]:
        """Note who has sent a frame, and by which ports it leaves; the same for those that follow it."""
        if not self._is_hub and self._table.learn(addresses[6:], port):
            self._forget_ways()
        if len(port.ways) >= _MOST_WAYS:
            port.ways.clear()
        ways = port.ways[addresses] = self._ways_to(addresses[:6], port)
        return ways

    def _ways_to(self, destination: bytes, source: BridgePort | None) -> Sequence[BridgePort]:
        """The ports that a frame leaves by."""
        if destination == self._station:
            return ()
        if not (self._is_hub or destination[0] & 1):
            port = self._table.lookup(destination)
            if port is not None:
                return () if port is source else (port,)
        return tuple(self._ports.values()) if source is None else source.others

    def _is_for_above(self, destination: bytes) -> bool:
        """Whether the station above is to see a frame."""
        return bool(destination[0] & 1 or int(self.packet_filter) & _PROMISCUOUS) or destination == self._station
