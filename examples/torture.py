"""A race that no ordinary run shows: an interrupt and a watchdog give the same descriptor back.

Both look whether a frame is pending, then take the lock, then give it back. Explore it, and its repaired twin:
``asyncndis torture examples/torture.py::wrong`` and ``asyncndis torture examples/torture.py::right``.
Run by itself it does both: ``python examples/torture.py``.
"""

from anyio import create_task_group

from asyncndis import Buffer, BufferPool, SpinLock
from asyncndis.testing import exposed
from asyncndis.torture import explore


class Sender:
    """Keeps one frame until the NIC has sent it."""

    def __init__(self, pool: BufferPool) -> None:
        self.pool = pool
        self.lock = SpinLock(name="send lock")
        self.pending: Buffer | None = None

    async def send(self, frame: bytes) -> None:
        """Hand a frame to the NIC."""
        self.pending = await self.pool.allocate(frame)

    async def finish_too_late(self) -> None:
        """Look first, lock afterwards: somebody else may look in between."""
        buffer = self.pending
        if buffer is not None:
            async with self.lock:
                self.pending = None
            buffer.free()

    async def finish(self) -> None:
        """Look under the lock, and take what is there."""
        async with self.lock:
            buffer, self.pending = self.pending, None
        if buffer is not None:
            buffer.free()


async def wrong() -> None:
    """The interrupt and the watchdog come at the same time."""
    async with BufferPool.create(4, name="tx") as pool:
        sender = Sender(pool)
        await sender.send(b"a frame")
        async with create_task_group() as tasks:
            tasks.start_soon(sender.finish_too_late, name="interrupt")
            tasks.start_soon(sender.finish_too_late, name="watchdog")


async def right() -> None:
    """The same, repaired."""
    async with BufferPool.create(4, name="tx") as pool:
        sender = Sender(pool)
        await sender.send(b"a frame")
        async with create_task_group() as tasks:
            tasks.start_soon(sender.finish, name="interrupt")
            tasks.start_soon(sender.finish, name="watchdog")


def main() -> None:
    """Explore both."""
    failure = explore(exposed(wrong)).failure
    print("nothing found" if failure is None else failure.report())
    result = explore(exposed(right))
    print(f"\nrepaired: {result}")


if __name__ == "__main__":
    main()
