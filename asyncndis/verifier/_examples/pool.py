"""Examples of the pool rules."""

from .example import Example

__all__ = ["EXAMPLES"]

EXAMPLES = {
    "POOL-01": Example(
        """\
lock = SpinLock("tx-ring")
async with lock:
    await BufferPool.create(8)  # <- POOL-01
""",
        """\
lock = SpinLock("tx-ring")
async with BufferPool.create(8) as pool, lock:
    ring = [None] * pool.capacity
""",
    ),
    "POOL-04": Example(
        """\
async with BufferPool.create(1, profile=Profile.NT) as pool:
    first = pool.allocate_nowait(bytearray(64))
    second = pool.allocate_nowait(bytearray(64))  # <- POOL-04
    first.free()
    second.free()
""",
        """\
async with BufferPool.create(2, profile=Profile.NT) as pool:
    first = pool.allocate_nowait(bytearray(64))
    second = pool.allocate_nowait(bytearray(64))
    first.free()
    second.free()
""",
    ),
    "POOL-06": Example(
        """\
pool = await BufferPool.create(8)  # <- POOL-06
""",
        """\
pool = await BufferPool.create(8)
pool.close()
""",
    ),
    "POOL-07": Example(
        """\
pool = await BufferPool.create(8)
buffer = pool.allocate_nowait(bytearray(64))
pool.close()  # <- POOL-07
""",
        """\
pool = await BufferPool.create(8)
buffer = pool.allocate_nowait(bytearray(64))
buffer.free()
pool.close()
""",
    ),
    "POOL-08": Example(
        """\
lock = SpinLock("tx-ring")
pool = await BufferPool.create(8)
with lock:
    pool.close()  # <- POOL-08
""",
        """\
lock = SpinLock("tx-ring")
pool = await BufferPool.create(8)
with lock:
    ring = None
pool.close()
""",
    ),
    "POOL-09": Example(
        """\
pool = await BufferPool.create(8)
buffer = pool.allocate_nowait(bytearray(64))
pool.close()
buffer.free()  # <- POOL-09
""",
        """\
pool = await BufferPool.create(8)
buffer = pool.allocate_nowait(bytearray(64))
buffer.free()
pool.close()
""",
    ),
    "POOL-10": Example(
        """\
pool = await BufferPool.create(8)
pool.close()
pool.close()  # <- POOL-10
""",
        """\
pool = await BufferPool.create(8)
pool.close()
await pool.aclose()
""",
    ),
    "POOL-11": Example(
        """\
lock = SpinLock("tx-ring")
async with lock:
    await PacketPool.create(8)  # <- POOL-11
""",
        """\
lock = SpinLock("tx-ring")
async with PacketPool.create(8) as pool, lock:
    ring = [None] * pool.capacity
""",
    ),
    "POOL-14": Example(
        """\
pool = await PacketPool.create(8)
packet = pool.allocate_nowait()
pool.close()  # <- POOL-14
""",
        """\
pool = await PacketPool.create(8)
packet = pool.allocate_nowait()
packet.free()
assert pool.usage == 0
pool.close()
""",
    ),
}
