"""Addresses: an integer for an object, and the object for the integer, for code that works with pointers.

Nothing has an address until somebody asks for one. They are given out in order and not reused, so that every run gives
the same ones and a stale one never meets a newcomer. The table keeps no object alive that can be watched by a weak
reference: its entry goes with the object. Others (the descriptors of a pool) stay until they are forgotten or the
table goes, and so does what was placed at an address of the caller's choosing, such as a lock in the storage of a
native driver: the table may well hold the only reference to it.
"""

from typing import Any
from weakref import ref

from asyncndis.base import check_integer

__all__ = ["AddressTable"]

_FIRST = 0x8000_0000
_LAST = 2**64 - 1
_STEP = 16


class _Watch(ref[Any]):
    """A weak reference that knows which entry goes with its object."""

    __slots__ = ("address", "identity")

    address: int
    identity: int


class AddressTable:
    """A two-way table of objects and addresses, empty until asked.

    :param first: the address of the first object; each further one lies 16 bytes above the one before
    """

    __slots__ = ("__weakref__", "_addresses", "_next", "_objects", "_watches")

    def __init__(self, first: int = _FIRST) -> None:
        check_integer("first", first, 1, _LAST)
        self._next = first
        self._addresses: dict[int, int] = {}  # by id: an id is free for others only after its entry has gone
        self._objects: dict[int, object] = {}
        self._watches: dict[int, _Watch] = {}

    def __repr__(self) -> str:
        return f"<AddressTable of {len(self)} objects>"

    def __len__(self) -> int:
        return len(self._addresses)

    def address_of(self, subject: object) -> int:
        """The address of an object: a new one at first, and the same one ever after. IRQL: any."""
        known = self._addresses.get(id(subject))
        if known is not None:
            return known
        while self.object_at(self._next) is not None:
            self._next += _STEP
        address, self._next = self._next, self._next + _STEP
        self._addresses[id(subject)] = address
        try:
            watch = _Watch(subject, self._has_gone)
        except TypeError:  # it takes no weak references
            self._objects[address] = subject
        else:
            watch.address, watch.identity = address, id(subject)
            self._watches[address] = watch
        return address

    def object_at(self, address: int) -> object | None:
        """The object at an address; None where there is none, or none any more. IRQL: any."""
        watch = self._watches.get(address)
        return self._objects.get(address) if watch is None else watch()

    def place(self, subject: object, address: int) -> None:
        """Give an object an address of the caller's choosing, and keep it until it is forgotten. IRQL: any.

        :raises ValueError: when something is at that address, or the object has another one
        """
        check_integer("address", address, 1, _LAST)
        if id(subject) in self._addresses:
            raise ValueError(f"{subject!r} is at {self.address_of(subject):#x} already; forget it first")
        if self.object_at(address) is not None:
            raise ValueError(f"{self.object_at(address)!r} is at {address:#x} already; forget it first")
        self._addresses[id(subject)] = address
        self._objects[address] = subject

    def forget(self, subject: object) -> None:
        """Take an object out of the table, if it is there. IRQL: any."""
        address = self._addresses.pop(id(subject), None)
        if address is not None:
            self._objects.pop(address, None)
            self._watches.pop(address, None)

    def _has_gone(self, watch: ref[Any]) -> None:
        assert isinstance(watch, _Watch)
        del self._addresses[watch.identity], self._watches[watch.address]
