"""A descriptor of a pool: what buffers and packets have in common.

A descriptor knows its pool, and freeing it takes no pool handle. ``_home`` is where it goes when it is freed: its pool,
while it is out and nothing special happened to it, so that freeing is one append. A descriptor that is free, chained,
linked, adjusted or handled is ``AWAY``: whoever frees it there goes the careful way.
"""

from typing import TYPE_CHECKING, Any, Final

from asyncndis.base import Site

if TYPE_CHECKING:
    from .buffer import Memory
    from .pool import DescriptorPool

__all__ = ["AWAY", "Away", "Descriptor", "Special"]


class Away:
    """The home of every descriptor that may not simply go back to its pool."""

    __slots__ = ("_returns",)

    def __init__(self) -> None:
        self._returns = self

    def append(self, descriptor: "Descriptor") -> None:
        """Take a descriptor back after a closer look, which may refuse it."""
        descriptor._free_carefully()


AWAY: Final = Away()


class Descriptor:
    """The part of a descriptor that its pool works with."""

    __slots__ = ("_freed_at", "_home", "_pool", "_special")

    def __init__(self, pool: "DescriptorPool[Any]") -> None:
        self._pool = pool
        self._home: DescriptorPool[Any] | Away = AWAY
        self._special: Special | None = None
        self._freed_at: Site | None = None

    def free(self) -> None:
        """Give the descriptor back to its pool."""
        raise AssertionError("each kind of descriptor frees itself")

    def _free_carefully(self) -> None:
        """Give a descriptor back that is ``AWAY``, unless a rule forbids it."""
        raise AssertionError("each kind of descriptor frees itself")

    def _require_live(self) -> None:
        """Refuse a use after the descriptor was freed."""
        raise AssertionError("each kind of descriptor knows its life")

    def _end_special(self) -> None:
        """The use that is over takes its special state and its handle with it."""
        special, self._special = self._special, None
        if special is not None and special.handle and self._pool._handles is not None:
            self._pool._handles.close(special.handle)


class Special:
    """What makes freeing a live descriptor more than one append.

    :ivar handle: its handle, 0 for none
    :ivar linked: whether it is linked to another buffer, before or behind it
    :ivar follows: whether that is before it
    :ivar whole: the memory that it was allocated over, while its length is adjusted
    """

    __slots__ = ("follows", "handle", "linked", "whole")

    def __init__(self) -> None:
        self.handle = 0
        self.linked = False
        self.follows = False
        self.whole: Memory | None = None

    def __bool__(self) -> bool:
        return self.linked or self.handle != 0 or self.whole is not None
