"""The rule of the NdisAllocateBufferPool page: release any spin lock before you allocate a pool.

First the rule is broken, and the report names the guilty line; then the correct order. Run it:
``python examples/lock_rule.py``, and ``asyncndis rules POOL-01`` for the rule itself.
"""

import asyncndis
from asyncndis import BufferPool, RuleViolation, SpinLock, current_irql


async def broken(lock: SpinLock) -> None:
    """Allocate the pool while the ring is locked."""
    async with lock:
        await BufferPool.create(8, name="tx")


async def correct(lock: SpinLock) -> None:
    """Allocate first, then take the lock for the few instructions that need it."""
    async with BufferPool.create(8, name="tx") as pool:
        frame = b"a frame"
        async with lock:
            print(f"holding {lock.name} at IRQL {current_irql()}")
        buffer = await pool.allocate(frame)
        buffer.free()


async def main() -> None:
    """Show both."""
    lock = SpinLock("tx-ring")
    try:
        await broken(lock)
    except RuleViolation as violation:
        print(f"caught {violation.rule}")
        print(f"  what   {violation.message}")
        print(f"  where  {violation.site}")
    await correct(lock)
    print(f"afterwards: {lock!r}, IRQL {current_irql()}")


if __name__ == "__main__":
    asyncndis.run(main)
