"""A protocol that is an IPv4 host: it answers ARP, ICMP echo and UDP echo, and can ping.

Source: the pages of ProtocolReceivePacket, NdisSend and ProtocolSendComplete; what it says is up to ``HostEngine``,
which knows no driver. A received packet is read at once and not kept; answers go out in frames of the binding's own,
which come back in ProtocolSendComplete. When all of those are out an answer is dropped and counted, as hosts do:
whoever asked asks again.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

from asyncndis.base import NdisError, NdisStatus, check_integer
from asyncndis.kernel import NdisEvent
from asyncndis.kernel.clock import SECOND
from asyncndis.memory import Packet
from asyncndis.ndis import BindContext, Binding, PacketFilter, Protocol

from .inet import EchoReply, HostEngine, HostStatistics

__all__ = ["Ipv4Host", "Ipv4HostStatistics"]

_IDENTIFIER = 1
_LONGEST_PACKET = 65_535
_FIRST_ADDRESS = bytes.fromhex("020000000001")


@dataclass(frozen=True, slots=True)
class Ipv4HostStatistics:
    """A host at one moment.

    :ivar engine: what it has received and sent
    :ivar dropped: frames that were not sent, for want of a packet or since the adapter refused them
    :ivar waiting: pings that wait for an answer
    """

    engine: HostStatistics
    dropped: int
    waiting: int


class _Ping:
    """A ping that waits."""

    __slots__ = ("answered", "reply")

    def __init__(self) -> None:
        self.answered = NdisEvent("ping")
        self.reply: EchoReply | None = None


class Ipv4Host(Protocol):
    """An IPv4 host on one link: ``open_stack(Ipv4Host("10.9.0.1/24"), BusMaster(), nic=nic)``.

    :param address: its IPv4 address with the length of the prefix, as "10.9.0.1/24"
    :param mtu: the longest IPv4 packet that it sends, in bytes, where the link would take longer ones
    :param name: for messages
    :raises ValueError: when the address is none that a host can have, or the MTU is too small for IPv4
    """

    packet_filter = PacketFilter.DIRECTED | PacketFilter.BROADCAST
    frame_count = 256

    def __init__(self, address: IPv4Interface | str, *, mtu: int = _LONGEST_PACKET, name: str | None = None) -> None:
        super().__init__(name=name)
        self._interface = address
        self._mtu = mtu
        self._engine = HostEngine(_FIRST_ADDRESS, address, mtu=mtu)  # which judges both now; a link brings another
        self._pings: dict[tuple[IPv4Address, int], _Ping] = {}
        self._sequence = 0
        self._dropped = 0

    def __repr__(self) -> str:
        return f"<Ipv4Host {self.name!r} {len(self.bindings)} bindings, {self._engine!r}>"

    def statistics(self) -> Ipv4HostStatistics:
        """The state of it now. IRQL: any."""
        return Ipv4HostStatistics(self._engine.statistics(), self._dropped, len(self._pings))

    def verdicts(self) -> dict[str, int]:
        """How many frames met with which verdict, in words, since the link came. IRQL: any."""
        return {str(verdict): count for verdict, count in self._engine.counters.most_common()}

    async def bind_adapter(self, bind: BindContext) -> Any:
        """An address is at home on one link: further adapters are declined. IRQL: PASSIVE."""
        return NdisStatus.NOT_ACCEPTED if self.bindings else await super().bind_adapter(bind)

    def bind(self, binding: Binding) -> None:
        """The link is there: make the address known on it. IRQL: PASSIVE."""
        self._engine = HostEngine(
            binding.address,
            self._interface,
            mtu=min(self._mtu, binding.maximum_frame_size),
            clock=binding.adapter.library.clock,
        )
        self._send(binding, self._engine.start())

    async def ping(
        self, address: IPv4Address | str, payload: bytes = b"asyncndis", *, patience_ms: int = 1000
    ) -> float:
        """Ask a neighbour for an echo, and wait for it. IRQL: PASSIVE, no spin lock held.

        :param address: of the neighbour
        :param payload: what to have sent back
        :param patience_ms: how long to wait at most, in milliseconds
        :returns: the seconds that it took
        :raises TimeoutError: when no answer came, or one with another payload
        :raises ValueError: when ``address`` cannot be that of a neighbour, or the payload is too long
        :raises NdisError: ADAPTER_NOT_OPEN, when there is no link
        """
        check_integer("patience_ms", patience_ms, 1)
        binding = self.binding
        clock = binding.adapter.library.clock
        self._sequence = sequence = (self._sequence + 1) & 0xFFFF
        key = IPv4Address(address), sequence
        started = clock.now()
        frames = self._engine.ping(key[0], payload, identifier=_IDENTIFIER, sequence=sequence)
        ping = self._pings[key] = _Ping()
        try:
            self._send(binding, frames)
            await ping.answered.wait(patience_ms)
        finally:
            del self._pings[key]
        if ping.reply is None or ping.reply.payload != payload:
            raise TimeoutError(f"{self.name}: no answer from {address} in {patience_ms} ms")
        return (clock.now() - started) / SECOND

    def receive(self, binding: Binding, packet: Packet) -> None:
        """Answer a frame; its packet is not kept. IRQL: DISPATCH."""
        self._send(binding, self._engine.receive(packet.to_bytes()))
        if self._pings:
            for reply in self._engine.take_replies():
                ping = self._pings.get((reply.source, reply.sequence))
                if ping is not None and reply.identifier == _IDENTIFIER:
                    ping.reply = reply
                    ping.answered.set()

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        """A frame is sent. IRQL: DISPATCH."""
        binding.frames.free(packet)

    def status(self, binding: Binding, status: NdisStatus, data: bytes) -> None:
        """When the cable is plugged in, perhaps elsewhere, make the address known anew. IRQL: DISPATCH."""
        if status is NdisStatus.MEDIA_CONNECT:
            self._send(binding, self._engine.start())

    def _send(self, binding: Binding, frames: list[bytes]) -> None:
        for frame in frames:
            try:
                packet = binding.frames.allocate_nowait(frame)
            except NdisError:
                self._dropped += 1
                continue
            status = binding.send_nowait(packet)
            if status is not NdisStatus.PENDING:
                binding.frames.free(packet)
                self._dropped += status is not NdisStatus.SUCCESS
