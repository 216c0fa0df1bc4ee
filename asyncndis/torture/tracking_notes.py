"""What the running step touched so far: names for objects, and the two sets of a footprint.

An object's number is that of its first touch in the run, so that two runs with the same past give the same numbers.
Touched objects are held until the step is over, or an address could come to mean another object; those that nobody else
holds by then are let go, and if they were new in the step, nobody will miss what was done to them.
"""

import sys
from asyncio import Future
from collections.abc import Iterable
from types import ModuleType
from typing import Any
from weakref import ReferenceType

from .footprints import CLASSES, GLOBALS, SIZE, WHOLE, Footprint, Location, Owner
from .tracking_frames import class_of

__all__ = ["Notes"]

_HOLDERS = 3  # the entry of the table, the variable of the loop, the argument of getrefcount
_SCALARS: frozenset[type[Any]] = frozenset({int, str, bytes, bool, float, type(None)})


class Notes:
    """Collects what is touched until ``take``.

    :ivar reads: locations read since
    :ivar writes: locations written since
    :ivar unseen: in words, what was touched that nobody could see
    """

    def __init__(self) -> None:
        self.reads: set[Location] = set()
        self.writes: set[Location] = set()
        self.names: set[Location] = set()
        self.changes: set[Location] = set()
        self.adds: set[Owner] = set()
        self.unseen: set[str] = set()
        self.born: set[Owner] = set()
        self._held: dict[int, tuple[Any, Owner]] = {}
        self._owners = 0
        self._owners_before = 0
        self._exposed: dict[int, object] = {}
        self._aside: Footprint | None = None
        self._main: tuple[set[Location], set[Location], set[Location], set[Owner]] | None = None

    def begin_run(self) -> None:
        """Forget the objects of the last run; what lets at their namespaces from outside stays known."""
        self._held.clear()
        self.born.clear()
        self._owners = self._owners_before = 0
        for notes in (self.reads, self.writes, self.names, self.changes, self.adds, self.unseen):
            notes.clear()
        self._aside = self._main = None

    def begin_aside(self) -> bool:
        """What follows comes to the same in any order, among its like.

        :returns: False if that was said already
        """
        if self._main is not None:
            return False
        self._main = self.reads, self.writes, self.changes, self.adds
        self.reads, self.writes, self.changes, self.adds = set(), set(), set(), set()
        return True

    def end_aside(self) -> None:
        """What follows is about the step itself again."""
        assert self._main is not None
        aside = Footprint(self.reads, self.writes, changes=self.changes, adds=self.adds, born=self.born)
        self._aside = aside if self._aside is None else self._aside | aside
        self.reads, self.writes, self.changes, self.adds = self._main
        self._main = None

    def owner(self, obj: object) -> Owner:
        """The name of an object; of a view it is that of what it shows, which could not grow while the view is held."""
        if class_of(obj) is memoryview:
            obj = _shown(obj)
        held = self._held.get(id(obj))
        if held is not None:
            return held[1]
        self._owners += 1
        owner = (class_of(obj).__name__, self._owners)
        self._held[id(obj)] = (obj, owner)
        return owner

    def read(self, obj: object, part: Any = WHOLE) -> None:
        """Note that a part of an object was read."""
        if self._main is not None and issubclass(class_of(obj), Future):
            future: Any = obj
            if future.done():
                return  # its state does not change any more
            self.writes.add((*self.owner(future), part))  # so that whoever waits for it comes after all who count
        if id(obj) in self._exposed:
            self.unseen.add("the namespace of an object")
        self.reads.add((*self.owner(obj), part))

    def write(self, obj: object, part: Any = WHOLE) -> None:
        """Note that a part of an object was changed."""
        if id(obj) in self._exposed:
            self.unseen.add("the namespace of an object")
        self.writes.add((*self.owner(obj), part))

    def birth(self, obj: object) -> None:
        """Note that an object was made just now."""
        owner = self.owner(obj)
        if owner[1] > self._owners_before:
            self.born.add(owner)

    def touch(self, obj: object, part: Any, write: bool) -> None:
        """Note that a part of an object was read or changed."""
        (self.write if write else self.read)(obj, part)

    def touch_class(self, name: str, write: bool) -> None:
        """Note that an attribute of a class was looked up or set."""
        location = (CLASSES, 0, name)
        if write:
            self.writes.add(location)
        else:
            (self.reads if name == WHOLE else self.names).add(location)

    def touch_global(self, module: ModuleType, name: str, write: bool) -> None:
        """Note that an attribute of a module was looked up or set."""
        (self.writes if write else self.names).add((GLOBALS, 0, f"{module.__name__}.{name}"))

    def key(self, key: Any) -> tuple[Any, ...] | None:
        """The part of a container that belongs to a key; None where the key's own code says what is equal."""
        kind: Any = class_of(key)
        if kind in _SCALARS:
            return (key,)
        if kind is ReferenceType and (target := key()) is not None:
            key, kind = target, class_of(target)  # references are equal if their targets are
        return self.owner(key) if getattr(kind, "__eq__") is object.__eq__ else None  # noqa: B009 - of any type

    def touch_item(self, container: Any, key: Any, write: bool) -> None:
        """Note that the element of a key was read or changed."""
        part = self.key(key)
        self.touch(container, WHOLE if part is None else part, write)

    def add_item(self, container: Any, key: Any) -> None:
        """Note that an element is set, which the container may not have yet."""
        self.touch_item(container, key, write=True)
        if self.key(key) is not None and key not in container:
            owner = self.owner(container)
            self.changes.add((*owner, SIZE))
            self.adds.add(owner)

    def remove_item(self, container: Any, key: Any) -> None:
        """Note that an element goes, if the container has it."""
        self.touch_item(container, key, write=True)
        if self.key(key) is not None and key in container:
            self.changes.add((*self.owner(container), SIZE))

    def expose(self, namespace: object) -> None:
        """From now on the dictionary behind an object's attributes, or a module's names, can be reached itself."""
        self._exposed[id(namespace)] = namespace
        self.unseen.add("the namespace of an object")

    def take(self) -> Footprint:
        """What was touched since the last time; the notes are empty again."""
        gone = self._let_go()
        footprint = Footprint(
            _without(self.reads, gone),
            _without(self.writes, gone),
            self.unseen,
            self._owners,
            names=self.names,
            changes=_without(self.changes, gone),
            adds=self.adds - gone,
            born=self.born,
            aside=self._aside,
        )
        self._aside = None
        for notes in (self.reads, self.writes, self.names, self.changes, self.adds, self.unseen):
            notes.clear()
        self._owners_before = self._owners
        return footprint

    def _let_go(self) -> set[Owner]:
        """Let go of what only the notes hold; one object's end may be the end of others.

        :returns: those of them that were new
        """
        gone: set[Owner] = set()
        held = self._held
        again = True
        while again:
            again = False
            for address in reversed(list(held)):
                obj = held[address][0]
                if sys.getrefcount(obj) == _HOLDERS:
                    again = True
                    owner = held.pop(address)[1]
                    if owner[1] > self._owners_before:
                        gone.add(owner)
                del obj
        return gone


def _shown(view: Any) -> object:
    try:
        return view.obj
    except ValueError:  # released: it shows nothing and keeps nothing
        return view


def _without(locations: set[Location], owners: set[Owner]) -> Iterable[Location]:
    return [location for location in locations if location[:2] not in owners] if owners else locations
