"""Loopback: the sent frames that NDIS itself gives to the bindings of the same adapter.

Source: the pages of OID_GEN_MAC_OPTIONS and NDIS_PACKET flags. NDIS does so for a miniport that reports NO_LOOPBACK. A
looped frame is a copy in a packet of NDIS's own, flagged IS_LOOPBACK_PACKET, with status RESOURCES: protocols copy it.
A frame for the adapter's own address, or flagged LOOPBACK_ONLY, does not reach the wire and is sent at once.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from asyncndis.base import NdisError, NdisStatus
from asyncndis.memory import Packet, PacketFlags

from .filters import LoopbackRule, Route
from .frames import FramePool
from .media import MacOptions

if TYPE_CHECKING:
    from .adapter import Adapter

__all__ = ["Loopback"]

_HEADER = 14
_STEERED = int(PacketFlags.DONT_LOOPBACK | PacketFlags.LOOPBACK_ONLY)
_WIRE_ONLY = int(PacketFlags.DONT_LOOPBACK)


class Loopback:
    """Loops frames back on one adapter.

    :param adapter: whose
    :param frames: where the copies come from
    :param mac_options: what the miniport says of itself
    :ivar looped: frames that were given to bindings
    :ivar dropped: frames that were not, since no copy could be made
    """

    __slots__ = ("_adapter", "_frames", "_rule", "dropped", "looped")

    def __init__(self, adapter: "Adapter", frames: FramePool, mac_options: MacOptions) -> None:
        self._adapter = adapter
        self._frames = frames
        self._rule = LoopbackRule(mac_options, adapter.current_address)
        self.looped = 0
        self.dropped = 0

    @property
    def is_needed(self) -> bool:
        """Whether a sent frame could have to be looped back: somebody listens."""
        return bool(self._adapter.open_bindings)

    async def aclose(self) -> None:
        """Loop no more."""
        await self._frames.aclose()

    def wants(self, headers: Iterable[bytes]) -> bool:
        """Whether a frame with one of these headers has to be looked at for being looped back."""
        return self.is_needed and any(self._is_wanted(header) for header in headers)

    def loop(self, packets: Sequence[Packet], in_flight: Mapping[Packet, object]) -> list[Packet]:
        """Loop back what is to be, and answer for what does not reach the wire.

        :param in_flight: where packets are until they are given back
        :returns: the packets for the miniport
        """
        outward: list[Packet] = []
        known, is_wanted = b"", False  # frames in a row often have one header
        for packet in packets:
            flags = packet.flag_bits & _STEERED
            if flags == _WIRE_ONLY:  # all that a bridge sends
                outward.append(packet)
                continue
            header = packet.head(_HEADER)
            if header != known:
                known, is_wanted = header, self._is_wanted(header)
            if not flags and not is_wanted:
                outward.append(packet)
                continue
            known = b""  # who is shown a frame may change what it wants
            route = self._rule.route(header[:6], flags)
            submission = in_flight.get(packet)
            if submission is None:
                continue  # given back already: whoever was shown the one before has asked for a reset
            if route is Route.LOOPBACK or route is Route.BOTH:
                self._show(packet)
            if in_flight.get(packet) is not submission:
                continue
            if route is Route.WIRE or route is Route.BOTH:
                outward.append(packet)
            else:
                self._adapter.sends.complete_looped(packet)
        return outward

    def _is_wanted(self, header: bytes) -> bool:
        """Whether it makes a difference to loop a frame back: a binding accepts it, or it is for this very adapter."""
        if header[:6] == self._adapter.current_address:
            return True
        return any(binding.accepts(header) for binding in self._adapter.open_bindings)

    def _show(self, packet: Packet) -> None:
        """Give a copy to the bindings that accept it."""
        try:
            copy = self._frames.allocate_nowait(packet.to_bytes())
        except NdisError:
            self.dropped += 1
            return
        copy.set_flags(PacketFlags.IS_LOOPBACK_PACKET)
        copy.oob.status = NdisStatus.RESOURCES
        self.looped += 1
        try:
            self._adapter.receives.show_looped(copy)
        finally:
            self._frames.free(copy)
