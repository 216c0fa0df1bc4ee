"""Examples of the rules of memory: what is freed how, and what may still use it."""

from .example import Example

__all__ = ["EXAMPLES"]

EXAMPLES = {
    "BUF-03": Example(
        """\
memory = driver_memory.allocate_with_tag(1514, 0x78745274)
async with BufferPool.create(1) as pool, pool.borrow(memory) as buffer:
    driver_memory.free(memory, 0)  # <- BUF-03
""",
        """\
memory = driver_memory.allocate_with_tag(1514, 0x78745274)
async with BufferPool.create(1) as pool, pool.borrow(memory) as buffer:
    assert buffer.length == 1514
driver_memory.free(memory, 0)
""",
    ),
    "POOL-17": Example(
        """\
entries = LookasideList(64)
entry = entries.allocate()
entries.delete()  # <- POOL-17
""",
        """\
entries = LookasideList(64)
entry = entries.allocate()
entries.free(entry)
entries.delete()
""",
    ),
    "POOL-18": Example(
        """\
memory = driver_memory.allocate(64)
driver_memory.free(memory, 32)  # <- POOL-18
""",
        """\
memory = driver_memory.allocate(64)
driver_memory.free(memory, 64)
""",
    ),
    "DMA-01": Example(
        """\
registers = MapRegisters(1, 1514)
async with BufferPool.create(2) as pool, pool.borrow(bytearray(64)) as first, pool.borrow(bytearray(64)) as second:
    registers.start(first, 0, write_to_device=True)
    registers.start(second, 0, write_to_device=True)  # <- DMA-01
""",
        """\
registers = MapRegisters(2, 1514)
async with BufferPool.create(2) as pool, pool.borrow(bytearray(64)) as first, pool.borrow(bytearray(64)) as second:
    first.flush(write_to_device=True)
    registers.start(first, 0, write_to_device=True)
    second.flush(write_to_device=True)
    registers.start(second, 1, write_to_device=True)
    registers.complete(first, 0)
    registers.complete(second, 1)
registers.free()
""",
    ),
    "DMA-02": Example(
        """\
registers = MapRegisters(1, 1514)
async with BufferPool.create(1) as pool:
    buffer = pool.allocate_nowait(bytearray(64))
    buffer.flush(write_to_device=True)
    registers.start(buffer, 0, write_to_device=True)
    buffer.free()  # <- DMA-02
    registers.complete(buffer, 0)
registers.free()
""",
        """\
registers = MapRegisters(1, 1514)
async with BufferPool.create(1) as pool:
    buffer = pool.allocate_nowait(bytearray(64))
    buffer.flush(write_to_device=True)
    registers.start(buffer, 0, write_to_device=True)
    registers.complete(buffer, 0)
    buffer.free()
registers.free()
""",
    ),
    "DMA-04": Example(
        """\
memory = SharedMemory()
block = memory.allocate(4096, cached=True)
memory.free(block, cached=False)  # <- DMA-04
""",
        """\
memory = SharedMemory()
block = memory.allocate(4096, cached=True)
memory.free(block, cached=True)
""",
    ),
}
