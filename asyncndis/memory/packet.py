"""One packet descriptor: who holds it, its bytes, and its way back to the pool.

Source: the pages of NdisFreePacket, NdisDprFreePacket, NdisDprFreePacketNonInterlocked, NdisGetFirstBufferFromPacket
and NdisCopyFromPacketToPacket. A packet is at home while its allocator has it and nobody watches: allocating, chaining
and freeing then take their short ways. Every hand-over to another driver goes through ``transfer``, which asks the
table.
"""

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from asyncndis.base import IllegalTransition, RuleViolation, check_instance, check_integer
from asyncndis.kernel.processors import Irql, current_irql, irql_name

from .buffer import Buffer, Priority
from .copying import copy_chain
from .descriptor import AWAY
from .metadata import Metadata
from .provider import Block
from .states import PACKET_STATES, PacketEvent, PacketState, rule_of

if TYPE_CHECKING:
    from .packets import PacketPool
    from .pool import DescriptorPool

__all__ = ["FirstBuffer", "Packet", "require_dispatch"]

_OWNED = PacketState.OWNED
_FREE = PacketState.FREE
_WITH_ALLOCATOR = frozenset({PacketState.OWNED, PacketState.SENT, PacketState.RETURNED})
_HAND_OVERS: dict[PacketEvent, dict[PacketState, PacketState]] = {
    event: {state: after for state, its_event, after in PACKET_STATES if its_event is event}
    for event in PacketEvent
    if event not in (PacketEvent.ALLOCATE, PacketEvent.FREE)  # the pool's
}
_NO_STATES: dict[PacketState, PacketState] = {}
_HAND_BACK = PacketEvent.HAND_BACK
_LAYERS = {PacketEvent.HAND_ON: 1, PacketEvent.HAND_BACK: -1}
_ETHERNET_ADDRESSES = 12


class FirstBuffer(NamedTuple):
    """What NdisGetFirstBufferFromPacket tells of a packet.

    :ivar buffer: its first buffer, or None
    :ivar view: the bytes of that buffer; None where there is none, or where they cannot be mapped now
    :ivar length: how many these are
    :ivar total_length: bytes in all buffers
    """

    buffer: Buffer | None
    view: memoryview | None
    length: int
    total_length: int


class Packet(Metadata):
    """A packet descriptor (NDIS_PACKET): made by its pool, never by hand."""

    __slots__ = ("_holder", "_noninterlocked", "_state")

    def __init__(self, pool: "DescriptorPool[Any]") -> None:
        super().__init__(pool)
        self._state = _FREE
        self._holder: object = None
        self._noninterlocked = False

    def __repr__(self) -> str:
        holder = "" if self._holder is None else f" by {getattr(self._holder, 'name', self._holder)}"
        buffers = list(self)
        length = sum(buffer.length for buffer in buffers)
        return f"<Packet of {self._pool.name!r} {self._state.value}{holder}, {len(buffers)} buffers, {length} bytes>"

    @property
    def pool(self) -> "PacketPool":
        """The pool that it belongs to (NdisGetPoolFromPacket). IRQL: any."""
        return cast("PacketPool", self._pool)

    @property
    def state(self) -> PacketState:
        """What kind of holder has it. IRQL: any."""
        return self._state

    @property
    def holder(self) -> object:
        """The driver it was handed to; None while its allocator has it, or the pool. IRQL: any."""
        return self._holder

    def transfer(self, event: PacketEvent, to: object = None) -> None:
        """Hand the packet over: the one way in which it changes hands, used by NDIS. IRQL: any.

        :param event: what happens to it; allocating and freeing are the pool's
        :param to: who holds it now; None where its allocator does
        :raises IllegalTransition: when that cannot happen to it now; SEND-01, SEND-02, RCV-01, RCV-07, RCV-12, PKT-03
        """
        after = _HAND_OVERS.get(event, _NO_STATES).get(self._state)
        if after is None or (event is _HAND_BACK and not self._layer):
            raise self._refused(event)
        self._state = after
        if after in _WITH_ALLOCATOR:
            self._holder = None
            self._layer = 0
            if self._special is None and not self._noninterlocked and self._pool._probe is None:
                self._home = self._pool
        else:
            self._holder = to
            self._home = AWAY
            if event in _LAYERS:
                self._layer += _LAYERS[event]

    def head(self, size: int) -> bytes:
        """The first bytes of the first buffer, as NDIS looks at them: where a whole header has to be. IRQL: any.

        :param size: how many
        :returns: these; fewer where that buffer is shorter, none where there is none
        """
        buffer = self._head
        if buffer is None:
            return b""
        memory = buffer._memory
        return bytes(memory.view[:size]) if isinstance(memory, Block) else bytes(memory[:size])

    def first_buffer(self) -> FirstBuffer:
        """The first buffer and its bytes, and the length of all (NdisGetFirstBufferFromPacket). IRQL: <= DISPATCH.

        :raises RuleViolation: PKT-03 the packet is free
        """
        self._before_reading("NdisGetFirstBufferFromPacket")
        return self._first_buffer(is_mapped=True)

    def first_buffer_safe(self, priority: Priority = Priority.NORMAL) -> FirstBuffer:
        """The form of :meth:`first_buffer` for low resources (NdisGetFirstBufferFromPacketSafe). IRQL: <= DISPATCH.

        :param priority: how badly the bytes are needed; where they cannot be mapped, the view is None (BUF-12)
        """
        operation = "NdisGetFirstBufferFromPacketSafe"
        check_integer("priority", priority)
        self._before_reading(operation)
        return self._first_buffer(is_mapped=not self._fails(operation))

    def to_bytes(self) -> bytes:
        """A copy of all bytes of the chain. IRQL: <= DISPATCH.

        :raises RuleViolation: PKT-03 the packet is free
        """
        self._require_live()
        return b"".join(buffer._bytes() for buffer in self)

    def copy_from(self, source: "Packet", *, offset: int = 0, source_offset: int = 0, count: int = 0xFFFF_FFFF) -> int:
        """Copy bytes of another packet into the buffers of this one (NdisCopyFromPacketToPacket).

        IRQL: <= DISPATCH, no spin lock held. Rule: PKT-13, out-of-band data is not copied.

        :param source: where the bytes come from
        :param offset: where in this packet to begin, in bytes
        :param source_offset: where in the source to begin, in bytes
        :param count: how many bytes at most
        :returns: how many were copied: less where either chain ends
        :raises RuleViolation: PKT-03 either packet is free
        :raises TypeError: when this packet's buffers describe read-only memory
        """
        return self._copy("NdisCopyFromPacketToPacket", source, offset, source_offset, count)

    def copy_from_safe(
        self,
        source: "Packet",
        *,
        offset: int = 0,
        source_offset: int = 0,
        count: int = 0xFFFF_FFFF,
        priority: Priority = Priority.NORMAL,
    ) -> int:
        """The form of :meth:`copy_from` for low resources (NdisCopyFromPacketToPacketSafe).

        :param priority: how badly the copy is needed; where bytes cannot be mapped, none are copied
        """
        check_integer("priority", priority)
        return self._copy("NdisCopyFromPacketToPacketSafe", source, offset, source_offset, count)

    def swap_addresses(self) -> None:
        """Exchange the two addresses of an Ethernet frame, as an echo does. IRQL: <= DISPATCH.

        :raises ValueError: when the first buffer does not hold both
        """
        self._require_live()
        header = memoryview(b"") if self._head is None else self._head._bytes()
        if len(header) < _ETHERNET_ADDRESSES:
            raise ValueError(f"the first buffer of {self!r} is too short for an Ethernet header")
        half = _ETHERNET_ADDRESSES // 2
        header[:_ETHERNET_ADDRESSES] = bytes(header[half:_ETHERNET_ADDRESSES]) + bytes(header[:half])

    def free(self) -> None:
        """Give the descriptor back to its pool (NdisFreePacket). IRQL: <= DISPATCH, no spin lock held (PKT-02).

        :raises RuleViolation: PKT-01 buffers are chained to it, PKT-03 free already, SEND-01 or RCV-01 it is with
            another driver, PKT-05 it was allocated by the NonInterlocked form
        """
        if self._head is not None:
            self._check_free("NdisFreePacket", noninterlocked=False)
        self._home._returns.append(self)
        self._clear()

    def free_dpr(self) -> None:
        """The form of :meth:`free` for DISPATCH_LEVEL (NdisDprFreePacket); both may be mixed (PKT-06).

        IRQL: exactly DISPATCH. Rules: PKT-04, and as :meth:`free`.
        """
        require_dispatch("NdisDprFreePacket", self._pool)
        self._free_as("NdisDprFreePacket", noninterlocked=False)

    def free_dpr_noninterlocked(self) -> None:
        """Give a packet of ``allocate_dpr_noninterlocked`` back (NdisDprFreePacketNonInterlocked).

        IRQL: exactly DISPATCH; the driver holds a lock of its own (PKT-05). Rules: PKT-04, and as :meth:`free`.
        """
        require_dispatch("NdisDprFreePacketNonInterlocked", self._pool)
        self._free_as("NdisDprFreePacketNonInterlocked", noninterlocked=True)

    def _copy(self, operation: str, source: "Packet", offset: int, source_offset: int, count: int) -> int:
        check_instance("the source of a copy", source, Packet)
        for what, value in (("offset", offset), ("source_offset", source_offset), ("count", count)):
            check_integer(what, value)
        self._before_reading(operation, source)
        source._require_live()
        copied = 0
        if not self._fails(operation):
            copied = copy_chain(self._head, offset, source._head, source_offset, count)
        self._after(operation, source, copied)
        return copied

    def _first_buffer(self, *, is_mapped: bool) -> FirstBuffer:
        buffer = self._head
        if buffer is None:
            return FirstBuffer(None, None, 0, 0)
        view = buffer._bytes() if is_mapped else None
        return FirstBuffer(buffer, view, buffer.length, sum(other.length for other in self))

    def _fails(self, operation: str) -> bool:
        """Whether the system cannot map bytes now; only the Safe forms can say so."""
        probe = self._pool._probe
        return probe is not None and operation.endswith("Safe") and probe.fails(operation, self)

    def _free_carefully(self) -> None:
        self._free_as("NdisFreePacket", noninterlocked=False)

    def _free_as(self, operation: str, *, noninterlocked: bool) -> None:
        self._check_free(operation, noninterlocked=noninterlocked)
        self._pool._come_back(self, operation)
        self._noninterlocked = False
        self._clear()

    def _check_free(self, operation: str, *, noninterlocked: bool) -> None:
        """Refuse to free a packet that may not be freed now, or not by this form."""
        self._require_owned(operation)
        if self._head is not None:
            raise RuleViolation("PKT-01", f"{self!r} is freed with buffers chained to it; unchain them first", self)
        if self._noninterlocked is not noninterlocked:
            taken = "the NonInterlocked" if self._noninterlocked else "an interlocked"
            raise RuleViolation(
                "PKT-05", f"{self!r} was allocated by {taken} form, and is freed by the other; pair them", self
            )

    def _clear(self) -> None:
        """The use that is over leaves nothing behind."""
        self._home = AWAY
        self._state = _FREE
        self._oob = None
        self._areas = None

    def _come_home(self) -> None:
        """With its allocator again: the short ways serve it, unless something special is left or somebody watches."""
        if self._special is None and not self._noninterlocked and self._pool._probe is None:
            self._home = self._pool

    def _require_live(self) -> None:
        if self._state is _FREE:
            raise RuleViolation(
                "PKT-03",
                f"a packet of pool {self._pool.name!r} is used after it was freed; allocate it anew",
                self,
                other=self._freed_at,
            )

    def _require_owned(self, operation: str) -> None:
        if self._state not in _WITH_ALLOCATOR:
            self._require_live()
            raise RuleViolation(
                rule_of(self._state, PacketEvent.FREE),
                f"{operation} on {self!r}, which is not with its allocator; wait until it is back",
                self,
            )

    def _refused(self, event: PacketEvent) -> RuleViolation:
        """Why an event cannot happen to the packet now."""
        check_instance("event", event, PacketEvent)
        legal = ", ".join(other for other, steps in _HAND_OVERS.items() if self._state in steps)
        return IllegalTransition(
            rule_of(self._state, event), f"{event} is not legal for {self!r}; legal now: {legal or 'nothing'}", self
        )

    def _protocol_reserved_length(self) -> int:
        return self.pool.protocol_reserved_length

    def _usual_header_size(self) -> int:
        return self.pool.header_size


def require_dispatch(operation: str, pool: "DescriptorPool[Any]") -> None:
    """Refuse a Dpr form elsewhere than at DISPATCH_LEVEL; on CE it may be called anywhere.

    :raises RuleViolation: PKT-04
    """
    if pool.profile.dpr_needs_dispatch and current_irql() != Irql.DISPATCH:
        raise RuleViolation(
            "PKT-04",
            f"{operation} on pool {pool.name!r} is called at {irql_name(current_irql())}; it needs exactly "
            "DISPATCH_LEVEL, use the plain form elsewhere",
            pool,
        )
