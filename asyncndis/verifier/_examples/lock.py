"""Examples of the lock rules."""

from .example import Example

__all__ = ["EXAMPLES"]

EXAMPLES = {
    "LOCK-01": Example(
        """\
lock = SpinLock("tx-ring")
async with PacketPool.create(1) as pool:
    with lock:
        packet = pool.allocate_nowait()  # <- LOCK-01
    packet.free()
""",
        """\
lock = SpinLock("tx-ring")
async with PacketPool.create(1) as pool, pool.borrow() as packet:
    with lock:
        ring = [packet]
""",
    ),
    "LOCK-02": Example(
        """\
lock = SpinLock("tx-ring")
with lock:
    lock.acquire_nowait()  # <- LOCK-02
""",
        """\
lock = SpinLock("tx-ring")
with lock:
    pass
with lock:
    pass
""",
    ),
    "LOCK-03": Example(
        """\
lock = SpinLock("tx-ring")
lock.release()  # <- LOCK-03
""",
        """\
lock = SpinLock("tx-ring")
await lock.acquire()
lock.release()
""",
    ),
    "LOCK-04": Example(
        """\
lock = SpinLock("tx-ring")
await lock.acquire()  # <- LOCK-04
""",
        """\
lock = SpinLock("tx-ring")
async with lock:
    pass
""",
    ),
    "LOCK-05": Example(
        """\
lock = SpinLock("tx-ring")
await lock.acquire()
lock.release_dpr()  # <- LOCK-05
""",
        """\
lock = SpinLock("tx-ring")
with at_irql(Irql.DISPATCH):
    lock.acquire_dpr_nowait()
    lock.release_dpr()
""",
    ),
    "LOCK-06": Example(
        """\
lock = SpinLock("tx-ring")
await lock.acquire_dpr()  # <- LOCK-06
""",
        """\
lock = SpinLock("tx-ring")
with at_irql(Irql.DISPATCH):
    await lock.acquire_dpr()
    lock.release_dpr()
""",
    ),
    "LOCK-07": Example(
        """\
outer, inner = SpinLock("adapter"), SpinLock("tx-ring")
await outer.acquire()
await inner.acquire()
outer.release()  # <- LOCK-07
""",
        """\
outer, inner = SpinLock("adapter"), SpinLock("tx-ring")
await outer.acquire()
await inner.acquire()
inner.release()
outer.release()
""",
    ),
    "LOCK-08": Example(
        """\
adapter, ring = SpinLock("adapter"), SpinLock("tx-ring")
async with adapter, ring:
    pass
async with ring, adapter:  # <- LOCK-08
    pass
""",
        """\
adapter, ring = SpinLock("adapter"), SpinLock("tx-ring")
async with adapter, ring:
    pass
async with adapter, ring:
    pass
""",
    ),
    "LOCK-09": Example(
        """\
lock = SpinLock("tx-ring")
lock.free()
await lock.acquire()  # <- LOCK-09
""",
        """\
lock = SpinLock("tx-ring")
async with lock:
    pass
lock.free()
""",
    ),
    "LOCK-10": Example(
        """\
lock = SpinLock("tx-ring")

async def send_complete():
    lock.release()  # <- LOCK-10

async with anyio.create_task_group() as tasks:
    lock.acquire_nowait()
    tasks.start_soon(send_complete)
""",
        """\
lock = SpinLock("tx-ring")

async def send_complete():
    async with lock:
        pass

async with anyio.create_task_group() as tasks:
    tasks.start_soon(send_complete)
""",
    ),
    "LOCK-11": Example(
        """\
lock = SpinLock("tx-ring")
async with lock:
    await anyio.sleep(0)  # <- LOCK-11
""",
        """\
lock = SpinLock("tx-ring")
async with lock:
    room = 4
await anyio.sleep(0)
""",
    ),
    "LOCK-12": Example(
        """\
lock, queue = SpinLock("tx-queue"), InterlockedList()
with lock:
    queue.insert_tail_nowait("packet", lock)  # <- LOCK-12
""",
        """\
lock, queue = SpinLock("tx-queue"), InterlockedList()
queue.insert_tail_nowait("packet", lock)
assert queue.remove_head_nowait(lock) == "packet"
""",
    ),
    "LOCK-13": Example(
        """\
lock = ReadWriteLock("filters")
async with lock.read():
    await lock.acquire(LockState(), write=True)  # <- LOCK-13
""",
        """\
lock = ReadWriteLock("filters")
async with lock.read():
    pass
async with lock.write():
    pass
""",
    ),
    "LOCK-14": Example(
        """\
lock = SpinLock("tx-ring", profile=Profile.CE)
with at_irql(Irql.DISPATCH), lock:
    pass
lock.acquire_dpr_nowait()  # <- LOCK-14
lock.release_dpr()
""",
        """\
lock = SpinLock("tx-ring", profile=Profile.CE)
with at_irql(Irql.DISPATCH), lock:
    pass
with lock:
    pass
""",
    ),
}
