"""Examples of the packet rules."""

from .example import Example

__all__ = ["EXAMPLES"]

EXAMPLES = {
    "PKT-01": Example(
        """\
async with PacketPool.create(1) as packets, BufferPool.create(1) as buffers:
    packet = packets.allocate_nowait()
    packet.chain_at_back(buffers.allocate_nowait(bytearray(64)))
    packet.free()  # <- PKT-01
""",
        """\
async with PacketPool.create(1) as packets, BufferPool.create(1) as buffers:
    packet = packets.allocate_nowait()
    packet.chain_at_back(buffers.allocate_nowait(bytearray(64)))
    for buffer in packet.unchain_all():
        buffer.free()
    packet.free()
""",
    ),
    "PKT-02": Example(
        """\
lock = SpinLock("tx-ring")
async with PacketPool.create(1) as pool:
    packet = pool.allocate_nowait()
    with lock:
        packet.free()  # <- PKT-02
""",
        """\
lock = SpinLock("tx-ring")
async with PacketPool.create(1) as pool:
    with at_irql(Irql.DISPATCH), lock:
        packet = pool.allocate_dpr_noninterlocked()
        packet.free_dpr_noninterlocked()
""",
    ),
    "PKT-03": Example(
        """\
async with PacketPool.create(1) as pool:
    packet = pool.allocate_nowait()
    packet.free()
    packet.free()  # <- PKT-03
""",
        """\
async with PacketPool.create(1) as pool, pool.borrow() as packet:
    assert packet.buffer_count == 0
""",
    ),
    "PKT-04": Example(
        """\
async with PacketPool.create(1) as pool:
    packet = pool.allocate_dpr()  # <- PKT-04
""",
        """\
async with PacketPool.create(1) as pool:
    with at_irql(Irql.DISPATCH):
        packet = pool.allocate_dpr()
    packet.free()
""",
    ),
    "PKT-05": Example(
        """\
async def send(pool):
    with at_irql(Irql.DISPATCH):
        packet = pool.allocate_dpr_noninterlocked()  # <- PKT-05
        packet.free_dpr_noninterlocked()

async with PacketPool.create(1) as pool, anyio.create_task_group() as tasks:
    tasks.start_soon(send, pool)
    tasks.start_soon(send, pool)
""",
        """\
async def send(pool, lock):
    with at_irql(Irql.DISPATCH), lock:
        packet = pool.allocate_dpr_noninterlocked()
        packet.free_dpr_noninterlocked()

async with PacketPool.create(1) as pool, anyio.create_task_group() as tasks:
    lock = SpinLock("packets")
    tasks.start_soon(send, pool, lock)
    tasks.start_soon(send, pool, lock)
""",
    ),
    "PKT-07": Example(
        """\
async with PacketPool.create(1) as packets, BufferPool.create(1) as buffers:
    packet = packets.allocate_nowait()
    packet.chain_at_back(buffers.allocate_nowait(bytearray(64)))
    packet.reinitialize()  # <- PKT-07
    packet.free()
""",
        """\
async with PacketPool.create(1) as packets, BufferPool.create(1) as buffers:
    packet, buffer = packets.allocate_nowait(), buffers.allocate_nowait(bytearray(64))
    packet.chain_at_back(buffer)
    packet.reinitialize()
    packet.free()
    buffer.free()
""",
    ),
    "PKT-08": Example(
        """\
async with PacketPool.create(1) as packets, BufferPool.create(1) as buffers:
    packet, buffer = packets.allocate_nowait(), buffers.allocate_nowait(bytearray(64))
    packet.set_info(PerPacketInfo.IEEE_8021Q, 5)
    packet.reinitialize()
    packet.chain_at_back(buffer)  # <- PKT-08
    packet.unchain_at_front().free()
    packet.free()
""",
        """\
async with PacketPool.create(1) as packets, BufferPool.create(1) as buffers:
    packet, buffer = packets.allocate_nowait(), buffers.allocate_nowait(bytearray(64))
    packet.set_info(PerPacketInfo.IEEE_8021Q, 5)
    packet.reinitialize()
    packet.clear_oob()
    packet.chain_at_back(buffer)
    packet.unchain_at_front().free()
    packet.free()
""",
    ),
    "PKT-13": Example(
        """\
lock = SpinLock("tx-ring")
async with PacketPool.create(2) as pool, pool.borrow() as source, pool.borrow() as copy:
    with lock:
        copy.copy_from(source)  # <- PKT-13
""",
        """\
lock = SpinLock("tx-ring")
async with PacketPool.create(2) as pool, pool.borrow() as source, pool.borrow() as copy:
    with lock:
        length = source.length
    copy.copy_from(source, count=length)
""",
    ),
    "PKT-15": Example(
        """\
async with PacketPool.create(1) as pool:
    pool.set_protocol_id(ProtocolId.TCP_IP)
    async with pool.borrow() as packet:
        packet.clear_flags(0xFFFF)  # <- PKT-15
""",
        """\
async with PacketPool.create(1) as pool:
    pool.set_protocol_id(ProtocolId.TCP_IP)
    async with pool.borrow() as packet:
        packet.clear_flags(0xFFFF & ~PacketFlags.PROTOCOL_ID_MASK)
""",
    ),
}
