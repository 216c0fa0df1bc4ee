"""Where a descriptor goes when it is freed, while that is not simply the shelf of its pool.

Both take the place of the shelf, a list, of which freeing uses ``append`` alone. So freeing never asks in which state
its pool is.
"""

from typing import TYPE_CHECKING, Generic, TypeVar

from .descriptor import Descriptor

if TYPE_CHECKING:
    from .pool import DescriptorPool

__all__ = ["CarefulReturns", "HandOff"]

D = TypeVar("D", bound=Descriptor)


class HandOff(Generic[D]):
    """Takes the place of the shelf for what comes back, while tasks wait and nothing else is to be done."""

    __slots__ = ("_offer", "_pool")

    def __init__(self, pool: "DescriptorPool[D]") -> None:
        self._pool = pool
        self._offer = pool._queue.offer

    def append(self, descriptor: D) -> None:
        """Hand a descriptor to the oldest waiter; quiet times begin when there is none."""
        if not self._offer(descriptor):
            self._pool._put_back(descriptor)


class CarefulReturns(Generic[D]):
    """Takes the place of the shelf for what comes back, while the pool wants to know."""

    __slots__ = ("_pool",)

    def __init__(self, pool: "DescriptorPool[D]") -> None:
        self._pool = pool

    def append(self, descriptor: D) -> None:
        """Take a descriptor back."""
        self._pool._come_back(descriptor)
