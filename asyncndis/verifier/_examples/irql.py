"""Examples of the IRQL rules, and of the one on work items."""

from .example import Example

__all__ = ["EXAMPLES"]

EXAMPLES = {
    "IRQL-01": Example(
        """\
mutex = Mutex("configuration")
await mutex.acquire()
with at_irql(Irql.DISPATCH):
    mutex.release()  # <- IRQL-01
""",
        """\
mutex = Mutex("configuration")
await mutex.acquire()
with at_irql(Irql.DISPATCH):
    level = current_irql()
mutex.release()
""",
    ),
    "IRQL-02": Example(
        """\
link_up = NdisEvent("link-up")
with at_irql(Irql.DISPATCH):
    await link_up.wait()  # <- IRQL-02
""",
        """\
link_up = NdisEvent("link-up")
with at_irql(Irql.DISPATCH):
    link_up.set()
await link_up.wait()
""",
    ),
    "IRQL-03": Example(
        """\
stall(1_000)  # <- IRQL-03
""",
        """\
stall(1)
await sleep(1_000)
""",
    ),
    "IRQL-04": Example(
        """\
def handle_interrupt():  # <- IRQL-04
    current_processor().lower_irql(Irql.PASSIVE)

invoke_nowait(handle_interrupt, irql=Irql.DISPATCH)
""",
        """\
def handle_interrupt():
    assert current_irql() == Irql.DISPATCH

invoke_nowait(handle_interrupt, irql=Irql.DISPATCH)
""",
    ),
    "LIFE-19": Example(
        """\
async with Kernel():
    item = WorkItem(bytes)
    item.schedule()
    item.schedule()  # <- LIFE-19
""",
        """\
async with Kernel():
    item = WorkItem(bytes)
    item.schedule()
    await sleep(0)
""",
    ),
    "IRQL-07": Example(
        """\
with at_irql(Irql.DISPATCH):
    SharedMemory().allocate(4096, cached=True)  # <- IRQL-07
""",
        """\
memory = SharedMemory()
block = memory.allocate(4096, cached=True)
memory.free(block, cached=True)
""",
    ),
    "IRQL-05": Example(
        """\
async with BufferPool.create(1) as pool:
    with at_irql(Irql.DIRQL):
        buffer = pool.allocate_nowait(bytearray(64))  # <- IRQL-05
    buffer.free()
""",
        """\
async with BufferPool.create(1) as pool:
    with at_irql(Irql.DIRQL):
        status = 0x0001
    with at_irql(Irql.DISPATCH):
        buffer = pool.allocate_nowait(bytearray(64))
    buffer.free()
""",
    ),
}
