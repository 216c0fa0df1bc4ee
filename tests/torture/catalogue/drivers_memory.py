"""Wrong drivers: buffers, packets and their pools."""

import asyncio
import contextlib

from asyncndis.base import NdisError, NdisStatus, PoolClosed
from asyncndis.memory import Buffer, BufferPool, Packet, PacketPool
from asyncndis.testing import assert_pool_at_rest
from asyncndis.torture import fault

from .cases import DEADLOCK, VIOLATION, bug
from .parts import io

FRAME = bytes(60)


async def _send_chains(*, at_once: bool) -> None:
    """Two senders chain three buffers for each frame, from a pool of four."""
    async with BufferPool.create(4, name="tx") as pool:

        async def send() -> None:
            if at_once:
                chain = await pool.allocate_many(3, FRAME)
            else:
                chain = list[Buffer]()
                for _ in range(3):
                    chain.append(await pool.allocate(FRAME))
                    await io()  # copies the part
            await io()
            for buffer in chain:
                buffer.free()

        async with asyncio.TaskGroup() as tasks:
            for _ in range(2):
                tasks.create_task(send())
                await io(6)
        assert_pool_at_rest(pool)


async def chain_allocated_at_once() -> None:
    await _send_chains(at_once=True)


@bug("chain-allocated-piece-by-piece", fixed=chain_allocated_at_once, depth=4, kind=DEADLOCK)
async def chain_allocated_piece_by_piece() -> None:
    """Each of two senders has two buffers of four and needs a third."""
    await _send_chains(at_once=False)


async def _transmit(*, borrows: bool) -> None:
    """Frames are sent by tasks that may be cancelled; every buffer comes back."""
    async with BufferPool.create(2, name="tx") as pool:

        async def transmit() -> None:
            if borrows:
                async with pool.borrow(FRAME):
                    await io(2)
            else:
                buffer = await pool.allocate(FRAME)
                await io(2)
                buffer.free()

        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(3):
                    tasks.create_task(transmit())
        finally:
            assert_pool_at_rest(pool)


async def buffer_borrowed() -> None:
    await _transmit(borrows=True)


@bug("buffer-lost-to-cancellation", fixed=buffer_borrowed, depth=1, cancel=True)
async def buffer_allocated_and_freed() -> None:
    """A task is cancelled between the allocation of a buffer and its release."""
    await _transmit(borrows=False)


class _Builder:
    """Builds packets of a descriptor and a buffer; either may not be had."""

    def __init__(self, buffers: BufferPool, packets: PacketPool, *, undoes: bool) -> None:
        self.buffers = buffers
        self.packets = packets
        self.undoes = undoes

    def allocate_buffer(self) -> Buffer:
        if fault("NdisAllocateBuffer"):
            raise NdisError("no buffer", NdisStatus.RESOURCES)
        return self.buffers.allocate_nowait(FRAME)

    def allocate_packet(self) -> Packet:
        if fault("NdisAllocatePacket"):
            raise NdisError("no packet", NdisStatus.RESOURCES)
        return self.packets.allocate_nowait()

    def build(self) -> Packet:
        buffer = self.allocate_buffer()
        try:
            packet = self.allocate_packet()
        except NdisError:
            if self.undoes:
                buffer.free()
            raise
        packet.chain_at_back(buffer)
        return packet


async def _build_packets(*, undoes: bool) -> None:
    async with BufferPool.create(4) as buffers, PacketPool.create(4) as packets:
        builder = _Builder(buffers, packets, undoes=undoes)
        for _ in range(3):
            with contextlib.suppress(NdisError):
                packet = builder.build()
                await io()
                for buffer in packet.unchain_all():
                    buffer.free()
                packet.free()
        assert_pool_at_rest(buffers)
        assert_pool_at_rest(packets)


async def packet_build_undone() -> None:
    await _build_packets(undoes=True)


@bug("buffer-lost-when-the-packet-fails", fixed=packet_build_undone, depth=1, faults="nth")
async def packet_build_given_up() -> None:
    """The allocation of the packet fails, and the buffer that was allocated before it is forgotten."""
    await _build_packets(undoes=False)


async def _refill(*, counts_what_it_got: bool) -> None:
    """A receive ring is filled with as many buffers as can be had, and emptied again."""
    async with BufferPool.create(4, name="rx") as pool:
        ring: list[Buffer | None] = [None] * 4
        filled = 0

        async def fill() -> None:
            nonlocal filled
            for place in range(4):
                if fault("NdisAllocateBuffer in refill"):
                    if not counts_what_it_got:
                        filled += 1
                    continue
                ring[place] = pool.allocate_nowait(bytearray(64))
                filled += 1
                await io()

        async def drain() -> None:
            nonlocal filled
            await filling
            for buffer in ring:
                if buffer is not None:
                    buffer.free()
                    filled -= 1

        async with asyncio.TaskGroup() as tasks:
            filling = tasks.create_task(fill())
            tasks.create_task(drain())
        assert filled == 0, "the count of the ring is wrong"
        assert_pool_at_rest(pool)


async def refill_counts_what_it_got() -> None:
    await _refill(counts_what_it_got=True)


@bug("refill-counts-what-it-asked-for", fixed=refill_counts_what_it_got, depth=1, faults="sites")
async def refill_counts_what_it_asked_for() -> None:
    """A buffer could not be had, and the ring counts it all the same."""
    await _refill(counts_what_it_got=False)


async def _retry_send(*, sleeps: bool) -> None:
    """A sender that gets no map register tries again when one may be free; sends must not be lost."""
    sent: list[int] = []
    waiting: list[int] = []

    def start(frame: int) -> bool:
        if fault("NdisMStartBufferPhysicalMapping"):
            return False
        sent.append(frame)
        return True

    async def send() -> None:
        for frame in range(3):
            if not start(frame):
                waiting.append(frame)
            await io()
        while sleeps and waiting:
            sent.append(waiting.pop())

    await send()
    assert sorted(sent) == [0, 1, 2], "a frame was never sent"


async def frames_sent_later() -> None:
    await _retry_send(sleeps=True)


@bug("frame-forgotten-without-registers", fixed=frames_sent_later, depth=1, faults="random")
async def frames_forgotten() -> None:
    """A frame for which there were no map registers is put aside, and nobody looks there again."""
    await _retry_send(sleeps=False)


async def _transmit_and_give_up(*, waits: bool) -> None:
    """The transmitter reads a packet while it sends; who has sent it frees it when its patience is over."""
    async with PacketPool.create(1) as packets, BufferPool.create(1) as buffers:
        packet = packets.allocate_nowait()
        packet.chain_at_back(buffers.allocate_nowait(FRAME))

        async def transmit() -> None:
            await io()
            assert len(packet.to_bytes()) == len(FRAME)

        async with asyncio.TaskGroup() as tasks:
            transmitting = tasks.create_task(transmit())
            await io(5)
            if waits:
                await transmitting
            for buffer in packet.unchain_all():
                buffer.free()
            packet.free()


async def packet_freed_when_sent() -> None:
    await _transmit_and_give_up(waits=True)


@bug("packet-freed-while-it-is-sent", fixed=packet_freed_when_sent, depth=1, kind=VIOLATION)
async def packet_freed_too_early() -> None:
    """A packet is freed while the transmitter has yet to read it."""
    await _transmit_and_give_up(waits=False)


async def _complete_or_reset(*, takes: bool) -> None:
    """A packet is freed by the completion of its send, or by a reset that gives up what is pending."""
    async with PacketPool.create(2) as packets:
        pending: list[Packet] = []

        async def send(delay: int) -> None:
            await io(delay)
            packet = packets.allocate_nowait()
            pending.append(packet)
            await io()  # the wire
            if takes:
                if packet in pending:
                    pending.remove(packet)
                    packet.free()
                return
            packet.free()
            if packet in pending:
                pending.remove(packet)

        async def reset() -> None:
            await io(6)
            while pending:
                pending.pop().free()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(send(0))
            tasks.create_task(reset())
            tasks.create_task(send(1))
        assert_pool_at_rest(packets)


async def pending_packet_taken() -> None:
    await _complete_or_reset(takes=True)


@bug("freed-by-reset-and-completion", fixed=pending_packet_taken, depth=2, kind=VIOLATION)
async def pending_packet_freed_by_both() -> None:
    """A reset frees a packet that is on the wire, and its completion frees it again."""
    await _complete_or_reset(takes=False)


async def _halt_pool(*, waits: bool) -> None:
    """Halting closes the pool of receive buffers; an indication may still hold one."""
    pool = await BufferPool.create(2, name="rx")

    async def indicate() -> None:
        try:
            buffer = await pool.allocate(bytearray(64))
        except PoolClosed:
            return
        await io(2)  # the protocol looks at it
        buffer.free()

    async def halt() -> None:
        await io(6)
        if waits:
            await asyncio.wait(indications)
        report = pool.close()
        assert not report.count, "the pool is closed under those who use it"

    async with asyncio.TaskGroup() as tasks:
        indications = [tasks.create_task(indicate()) for _ in range(3)]
        tasks.create_task(halt())


async def pool_closed_when_idle() -> None:
    await _halt_pool(waits=True)


@bug("pool-closed-under-an-indication", fixed=pool_closed_when_idle, depth=1)
async def pool_closed_at_once() -> None:
    """The miniport halts and closes its pool while a protocol still looks at a received buffer."""
    await _halt_pool(waits=False)


async def _map_fragments(*, undoes: bool) -> None:
    """A frame of three fragments needs a map register for each."""
    free = 4

    def start() -> bool:
        nonlocal free
        if fault("NdisMStartBufferPhysicalMapping of a fragment"):
            return False
        free -= 1
        return True

    def complete(count: int) -> None:
        nonlocal free
        free += count

    async def send() -> None:
        mapped = 0
        while mapped < 3 and start():
            mapped += 1
        if mapped == 3:
            await io()
        elif not undoes:
            return
        complete(mapped)

    await asyncio.gather(send())
    assert free == 4, "map registers are lost"


async def mapping_undone() -> None:
    await _map_fragments(undoes=True)


@bug("registers-lost-half-way", fixed=mapping_undone, depth=1, faults="nth")
async def mapping_given_up() -> None:
    """The second of three fragments gets no map register, and that of the first is not given back."""
    await _map_fragments(undoes=False)
