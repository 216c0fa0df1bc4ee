"""A descriptor of a pool: what buffers and packets have in common.

A descriptor knows its pool, and freeing it takes no pool handle. While it is out and nothing special happened to it,
``_home`` is its pool and freeing is one test; a chained, linked, adjusted or handled descriptor has no ``_home``, and
freeing it goes the careful way.
"""

from typing import TYPE_CHECKING, Any

from asyncndis.base import Site

if TYPE_CHECKING:
    from .pool import DescriptorPool

__all__ = ["Descriptor", "Special"]


class Descriptor:
    """The part of a descriptor that its pool works with."""

    __slots__ = ("_freed_at", "_home", "_pool", "_special")

    def __init__(self, pool: "DescriptorPool[Any]") -> None:
        self._pool = pool
        self._home: DescriptorPool[Any] | None = None
        self._special: Special | None = None
        self._freed_at: Site | None = None

    def free(self) -> None:
        """Give the descriptor back to its pool."""
        raise AssertionError("each kind of descriptor frees itself")


class Special:
    """What makes freeing a live descriptor more than one test: a handle, an adjusted length, a link."""

    __slots__ = ("adjusted", "handle", "linked")

    def __init__(self) -> None:
        self.handle = 0
        self.adjusted = False
        self.linked = False

    def __bool__(self) -> bool:
        return self.adjusted or self.linked or self.handle != 0
