"""Which frames a NIC takes from the wire: by its own address, the group addresses it knows, and its receive filter.

The set of addresses that pass is made when the filter changes, so that a frame costs one look-up.
"""

from collections.abc import Iterable, Sequence
from enum import IntFlag

from asyncndis.base import check_instance, check_integer

from .device import BROADCAST_ADDRESS

__all__ = ["AddressFilter", "FrameFilter"]


class FrameFilter(IntFlag):
    """The kinds of frames that pass; the values are those of OID_GEN_CURRENT_PACKET_FILTER."""

    DIRECTED = 0x01
    MULTICAST = 0x02
    ALL_MULTICAST = 0x04
    BROADCAST = 0x08
    PROMISCUOUS = 0x20


_ALL = sum(FrameFilter)
_PROMISCUOUS = int(FrameFilter.PROMISCUOUS)
_ALL_MULTICAST = int(FrameFilter.ALL_MULTICAST)


class AddressFilter:
    """The address filter of one NIC; at first nothing passes.

    :param mac: the address of the station
    :param multicast_limit: group addresses that it can hold
    """

    __slots__ = ("_addresses", "_limit", "_mac", "_multicast", "_rule")

    def __init__(self, mac: bytes, multicast_limit: int) -> None:
        check_integer("multicast_limit", multicast_limit, 0, 0xFFFF)
        self._mac = mac
        self._limit = multicast_limit
        self._rule = FrameFilter(0)
        self._multicast: tuple[bytes, ...] = ()
        self._addresses: frozenset[bytes] = frozenset()

    @property
    def rule(self) -> FrameFilter:
        """The kinds of frames that pass now."""
        return self._rule

    @property
    def mac(self) -> bytes:
        """The address that directed frames carry."""
        return self._mac

    @property
    def multicast(self) -> tuple[bytes, ...]:
        """The group addresses that pass with MULTICAST."""
        return self._multicast

    def set_rule(self, rule: int) -> None:
        """Let other kinds pass.

        :raises ValueError: for a kind that this hardware does not know
        """
        check_integer("a receive filter", rule)
        if rule & ~_ALL:
            raise ValueError(f"a receive filter is made of the bits {_ALL:#x}, not {rule:#x}")
        self._rule = FrameFilter(rule)
        self._update()

    def set_mac(self, mac: bytes) -> None:
        """Answer to another address."""
        self._mac = mac
        self._update()

    def set_multicast(self, addresses: Iterable[bytes]) -> None:
        """Replace the list of group addresses.

        :raises ValueError: when it is longer than the hardware's, or has an address of one station in it
        """
        new = tuple(addresses)
        if len(new) > self._limit:
            raise ValueError(f"this hardware holds {self._limit} group addresses, not {len(new)}; use ALL_MULTICAST")
        for address in new:
            check_instance("a group address", address, bytes)
            if len(address) != 6 or not address[0] & 1:
                raise ValueError(f"a group address has six bytes and an odd first one, not {address.hex(':')!r}")
        self.load_multicast(new)

    def load_multicast(self, addresses: Iterable[bytes]) -> None:
        """Replace the list, whatever is in it, as a device does whose table is being written."""
        self._multicast = tuple(addresses)
        self._update()

    def admit(self, frames: Sequence[bytes]) -> Sequence[bytes]:
        """The frames that pass, in order."""
        rule = int(self._rule)  # operations on flags cost ten times as much
        if rule & _PROMISCUOUS:
            return frames
        addresses = self._addresses
        if not rule & _ALL_MULTICAST:
            return [frame for frame in frames if frame[:6] in addresses]
        return [
            frame for frame in frames if frame[:6] in addresses or (frame[0] & 1 and frame[:6] != BROADCAST_ADDRESS)
        ]

    def _update(self) -> None:
        rule = self._rule
        addresses = {self._mac} if rule & FrameFilter.DIRECTED else set[bytes]()
        if rule & FrameFilter.MULTICAST:
            addresses.update(self._multicast)
        if rule & FrameFilter.BROADCAST:
            addresses.add(BROADCAST_ADDRESS)
        self._addresses = frozenset(addresses)
