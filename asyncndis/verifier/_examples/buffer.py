"""Examples of the buffer rules."""

from .example import Example

__all__ = ["EXAMPLES"]

EXAMPLES = {
    "BUF-04": Example(
        """\
lock = SpinLock("tx-ring")
async with BufferPool.create(8) as pool, lock:
    buffer = pool.allocate_nowait(bytearray(64))  # <- BUF-04
""",
        """\
lock = SpinLock("tx-ring")
async with BufferPool.create(8) as pool, pool.borrow(bytearray(64)) as buffer, lock:
    ring = [buffer]
""",
    ),
    "BUF-05": Example(
        """\
async with BufferPool.create(8) as pool:
    buffer = pool.allocate_nowait(bytearray(64))
    buffer.free()
    buffer.free()  # <- BUF-05
""",
        """\
async with BufferPool.create(8) as pool, pool.borrow(bytearray(64)) as buffer:
    assert buffer.length == 64
""",
    ),
    "BUF-06": Example(
        """\
async with BufferPool.create(8) as pool:
    buffer = pool.allocate_nowait(bytearray(64))
    buffer.free()
    buffer.adjust_length(32)  # <- BUF-06
""",
        """\
async with BufferPool.create(8) as pool, pool.borrow(bytearray(64)) as buffer:
    buffer.adjust_length(32)
""",
    ),
    "BUF-07": Example(
        """\
async with BufferPool.create(8) as pool, pool.borrow(bytearray(64)) as buffer:
    buffer.adjust_length(65)  # <- BUF-07
""",
        """\
async with BufferPool.create(8) as pool, pool.borrow(bytearray(65)) as buffer:
    buffer.adjust_length(64)
    buffer.adjust_length(65)
""",
    ),
    "BUF-08": Example(
        """\
async with BufferPool.create(8) as pool:
    buffer = pool.allocate_nowait(bytearray(64))
    buffer.adjust_length(32)
    buffer.free()  # <- BUF-08
""",
        """\
async with BufferPool.create(8) as pool:
    buffer = pool.allocate_nowait(bytearray(64))
    buffer.adjust_length(32)
    buffer.restore_length()
    buffer.free()
""",
    ),
    "BUF-09": Example(
        """\
async with PacketPool.create(1) as packets, BufferPool.create(1) as buffers:
    packet, buffer = packets.allocate_nowait(), buffers.allocate_nowait(bytearray(64))
    packet.chain_at_back(buffer)
    buffer.free()  # <- BUF-09
""",
        """\
async with PacketPool.create(1) as packets, BufferPool.create(1) as buffers:
    packet, buffer = packets.allocate_nowait(), buffers.allocate_nowait(bytearray(64))
    packet.chain_at_back(buffer)
    packet.unchain_at_front().free()
    packet.free()
""",
    ),
    "BUF-10": Example(
        """\
async with PacketPool.create(2) as packets, BufferPool.create(1) as buffers:
    first, second = packets.allocate_nowait(), packets.allocate_nowait()
    buffer = buffers.allocate_nowait(bytearray(64))
    first.chain_at_back(buffer)
    second.chain_at_back(buffer)  # <- BUF-10
""",
        """\
async with PacketPool.create(2) as packets, BufferPool.create(2) as buffers:
    first, second = packets.allocate_nowait(), packets.allocate_nowait()
    buffer = buffers.allocate_nowait(bytearray(64))
    first.chain_at_back(buffer)
    second.chain_at_back(buffers.copy_nowait(buffer, 0, 64))
    for packet in first, second:
        packet.unchain_at_front().free()
        packet.free()
""",
    ),
    "BUF-11": Example(
        """\
async with PacketPool.create(1) as packets, BufferPool.create(1) as buffers:
    packet, buffer = packets.allocate_nowait(), buffers.allocate_nowait(bytearray(64))
    packet.chain_at_back(buffer)
    room = packet.length
    buffer.adjust_length(32)
    filled = packet.length  # <- BUF-11
    buffer.restore_length()
    packet.unchain_at_front().free()
    packet.free()
""",
        """\
async with PacketPool.create(1) as packets, BufferPool.create(1) as buffers:
    packet, buffer = packets.allocate_nowait(), buffers.allocate_nowait(bytearray(64))
    packet.chain_at_back(buffer)
    room = packet.length
    buffer.adjust_length(32)
    packet.recalculate_counts()
    filled = packet.length
    buffer.restore_length()
    packet.unchain_at_front().free()
    packet.free()
""",
    ),
    "BUF-14": Example(
        """\
async with BufferPool.create(1) as pool, pool.borrow(b"") as buffer:
    header = buffer.view()  # <- BUF-14
""",
        """\
async with BufferPool.create(1) as pool, pool.borrow() as buffer:
    buffer.describe(bytearray(14))
    header = buffer.view()
""",
    ),
}
