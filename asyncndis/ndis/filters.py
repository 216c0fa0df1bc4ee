"""Which frames pass: packet filters and multicast lists on 802.3, and which sent frames NDIS loops back.

Pure rules, no I/O: a filter is a value, made when a binding sets its filter or its list and asked for every frame.
Broadcast is a class of its own, which neither MULTICAST nor ALL_MULTICAST covers. The filter of an adapter is the union
of its bindings' flags and lists, so it may pass what no binding wants; each binding's own filter decides. Source: the
pages of OID_GEN_CURRENT_PACKET_FILTER, OID_802_3_MULTICAST_LIST, OID_GEN_MAC_OPTIONS and OID_GEN_PROTOCOL_OPTIONS.
"""

from collections.abc import Callable, Iterable
from enum import Enum

from asyncndis.base import check_integer
from asyncndis.memory import PacketFlags

from .media import MacOptions, PacketFilter

__all__ = [
    "BROADCAST_ADDRESS",
    "Destination",
    "LoopbackRule",
    "ReceiveFilter",
    "Route",
    "check_address",
    "classify_destination",
    "combine_filters",
]

BROADCAST_ADDRESS = b"\xff" * 6
_ALL = PacketFilter.PROMISCUOUS | PacketFilter.ALL_LOCAL
_OF_NDIS_ALONE = PacketFilter.ALL_LOCAL | PacketFilter.NO_LOCAL


class Destination(Enum):
    """Whom a frame is for."""

    DIRECTED = "directed"
    MULTICAST = "multicast"
    BROADCAST = "broadcast"


class Route(Enum):
    """Where a sent frame goes."""

    WIRE = "wire"
    LOOPBACK = "loopback"
    BOTH = "both"
    NOWHERE = "nowhere"


_STEERED = {
    int(PacketFlags.DONT_LOOPBACK): Route.WIRE,
    int(PacketFlags.LOOPBACK_ONLY): Route.LOOPBACK,
    int(PacketFlags.DONT_LOOPBACK | PacketFlags.LOOPBACK_ONLY): Route.NOWHERE,
}
_STEERING = max(_STEERED)  # plain integers, since a test of flags costs ten times more


def check_address(what: str, address: object) -> bytes:
    """Refuse what is no Ethernet address of six bytes. IRQL: any.

    :param what: what it is called, for the message
    :returns: the address
    :raises TypeError: when it is not ``bytes``
    :raises ValueError: when it has another length
    """
    if not isinstance(address, bytes):
        raise TypeError(f"{what} is bytes, not {type(address).__name__}")
    if len(address) != 6:
        raise ValueError(f"{what} is 6 bytes, not {len(address)}")
    return address


def classify_destination(frame: bytes | bytearray | memoryview) -> Destination:
    """Whom a frame is for. IRQL: any.

    :param frame: a frame, or its start: six bytes are enough
    :raises ValueError: when there are fewer
    """
    if len(frame) < 6:
        raise ValueError(f"a destination is 6 bytes, but the frame has {len(frame)}")
    if not frame[0] & 1:
        return Destination.DIRECTED
    return Destination.BROADCAST if frame[:6] == BROADCAST_ADDRESS else Destination.MULTICAST


class ReceiveFilter:
    """What one binding, or one adapter, wants to receive. A value: a change makes a new one. IRQL: any.

    :param packet_filter: the flags; of those that 802.3 does not know, none passes anything
    :param current_address: the adapter's own, for DIRECTED
    :param multicast_list: for MULTICAST; doubles are dropped
    :ivar accepts: whether a frame passes, asked with the six bytes of its destination. ALL_LOCAL passes whatever the
        NIC delivered
    :ivar accepts_all: whether every frame passes
    """

    __slots__ = ("accepts", "accepts_all", "current_address", "multicast_list", "packet_filter")

    accepts: Callable[[bytes], bool]

    def __init__(
        self, packet_filter: PacketFilter, current_address: bytes, multicast_list: Iterable[bytes] = ()
    ) -> None:
        check_integer("packet_filter", packet_filter)
        self.packet_filter = PacketFilter(packet_filter)
        self.current_address = check_address("current_address", current_address)
        self.multicast_list = tuple(dict.fromkeys(_check_group(address) for address in multicast_list))
        self.accepts = self._compile()
        self.accepts_all = self.accepts is _accept_all

    def __repr__(self) -> str:
        flags = self.packet_filter.name or "nothing"
        return f"<ReceiveFilter {flags} at {self.current_address.hex(':')}, {len(self.multicast_list)} multicast>"

    @property
    def wants_loopback(self) -> bool:
        """Whether frames that this host sent may pass too; NO_LOCAL declines them."""
        return not self.packet_filter & PacketFilter.NO_LOCAL

    def _compile(self) -> Callable[[bytes], bool]:
        flags = self.packet_filter
        if flags & _ALL:
            return _accept_all
        exact: set[bytes] = set()
        if flags & PacketFilter.DIRECTED:
            exact.add(self.current_address)
        if flags & PacketFilter.MULTICAST:
            exact.update(self.multicast_list)
        exact.discard(BROADCAST_ADDRESS)
        if flags & PacketFilter.BROADCAST:
            exact.add(BROADCAST_ADDRESS)
        if flags & PacketFilter.ALL_MULTICAST:
            return _with_groups(frozenset(exact))
        return frozenset(exact).__contains__  # in C: the shortest way there is


def combine_filters(filters: Iterable[ReceiveFilter], current_address: bytes) -> ReceiveFilter:
    """The filter that an adapter needs for all of its bindings: the union of their flags and of their lists. IRQL: any.

    :param filters: those of its bindings; none of them makes a filter that passes nothing
    :param current_address: the adapter's own
    """
    flags = 0
    addresses: dict[bytes, None] = {}
    for one in filters:
        flags |= one.packet_filter
        addresses.update(dict.fromkeys(one.multicast_list))
    return ReceiveFilter(PacketFilter(flags & ~int(_OF_NDIS_ALONE)), current_address, addresses)


class LoopbackRule:
    """Where the frames that are sent on one adapter go. IRQL: any.

    NDIS loops frames back on behalf of a miniport that says NO_LOOPBACK; any other is trusted to do so itself. What is
    looped back reaches the bindings whose filters accept it.

    :param mac_options: what the miniport says of itself
    :param current_address: the adapter's own
    """

    __slots__ = ("_current_address", "_is_ours")

    def __init__(self, mac_options: MacOptions, current_address: bytes) -> None:
        check_integer("mac_options", mac_options)
        self._is_ours = bool(mac_options & MacOptions.NO_LOOPBACK)
        self._current_address = check_address("current_address", current_address)

    def route(self, destination: bytes, flags: int) -> Route:
        """Where a frame goes.

        :param destination: six bytes
        :param flags: the flags of its packet: LOOPBACK_ONLY keeps it off the wire, DONT_LOOPBACK keeps it from the
            bindings
        :returns: WIRE, BOTH, LOOPBACK (also for what is sent to the adapter's own address), or NOWHERE
        """
        steering = flags & _STEERING
        if steering:
            return _STEERED[steering]
        if not self._is_ours:
            return Route.WIRE
        return Route.LOOPBACK if destination == self._current_address else Route.BOTH


def _check_group(address: bytes) -> bytes:
    check_address("a multicast address", address)
    if not address[0] & 1:
        raise ValueError(f"{address.hex(':')} is in a multicast list, but is the address of one station")
    return address


def _accept_all(_destination: bytes) -> bool:
    return True


def _with_groups(exact: frozenset[bytes]) -> Callable[[bytes], bool]:
    def accepts(destination: bytes) -> bool:
        return destination in exact or (
            len(destination) == 6 and bool(destination[0] & 1) and destination != BROADCAST_ADDRESS
        )

    return accepts
