"""Borrowing: a descriptor for the length of a block, freed on every way out."""

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Generic, TypeVar

from .descriptor import Descriptor
from .pool import DescriptorPool

__all__ = ["Borrow"]

D = TypeVar("D", bound=Descriptor)


class Borrow(Generic[D]):
    """The context manager that ``pool.borrow()`` returns.

    It remembers the descriptor by a handle: where the block has freed it already, leaving the block says so instead of
    freeing what may be somebody else's by now.
    """

    __slots__ = ("_allocate", "_handle", "_pool", "_tidy")

    def __init__(
        self, pool: DescriptorPool[D], allocate: Callable[[], Awaitable[D]], tidy: Callable[[D], object]
    ) -> None:
        self._pool = pool
        self._allocate = allocate
        self._tidy = tidy
        self._handle = 0

    async def __aenter__(self) -> D:
        descriptor = await self._allocate()
        self._handle = self._pool.handle(descriptor)
        return descriptor

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        descriptor = self._pool.resolve(self._handle)
        self._tidy(descriptor)
        descriptor.free()
