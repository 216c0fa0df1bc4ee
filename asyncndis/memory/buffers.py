"""Pools of buffer descriptors.

Source: the pages of NdisAllocateBufferPool, NdisAllocateBuffer, NdisCopyBuffer and NdisFreeBufferPool. The pool's count
is the limit on buffers that are out (POOL-04). The awaited forms wait when it is reached, first come, first served;
NDIS knows only the forms that answer at once.
"""

from collections.abc import Sequence

from anyio.lowlevel import checkpoint_if_cancelled

from asyncndis.base import Profile, check_instance, check_integer
from asyncndis.kernel.processors import raised

from .borrow import Borrow
from .buffer import Buffer, Memory, described
from .creation import PoolCreation
from .pool import DescriptorPool
from .poolrules import PoolRules
from .waiting import refuse_waiting
from .watermarks import Watermarks, check_pool

__all__ = ["BufferPool"]


class BufferPool(DescriptorPool[Buffer]):
    """A pool of buffer descriptors. Make one with ``await BufferPool.create(n)``.

    ``await pool.allocate(memory)`` waits while all are out, first come, first served; ``allocate_nowait`` does not.
    """

    __slots__ = ()

    rules = PoolRules(
        kind="buffer",
        create="NdisAllocateBufferPool",
        close="NdisFreeBufferPool",
        allocate="NdisAllocateBuffer",
        free="NdisFreeBuffer",
        freed_twice="BUF-05",
    )

    @classmethod
    def create(
        cls,
        count: int,
        *,
        name: str = "buffers",
        profile: Profile = Profile.STRICT,
        reserve: int = 0,
        watermarks: Watermarks | None = None,
        track: bool = False,
        starvation_seconds: float = 10.0,
    ) -> PoolCreation["BufferPool"]:
        """Create a pool (NdisAllocateBufferPool): await it, or enter it with ``async with``.

        IRQL: <= DISPATCH, no spin lock held; meant for initialization. Rules: POOL-01, POOL-02, POOL-03, POOL-05.

        :param count: how many descriptors may be out at once; a ring-DMA NIC needs as many as map its full ring
        :param name: for messages and reports
        :param profile: which NDIS to imitate; ``Profile.NT`` counts but does not enforce the number
        :param reserve: how many of them only ``allocate_nowait(emergency=True)`` may take
        :param watermarks: marks at which to call back
        :param track: note the line of each allocation, for :meth:`leaks` and the starvation report
        :param starvation_seconds: how long waiters may go unserved before a log line says who holds the descriptors
        :raises TypeError, ValueError: for arguments that make no sense
        :raises RuleViolation: POOL-01 when the caller holds a spin lock, IRQL-01 above DISPATCH_LEVEL
        """
        check_pool(name, profile, count, reserve, watermarks, starvation_seconds)

        def build() -> BufferPool:
            return cls(
                count,
                name=name,
                profile=profile,
                overflow=0,
                reserve=reserve,
                enforced=profile.enforces_buffer_count,
                watermarks=watermarks,
                track=track,
                starvation_seconds=starvation_seconds,
            )

        return PoolCreation(build, kind="buffer", name=name, operation=cls.rules.create, rule="POOL-01")

    async def allocate(  # noqa: C901 - in one piece: a call more would be felt in each allocation
        self, memory: Memory | None = None
    ) -> Buffer:
        """Take a descriptor over ``memory``; wait while all are out, first come, first served.

        The form with backpressure, which NDIS does not have. IRQL: < DISPATCH, no spin lock held. Rules: IRQL-02,
        LOCK-11, BUF-04. Where a descriptor is free the call does not yield.

        :param memory: the bytes to describe; they stay the caller's and outlive the buffer; None for none yet
        :raises PoolClosed: when the pool is closed, or closes meanwhile
        :raises RuleViolation: IRQL-02 at or above DISPATCH_LEVEL, LOCK-11 with a spin lock held, also when no
            waiting would have been needed
        """
        if raised:
            refuse_waiting(self.name, self)
        if memory is not None:
            kind = type(memory)
            if kind is not bytearray and kind is not bytes:
                memory = described(memory)
        buffer: Buffer | None
        if self._free:  # a caught IndexError would leave each waiter with a frame object, 200 bytes
            buffer = self._free.pop()
            buffer._home = self
            if memory is not None:
                buffer._memory = memory
            return buffer
        if self._probe is not None:
            await self._preempt("NdisAllocateBuffer")
        buffer = None if self._returns is self._hand_off else self._take()
        if buffer is None:
            seat = self._line_up()
            started = self._room.time()
            try:
                buffer = await seat
                if self._room.is_to_look_up():
                    await checkpoint_if_cancelled()
            except BaseException:
                self._leave(seat)
                raise
            if buffer is None:
                raise self._closed_error()
            self._room.arrived(1, started)
        buffer._home = self
        if memory is not None:
            buffer._memory = memory
        if self._free is not self._shelf:
            self._book_out_all((buffer,))
        return buffer

    def allocate_nowait(self, memory: Memory | None = None) -> Buffer:
        """Take a descriptor over ``memory`` at once (NdisAllocateBuffer). IRQL: <= DISPATCH. Rules: POOL-04, BUF-04.

        :param memory: the bytes to describe; None for none yet
        :raises PoolExhausted: when all are out (the NDIS call returns FAILURE)
        :raises PoolClosed: when the pool is closed
        """
        if memory is not None:
            kind = type(memory)
            if kind is not bytearray and kind is not bytes:
                memory = described(memory)
        try:
            buffer = self._free.pop()
        except IndexError:
            pass
        else:
            buffer._home = self
            if memory is not None:
                buffer._memory = memory
            return buffer
        return self._hand_out(self._take_or_deny(), memory)

    def allocate_emergency(self, memory: Memory | None = None) -> Buffer:
        """Take a descriptor at once, from the reserve if need be, ahead of all waiters. IRQL: <= DISPATCH.

        For the few requests that must not fail, such as completing what frees the others. Rule: BUF-04.

        :param memory: the bytes to describe; None for none yet
        :raises PoolExhausted: when even the reserve is out
        :raises PoolClosed: when the pool is closed
        """
        if memory is not None:
            memory = described(memory)
        return self._hand_out(self._take_or_deny(emergency=True), memory)

    async def allocate_many(self, count: int, memory: Memory | Sequence[Memory] | None = None) -> list[Buffer]:
        """Take ``count`` descriptors, all or none; wait until so many are free together, in turn with the others.

        IRQL: < DISPATCH, no spin lock held. Rules as :meth:`allocate`.

        :param count: how many
        :param memory: the bytes that each of them describes, or a sequence with the bytes of each
        :raises PoolExhausted: when the pool is smaller than that, so that waiting would never end
        :raises PoolClosed: when the pool is closed, or closes meanwhile
        """
        if raised:
            refuse_waiting(self.name, self)
        parts = _parts(count, memory)
        free = self._free
        if type(count) is int and 0 < count <= len(free):
            buffers = free[-count:]
            del free[-count:]
        else:
            check_integer("count", count)
            buffers = await self._wait_for_many(count)
        if isinstance(parts, list):
            for buffer, part in zip(buffers, parts, strict=True):
                buffer._home = self
                buffer._memory = part
        else:
            for buffer in buffers:
                buffer._home = self
                buffer._memory = parts
        if free is not self._shelf:
            self._book_out_all(buffers)
        return buffers

    def free(self, buffer: Buffer) -> None:
        """Take a buffer of this pool back (NdisFreeBuffer); the same as ``buffer.free()``. IRQL: <= DISPATCH.

        :raises RuleViolation: BUF-05 when it belongs to another pool; as ``Buffer.free``
        """
        self._own(buffer)
        buffer.free()

    def borrow(self, memory: Memory | None = None) -> Borrow[Buffer]:
        """A buffer for the length of a block, freed on every way out: ``async with pool.borrow(memory) as buffer``.

        IRQL and rules as :meth:`allocate`. Its length is restored before it is freed.
        """
        return Borrow(self, lambda: self.allocate(memory), Buffer.restore_length)

    async def copy(self, source: Buffer, offset: int, length: int) -> Buffer:
        """The waiting form of :meth:`copy_nowait`. IRQL: < DISPATCH, no spin lock held.

        :raises RuleViolation, PoolClosed: as :meth:`allocate` and :meth:`copy_nowait`
        """
        check_instance("the buffer to copy", source, Buffer)
        return await self.allocate(source.part(offset, length))

    def copy_nowait(self, source: Buffer, offset: int, length: int) -> Buffer:
        """Take a second descriptor over a part of what ``source`` describes (NdisCopyBuffer). IRQL: <= DISPATCH.

        :param source: a live buffer of any pool; its memory must outlive the copy
        :param offset: first byte, counted from the start of ``source``
        :param length: number of bytes
        :raises ValueError: when the part lies outside ``source``
        :raises PoolExhausted: when all are out
        """
        check_instance("the buffer to copy", source, Buffer)
        return self.allocate_nowait(source.part(offset, length))

    def _hand_out(self, buffer: Buffer, memory: Memory | None) -> Buffer:
        """The end of the careful way: what the fast path does in place, and the books."""
        buffer._home = self
        if memory is not None:
            buffer._memory = memory
        if self._free is not self._shelf:
            self._book_out_all((buffer,))
        return buffer

    def _make(self) -> Buffer:
        return Buffer(self)


def _parts(count: int, memory: Memory | Sequence[Memory] | None) -> Memory | list[Memory]:
    """What ``count`` buffers describe: one memory for all, or a list with that of each."""
    if memory is None:
        return b""
    if isinstance(memory, (bytes, bytearray)):
        return memory
    if isinstance(memory, Memory):
        return described(memory)
    check_instance("the memory of several buffers", memory, Sequence)
    if len(memory) != count:
        raise ValueError(f"{count} buffers need {count} pieces of memory, not {len(memory)}")
    return [described(part) for part in memory]
