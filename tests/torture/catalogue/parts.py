"""What the programs of the catalogue are made of: an I/O call that takes its time, a connection, and pools of them."""

import asyncio
from collections import deque


async def io(turns: int = 1) -> None:
    """Something that takes so many turns of the event loop."""
    for _ in range(turns):
        await asyncio.sleep(0)


class Connection:
    """Something that is open until it is closed, and must not be used afterwards."""

    def __init__(self, name: str = "connection") -> None:
        self.name = name
        self.is_open = True
        self.sent: list[object] = []

    async def send(self, message: object) -> None:
        """Send something, which takes a turn."""
        assert self.is_open, f"{self.name} is used after it was closed"
        await io()
        assert self.is_open, f"{self.name} was closed while it was used"
        self.sent.append(message)

    def close(self) -> None:
        """Close it, once."""
        assert self.is_open, f"{self.name} is closed twice"
        self.is_open = False


class Pool:
    """A pool that hands an item that comes back straight to the one who has waited longest, and loses none."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.free = deque(range(size))
        self.waiters: deque[asyncio.Future[int]] = deque()

    async def take(self) -> int:
        """An item; wait for one if need be."""
        if self.free:
            return self.free.popleft()
        waiter = asyncio.get_running_loop().create_future()
        self.waiters.append(waiter)
        return await self.wait_for_hand_off(waiter)

    async def wait_for_hand_off(self, waiter: "asyncio.Future[int]") -> int:
        """What was handed over; whoever is cancelled meanwhile hands it on."""
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.give_back(waiter.result())
            raise

    def give_back(self, item: int) -> None:
        """Hand the item to the next who waits, or keep it."""
        while self.waiters:
            waiter = self.waiters.popleft()
            if not waiter.done():
                waiter.set_result(item)
                return
        self.free.append(item)
