"""The chain of buffers that hangs on a packet, and the counts of it.

Source: the pages of NdisChainBufferAtFront, NdisChainBufferAtBack, NdisUnchainBufferAtFront, NdisUnchainBufferAtBack,
NdisQueryPacket, NdisRecalculatePacketCounts and NdisReinitializePacket. Linked buffers move as a whole; a buffer is in
one chain at most (BUF-10). Counts are kept once they were asked for, and chaining forgets them; editing a length does
not, so that they stay wrong until they are recalculated (BUF-11).

The short ways serve a packet that is at home with its allocator, and buffers in no other chain.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from asyncndis.base import RuleViolation, check_instance

from .buffer import Buffer
from .descriptor import AWAY, Descriptor
from .provider import PAGE_SIZE, Block

if TYPE_CHECKING:
    from collections.abc import Callable

    from .pool import DescriptorPool

__all__ = ["Chain", "PacketCounts"]


class PacketCounts(NamedTuple):
    """What NdisQueryPacket tells of a packet.

    :ivar physical_count: pages that its buffers touch, the upper bound of its physical fragments
    :ivar buffer_count: buffers in its chain
    :ivar first_buffer: the first of them, or None
    :ivar total_length: their bytes
    """

    physical_count: int
    buffer_count: int
    first_buffer: Buffer | None
    total_length: int


# Twice as fast as calling the class, and counting four buffers takes no longer than that call.
_new_counts: "Callable[[type[PacketCounts], tuple[int, int, Buffer | None, int]], PacketCounts]"
_new_counts = vars(tuple)["__new__"]


class Chain(Descriptor):
    """The part of a packet that holds its buffers."""

    __slots__ = ("_counts", "_head", "_tail")

    def __init__(self, pool: "DescriptorPool[Any]") -> None:
        super().__init__(pool)
        self._head: Buffer | None = None
        self._tail: Buffer | None = None
        self._counts: PacketCounts | None = None

    def __iter__(self) -> Iterator[Buffer]:
        """The buffers of the chain, the first one first."""
        buffer = self._head
        while buffer is not None:
            following = buffer._next  # asked first, so that a loop may unchain what it was given
            yield buffer
            buffer = following

    @property
    def first(self) -> Buffer | None:
        """The first buffer of the chain. IRQL: any."""
        return self._head

    @property
    def last(self) -> Buffer | None:
        """The last buffer of the chain. IRQL: any."""
        return self._tail

    @property
    def length(self) -> int:
        """The number of bytes in the chain (NdisQueryPacketLength), as it was last counted. IRQL: any."""
        return self.query().total_length

    @property
    def buffer_count(self) -> int:
        """The number of buffers in the chain, as it was last counted. IRQL: any."""
        return self.query().buffer_count

    @property
    def physical_count(self) -> int:
        """The number of pages that the buffers touch, as it was last counted. IRQL: any."""
        return self.query().physical_count

    def chain_at_front(self, buffer: Buffer) -> None:
        """Put a buffer, and what it is linked to, before the chain (NdisChainBufferAtFront). IRQL: any.

        :param buffer: a live buffer in no chain; the first one, if it is linked to others
        :raises RuleViolation: BUF-10 in a chain already, BUF-05 free; as :meth:`chain_at_back`
        """
        if type(buffer) is not Buffer or self._home is AWAY or (buffer._home is AWAY and _is_tied(buffer)):
            self._chain_carefully("NdisChainBufferAtFront", buffer, at_front=True)
            return
        buffer._packet = self
        buffer._home = AWAY
        buffer._next = self._head
        if self._tail is None:
            self._tail = buffer
        self._head = buffer
        self._counts = None

    def chain_at_back(self, buffer: Buffer) -> None:
        """Put a buffer, and what it is linked to, behind the chain (NdisChainBufferAtBack). IRQL: any.

        :param buffer: a live buffer in no chain; the first one, if it is linked to others
        :raises RuleViolation: BUF-10 in a chain already, BUF-05 free; PKT-03 the packet is free, SEND-01 or RCV-01 it
            is with another driver
        """
        if type(buffer) is not Buffer or self._home is AWAY or (buffer._home is AWAY and _is_tied(buffer)):
            self._chain_carefully("NdisChainBufferAtBack", buffer, at_front=False)
            return
        buffer._packet = self
        buffer._home = AWAY
        tail = self._tail
        if tail is None:
            self._head = buffer
        else:
            tail._next = buffer
        self._tail = buffer
        self._counts = None

    def unchain_at_front(self) -> Buffer | None:
        """Take the first buffer off the chain (NdisUnchainBufferAtFront); it belongs to the caller. IRQL: any.

        :returns: the buffer, or None when the chain is empty
        :raises RuleViolation: PKT-03 the packet is free, SEND-01 or RCV-01 it is with another driver
        """
        if self._home is AWAY:
            return self._unchain_carefully("NdisUnchainBufferAtFront", at_front=True)
        buffer = self._head
        if buffer is not None:
            self._head = following = buffer._next
            if following is None:
                self._tail = None
            else:
                buffer._next = None
            buffer._packet = None
            if buffer._special is None:
                buffer._home = buffer._pool
            self._counts = None
        return buffer

    def unchain_at_back(self) -> Buffer | None:
        """Take the last buffer off the chain (NdisUnchainBufferAtBack); it belongs to the caller. IRQL: any. O(n).

        :returns: the buffer, or None when the chain is empty
        :raises RuleViolation: as :meth:`unchain_at_front`
        """
        return self._unchain_carefully("NdisUnchainBufferAtBack", at_front=False)

    def unchain_all(self) -> list[Buffer]:
        """Take every buffer off the chain, the first one first. IRQL: any.

        :raises RuleViolation: as :meth:`unchain_at_front`
        """
        buffers: list[Buffer] = []
        if self._home is AWAY:
            self._require_owned("NdisUnchainBufferAtFront")
            while self._head is not None:
                taken = self.unchain_at_front()
                assert taken is not None
                buffers.append(taken)
            return buffers
        buffer = self._head
        while buffer is not None:
            buffers.append(buffer)
            following = buffer._next
            buffer._next = None
            buffer._packet = None
            if buffer._special is None:
                buffer._home = buffer._pool
            buffer = following
        self._head = self._tail = None
        self._counts = None
        return buffers

    def query(self) -> PacketCounts:
        """Count pages, buffers and bytes of the chain (NdisQueryPacket), if they are not known yet. IRQL: any.

        :raises RuleViolation: PKT-03 the packet is free
        """
        if self._home is AWAY:
            self._before_reading("NdisQueryPacket")
        counts = self._counts
        if counts is not None:
            return counts
        count = length = 0
        pages = 0  # those beyond the first of each buffer
        buffer = self._head
        while buffer is not None:
            memory = buffer._memory
            size = len(memory)
            if size > PAGE_SIZE or type(memory) is Block:
                pages += buffer.span_pages - 1
            length += size
            count += 1
            buffer = buffer._next
        self._counts = counts = _new_counts(PacketCounts, (count + pages, count, self._head, length))
        return counts

    def recalculate_counts(self) -> None:
        """Forget the counts, after the length of a chained buffer was changed (NdisRecalculatePacketCounts). IRQL: any.

        Rule: BUF-11.
        """
        self._before_reading("NdisRecalculatePacketCounts")
        self._counts = None
        self._after("NdisRecalculatePacketCounts")

    def reinitialize(self) -> None:
        """Make the packet ready for its next use (NdisReinitializePacket). IRQL: <= DISPATCH.

        The buffers that were chained are out of the chain, and nobody's but the driver's that saved them (PKT-07); OOB
        data and per-packet information stay as they are (PKT-08).

        :raises RuleViolation: PKT-03 the packet is free, SEND-01 or RCV-01 it is with another driver
        """
        buffers = list(self)
        self._before_editing("NdisReinitializePacket", len(buffers))
        self._head = self._tail = None
        self._counts = None
        for buffer in buffers:
            _let_go(buffer)
        self._after("NdisReinitializePacket", len(buffers))

    def _chain_carefully(self, operation: str, buffer: Buffer, *, at_front: bool) -> None:
        check_instance("what is chained", buffer, Buffer)
        links = _links_of(buffer)
        self._before_editing(operation, buffer)
        for link in links:
            _tie(link, self)
        last = links[-1]
        if at_front:
            last._next = self._head
            self._head = buffer
            self._tail = self._tail or last
        else:
            if self._tail is None:
                self._head = buffer
            else:
                self._tail._next = buffer
            self._tail = last
        self._counts = None
        self._after(operation, buffer)

    def _unchain_carefully(self, operation: str, *, at_front: bool) -> Buffer | None:
        self._before_editing(operation)
        buffer = self._head if at_front else self._tail
        if buffer is not None:
            remaining = [other for other in self if other is not buffer]
            self._head = remaining[0] if remaining else None
            self._tail = remaining[-1] if remaining else None
            if self._tail is not None:
                self._tail._next = None
            self._counts = None
            _let_go(buffer)
        self._after(operation, buffer)
        return buffer

    def _before_reading(self, operation: str, *arguments: object) -> None:
        self._require_live()
        probe = self._pool._probe
        if probe is not None:
            probe.before(operation, self, *arguments)

    def _before_editing(self, operation: str, *arguments: object) -> None:
        self._require_owned(operation)
        probe = self._pool._probe
        if probe is not None:
            probe.before(operation, self, *arguments)

    def _after(self, operation: str, *arguments: object) -> None:
        probe = self._pool._probe
        if probe is not None:
            probe.after(operation, self, *arguments)

    if TYPE_CHECKING:  # what a packet knows of itself

        def _require_live(self) -> None:
            """Refuse a packet that is free."""

        def _require_owned(self, operation: str) -> None:
            """Refuse a packet that is not with its allocator."""


def _is_tied(buffer: Buffer) -> bool:
    """Whether a buffer that is away is in a chain, linked, or free; the others are adjusted, or have a handle."""
    return buffer._packet is not None or buffer._special is None or buffer._special.linked


def _links_of(buffer: Buffer) -> list[Buffer]:
    """A buffer and those linked behind it, all of them free to be chained."""
    if buffer._special is not None and buffer._special.follows:
        raise RuleViolation("BUF-10", f"{buffer!r} follows another buffer; chain the first of them", buffer)
    links: list[Buffer] = []
    link: Buffer | None = buffer
    while link is not None:
        link._require_live("BUF-05")
        if link._packet is not None:
            raise RuleViolation("BUF-10", f"{link!r} is in the chain of {link._packet!r}; unchain it first", link)
        links.append(link)
        link = link._next
    return links


def _tie(buffer: Buffer, packet: Chain) -> None:
    """Let a buffer be in the chain of a packet; a link that it had is now a part of that chain."""
    buffer._packet = packet
    buffer._home = AWAY
    special = buffer._special
    if special is not None and special.linked:
        special.linked = special.follows = False
        buffer._become_plain()


def _let_go(buffer: Buffer) -> None:
    """Let a buffer be in no chain."""
    buffer._next = None
    buffer._packet = None
    buffer._become_plain()
