"""Handles with generations: integers that stop working when their object goes.

An object that is freed and used again is the same Python object, so a reference to it says nothing of which use
it belongs to. A handle does: its low half is a slot, its high half counts how often that slot was given out, and a
handle of an earlier generation is refused. Handles are never 0, so that 0 can mean NULL.
"""

from typing import Generic, TypeVar

from .checks import check_instance
from .errors import StaleHandle

__all__ = ["HandleTable"]

T = TypeVar("T")

_SLOT_BITS = 32
_SLOT_MASK = (1 << _SLOT_BITS) - 1


class HandleTable(Generic[T]):
    """Gives objects integer handles, finds them again, and refuses handles of the past.

    :param kind: what the handles stand for, in messages ("buffer")
    :param rule: the rule that using a stale handle breaks
    """

    __slots__ = ("_generations", "_objects", "_rule", "_vacant", "kind")

    def __init__(self, kind: str, rule: str) -> None:
        self.kind = kind
        self._rule = rule
        self._objects: list[T | None] = []
        self._generations: list[int] = []
        self._vacant: list[int] = []

    def __len__(self) -> int:
        return len(self._objects) - len(self._vacant)

    def open(self, subject: T) -> int:
        """Give ``subject`` a new handle, valid until :meth:`close`."""
        if self._vacant:
            slot = self._vacant.pop()
            self._objects[slot] = subject
        else:
            slot = len(self._objects)
            self._objects.append(subject)
            self._generations.append(0)
        self._generations[slot] += 1
        return self._generations[slot] << _SLOT_BITS | slot

    def resolve(self, handle: int) -> T:
        """Find the object of a valid handle.

        :raises StaleHandle: when the handle was closed, or never given out
        """
        check_instance(f"a {self.kind} handle", handle, int)
        slot, generation = handle & _SLOT_MASK, handle >> _SLOT_BITS
        if slot < len(self._objects) and self._generations[slot] == generation:
            subject = self._objects[slot]
            if subject is not None:
                return subject
        raise StaleHandle(
            self._rule,
            f"{self.kind} handle {handle:#x} is stale: what it stood for was freed; "
            "take a new handle after each allocation",
        )

    def close(self, handle: int) -> T:
        """End a handle and return its object.

        :raises StaleHandle: when it is no longer valid
        """
        subject = self.resolve(handle)
        slot = handle & _SLOT_MASK
        self._objects[slot] = None
        self._vacant.append(slot)
        return subject
