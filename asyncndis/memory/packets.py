"""Pools of packet descriptors.

Source: the pages of NdisAllocatePacketPool, NdisAllocatePacketPoolEx, NdisAllocatePacket, NdisPacketPoolUsage and
NdisSetPacketPoolProtocolId. A pool has base descriptors, at most 0xFFFF (POOL-12), and overflow descriptors that exist
only while they are out; together they are cut to 0xFFFF (POOL-13). A packet arrives clean: no buffers, no out-of-band
data, no flags but its protocol id. The Dpr forms are for exactly DISPATCH_LEVEL (PKT-04).
"""

from anyio.lowlevel import checkpoint_if_cancelled

from asyncndis.base import NdisError, NdisStatus, Profile, check_integer, current_probe
from asyncndis.kernel.processors import raised

from .borrow import Borrow
from .creation import PoolCreation
from .descriptor import AWAY
from .layout import NATIVE_LAYOUT
from .packet import Packet, require_dispatch
from .pool import DescriptorPool
from .poolrules import PoolRules
from .states import PacketState
from .waiting import refuse_waiting
from .watermarks import Watermarks, check_pool

__all__ = ["PACKET_POOL_LIMIT", "PacketPool"]

PACKET_POOL_LIMIT = 0xFFFF
"""Packets that one pool can have out, the overflow included."""

_OWNED = PacketState.OWNED
# A packet notes in 16 bits where its out-of-band data begins, which is behind the area of the protocol.
_PROTOCOL_RESERVED_MOST = 0xFFFF - NATIVE_LAYOUT.protocol_reserved_offset


class PacketPool(DescriptorPool[Packet]):
    """A pool of packet descriptors. Make one with ``await PacketPool.create(n)``.

    ``await pool.allocate()`` waits while all are out, first come, first served; ``allocate_nowait`` does not.

    :ivar protocol_reserved_length: bytes in each packet for its protocol
    :ivar header_size: what the out-of-band data of each packet says at first; 0, until it is set
    """

    __slots__ = ("_protocol_id", "header_size", "protocol_reserved_length")

    rules = PoolRules(
        kind="packet",
        create="NdisAllocatePacketPool",
        close="NdisFreePacketPool",
        allocate="NdisAllocatePacket",
        free="NdisFreePacket",
        freed_twice="PKT-03",
    )

    _protocol_id: int
    protocol_reserved_length: int
    header_size: int

    @classmethod
    def create(
        cls,
        count: int,
        *,
        overflow: int = 0,
        protocol_reserved_length: int = 0,
        name: str = "packets",
        profile: Profile = Profile.STRICT,
        reserve: int = 0,
        watermarks: Watermarks | None = None,
        track: bool = False,
        starvation_seconds: float = 10.0,
    ) -> PoolCreation["PacketPool"]:
        """Create a pool (NdisAllocatePacketPoolEx): await it, or enter it with ``async with``.

        IRQL: <= DISPATCH, no spin lock held. Rules: POOL-11, POOL-12, POOL-13, POOL-15.

        :param count: base descriptors, kept for reuse; at most 0xFFFF
        :param overflow: descriptors that are made when all base ones are out; cut so that the sum is at most 0xFFFF
        :param protocol_reserved_length: bytes in each packet for its protocol; 32 for packets that are indicated
        :param name: for messages and reports
        :param profile: which NDIS to imitate; under ``Profile.CE`` the Dpr forms are legal at any level
        :param reserve: how many of them only :meth:`allocate_emergency` may take
        :param watermarks: marks at which to call back
        :param track: note the line of each allocation, for :meth:`leaks` and the starvation report
        :param starvation_seconds: how long waiters may go unserved before a log line says who holds the descriptors
        :raises TypeError, ValueError: for arguments that make no sense
        :raises NdisError: RESOURCES, when awaited, for more than 0xFFFF base descriptors
        :raises RuleViolation: POOL-11 when the caller holds a spin lock, IRQL-01 above DISPATCH_LEVEL
        """
        check_integer("overflow", overflow)
        check_integer("protocol_reserved_length", protocol_reserved_length, 0, _PROTOCOL_RESERVED_MOST)
        check_integer("count", count)
        extra = min(overflow, max(0, PACKET_POOL_LIMIT - count))
        check_pool(name, profile, count + extra, reserve, watermarks, starvation_seconds)
        operation = "NdisAllocatePacketPoolEx" if overflow else cls.rules.create

        def build() -> PacketPool:
            probe = current_probe()
            if count > PACKET_POOL_LIMIT or (probe is not None and probe.fails(operation, name)):
                raise _no_resources(name, count)
            pool = cls(
                count,
                name=name,
                profile=profile,
                overflow=extra,
                reserve=reserve,
                enforced=True,
                watermarks=watermarks,
                track=track,
                starvation_seconds=starvation_seconds,
            )
            pool.protocol_reserved_length = protocol_reserved_length
            pool._protocol_id = 0
            pool.header_size = 0
            return pool

        return PoolCreation(build, kind="packet", name=name, operation=operation, rule="POOL-11")

    @property
    def usage(self) -> int:
        """The number of packets that are out now (NdisPacketPoolUsage). IRQL: <= DISPATCH."""
        return self.outstanding

    @property
    def protocol_id(self) -> int:
        """The protocol id that new packets start with. IRQL: any."""
        return self._protocol_id

    def set_protocol_id(self, protocol_id: int) -> None:
        """Choose the protocol id that new packets start with (NdisSetPacketPoolProtocolId). IRQL: <= DISPATCH.

        :param protocol_id: from 0 to 15, see ``ProtocolId``
        """
        check_integer("protocol_id", protocol_id, 0, 0xF)
        self._protocol_id = protocol_id

    async def allocate(self) -> Packet:
        """Take a packet; wait while all are out, first come, first served.

        The form with backpressure, which NDIS does not have. IRQL: < DISPATCH, no spin lock held. Rules: IRQL-02,
        LOCK-11. Where a packet is free the call does not yield.

        :raises PoolClosed: when the pool is closed, or closes meanwhile
        :raises RuleViolation: IRQL-02 at or above DISPATCH_LEVEL, LOCK-11 with a spin lock held, also when no
            waiting would have been needed
        """
        if raised:
            refuse_waiting(self.name, self)
        packet: Packet | None
        if self._free:  # a caught IndexError would leave each waiter with a frame object, 200 bytes
            packet = self._free.pop()
            packet._home = self
            packet._state = _OWNED
            packet._flags = self._protocol_id
            return packet
        if self._probe is not None:
            await self._preempt("NdisAllocatePacket")
        packet = None if self._returns is self._hand_off else self._take()
        if packet is None:
            seat = self._line_up()
            started = self._room.time()
            try:
                packet = await seat
                if self._room.is_to_look_up():
                    await checkpoint_if_cancelled()
            except BaseException:
                self._leave(seat)
                raise
            if packet is None:
                raise self._closed_error()
            self._room.arrived(1, started)
        return self._hand_out(packet)

    def allocate_nowait(self) -> Packet:
        """Take a packet at once (NdisAllocatePacket). IRQL: <= DISPATCH. Rules: POOL-13, PKT-09.

        :raises PoolExhausted: RESOURCES, when all are out
        :raises PoolClosed: when the pool is closed
        """
        try:
            packet = self._free.pop()
        except IndexError:
            pass
        else:
            packet._home = self
            packet._state = _OWNED
            packet._flags = self._protocol_id
            return packet
        return self._hand_out(self._take_or_deny())

    def allocate_dpr(self) -> Packet:
        """The form of :meth:`allocate_nowait` for DISPATCH_LEVEL (NdisDprAllocatePacket). IRQL: exactly DISPATCH.

        :raises RuleViolation: PKT-04 elsewhere
        :raises PoolExhausted, PoolClosed: as :meth:`allocate_nowait`
        """
        operation = "NdisDprAllocatePacket"
        require_dispatch(operation, self)
        return self._hand_out(self._take_or_deny(operation=operation), operation)

    def allocate_dpr_noninterlocked(self) -> Packet:
        """Take a packet while the driver itself serializes (NdisDprAllocatePacketNonInterlocked).

        IRQL: exactly DISPATCH, usually with a spin lock of the driver's own. It is freed by
        ``free_dpr_noninterlocked`` (PKT-05).

        :raises RuleViolation: PKT-04 elsewhere
        :raises PoolExhausted, PoolClosed: as :meth:`allocate_nowait`
        """
        operation = "NdisDprAllocatePacketNonInterlocked"
        require_dispatch(operation, self)
        packet = self._hand_out(self._take_or_deny(operation=operation), operation)
        packet._noninterlocked = True
        packet._home = AWAY
        return packet

    def allocate_emergency(self) -> Packet:
        """Take a packet at once, from the reserve if need be, ahead of all waiters. IRQL: <= DISPATCH.

        For the few requests that must not fail, such as completing what frees the others.

        :raises PoolExhausted: when even the reserve is out
        :raises PoolClosed: when the pool is closed
        """
        return self._hand_out(self._take_or_deny(emergency=True))

    def free(self, packet: Packet) -> None:
        """Take a packet of this pool back (NdisFreePacket); the same as ``packet.free()``. IRQL: <= DISPATCH.

        :raises RuleViolation: PKT-03 when it belongs to another pool; as ``Packet.free``
        """
        self._own(packet)
        packet.free()

    def borrow(self) -> Borrow[Packet]:
        """A packet for the length of a block, freed on every way out: ``async with pool.borrow() as packet``.

        IRQL and rules as :meth:`allocate`. Buffers that are chained to it are unchained before; they stay with whoever
        allocated them.
        """
        return Borrow(self, self.allocate, Packet.unchain_all)

    def resize(self, count: int) -> None:
        """Change the number of base descriptors, see ``DescriptorPool.resize``.

        :raises NdisError: RESOURCES, for more than 0xFFFF descriptors in all
        """
        check_integer("count", count)
        overflow = self._nominal - self._static
        if count + overflow > PACKET_POOL_LIMIT:
            raise _no_resources(self.name, count)
        super().resize(count)

    def _hand_out(self, packet: Packet, operation: str = "") -> Packet:
        """The end of the careful way: what the fast path does in place, and the books."""
        packet._state = _OWNED
        packet._flags = self._protocol_id
        packet._come_home()
        if self._free is not self._shelf:
            self._book_out_all((packet,), operation)
        return packet

    def _make(self) -> Packet:
        return Packet(self)


def _no_resources(name: str, count: int) -> NdisError:
    return NdisError(
        f"packet pool {name!r} cannot have {count} base descriptors now; the limit is {PACKET_POOL_LIMIT} with the "
        "overflow, and a smaller pool may succeed",
        NdisStatus.RESOURCES,
    )
