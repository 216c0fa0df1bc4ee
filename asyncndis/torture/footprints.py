"""What a step read and wrote, and whether two steps depend on each other.

Two steps that touch nothing in common, or only read what they share, may change places without anybody noticing. That
is all that partial-order reduction needs to know (Mazurkiewicz, "Trace theory", 1987). A step that touched something
nobody could see depends on everything.
"""

from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Any, Protocol

__all__ = [
    "CLASSES",
    "GLOBALS",
    "LOCAL_KINDS",
    "SIZE",
    "WHOLE",
    "Footprint",
    "Location",
    "Owner",
    "Watcher",
    "dependent",
    "lose_sight",
    "touch",
    "touch_call",
    "watched_by",
]

Owner = tuple[str, int]
"""Whose state it is: a kind (mostly the name of a type), and a number; each run with this past gives the same."""
Location = tuple[str, int, Hashable]
"""A piece of state: the owner's kind and number, and the part: an attribute's name, a key in a tuple, or one below."""
CLASSES = "class attribute"
"""The kind of all attributes of classes: a class is rarely written, so one name for the attribute in all classes do."""
GLOBALS = "global"
"""The kind of all names of modules."""
WHOLE = "*"
"""The part that meets every other part of the same owner."""
SIZE = "#"
"""The part that changes when a container gets or loses an element."""
LOCAL_KINDS = frozenset({"coroutine", "generator"})
"""The kinds of what belongs to one actor, unless another one is seen to touch it."""
_NAMED = frozenset({(CLASSES, 0), (GLOBALS, 0)})


class Footprint:
    """What one step touched.

    :ivar reads: what it read
    :ivar writes: what it wrote
    :ivar unknown: it touched something nobody could see
    :ivar names: names of classes and modules that it looked up; kept apart, for they are many and hardly ever written
    :ivar changes: where it changed the size of a container, which comes to the same in any order of such changes
    :ivar adds: the containers to which it added an element: their elements' order may tell who was first
    :ivar unseen: what that was, in words
    :ivar owners: how many owners had a number when the step was over
    :ivar born: those of the owners that were seen to be made in this run
    :ivar still: afterwards its task stands where it stood before, with the same values in all variables
    :ivar aside: what bookkeeping touched on the way that comes to the same in any order, such as counting who is done
    :ivar counted: the actors that became ready because such a count was complete
    :ivar owners_touched: the owners of everything it read or wrote
    """

    __slots__ = (
        *("_wide", "_wide_writes", "_writes_names", "_written", "adds", "aside", "born", "changes", "counted", "names"),
        *("owners", "owners_touched", "reads", "still", "unseen", "writes"),
    )

    def __init__(
        self,
        reads: Iterable[Location] = (),
        writes: Iterable[Location] = (),
        unseen: Iterable[str] = (),
        owners: int = 0,
        *,
        names: Iterable[Location] = (),
        changes: Iterable[Location] = (),
        adds: Iterable[Owner] = (),
        born: Collection[Owner] = (),
        still: bool = False,
        aside: "Footprint | None" = None,
    ) -> None:
        self.reads = frozenset(reads)
        self.writes = frozenset(writes)
        self.names = frozenset(names)
        self.changes = frozenset(changes)
        self.adds = frozenset(adds)
        self.unseen = frozenset(unseen)
        self.owners = owners
        self.still = still
        self.aside = aside
        self.counted: frozenset[int] = frozenset()
        self._written = {location[:2] for location in self.writes | self.changes}
        self._writes_names = not _NAMED.isdisjoint(self._written)
        self.owners_touched = self._written | {location[:2] for location in self.reads}
        self.born = frozenset(owner for owner in self.owners_touched if owner in born)
        self._wide_writes = {location[:2] for location in self.writes if location[2] == WHOLE}
        self._wide = self._wide_writes | {location[:2] for location in self.reads if location[2] == WHOLE}

    @property
    def unknown(self) -> bool:
        """Whether it touched something nobody could see."""
        return bool(self.unseen)

    @property
    def looked_through(self) -> set[Owner]:
        """The containers of which it read everything."""
        return {location[:2] for location in self.reads if location[2] == WHOLE}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Footprint):
            return NotImplemented
        return (self.reads, self.writes, self.changes, self.unseen, self.owners, self.aside) == (
            *(other.reads, other.writes, other.changes, other.unseen, other.owners, other.aside),
        )

    __hash__ = None  # type: ignore[assignment]  # compared, never looked up

    def __repr__(self) -> str:
        return f"Footprint(reads={set(self.reads)}, writes={set(self.writes)}, unseen={set(self.unseen)})"

    def __or__(self, other: "Footprint") -> "Footprint":
        return Footprint(
            self.reads | other.reads,
            self.writes | other.writes,
            self.unseen | other.unseen,
            max(self.owners, other.owners),
            names=self.names | other.names,
            changes=self.changes | other.changes,
            adds=self.adds | other.adds,
            born=self.born | other.born,
            aside=self.aside
            if other.aside is None
            else other.aside
            if self.aside is None
            else self.aside | other.aside,
        )

    def blurred(self, owners: int) -> "Footprint":
        """The same as seen from another run that went the same way only until ``owners`` owners were numbered.

        Later numbers may mean other objects there, so all that is known of those is their kind. Those that were made
        after that point are left out: they do not exist in the other run.

        :param owners: how many owners have the same number in both runs
        """
        if self.owners <= owners:
            return self
        return Footprint(
            self._blurred(self.reads, owners),
            self._blurred(self.writes, owners),
            self.unseen,
            self.owners,
            names=self.names,
            changes=self._blurred(self.changes, owners),
            adds=[location[:2] for location in self._blurred([(*owner, SIZE) for owner in self.adds], owners)],
            aside=self.aside and self.aside.blurred(owners),
        )

    def _blurred(self, locations: Iterable[Location], owners: int) -> list[Location]:
        born = self.born
        return [_blurred(location, owners) for location in locations if not _is_later(location, owners, born)]

    def meets(self, other: "Footprint", ordered: Collection[str] = ()) -> bool:
        """Whether one of them wrote something that the other touched, asides left out."""
        if self._wrote_into(other) or other._wrote_into(self):
            return True
        return bool(ordered) and any(owner[0] in ordered for owner in self.adds & other.adds)

    def _wrote_into(self, other: "Footprint") -> bool:
        writes = self.writes
        return not (
            writes.isdisjoint(other.writes)
            and writes.isdisjoint(other.reads)
            and writes.isdisjoint(other.changes)
            and self.changes.isdisjoint(other.reads)
            and self._wide_writes.isdisjoint(other.owners_touched)
            and self._written.isdisjoint(other._wide)
            and not (self._writes_names and self._rewrites(other.names))
        )

    def _rewrites(self, names: frozenset[Location]) -> bool:
        return not (self.writes.isdisjoint(names) and self._wide_writes.isdisjoint(name[:2] for name in names))


def _is_later(location: Location, owners: int, born: frozenset[Owner]) -> bool:
    return location[1] > owners and location[:2] in born


def _blurred(location: Location, owners: int) -> Location:
    kind, number, part = location
    key: Any = part
    if issubclass(key.__class__, tuple) and len(key) == 2 and key[1] > owners:  # an element known by its own number
        part = WHOLE
    return kind, -1 if number > owners else number, part


def dependent(first: Footprint, second: Footprint, ordered: Collection[str] = ()) -> bool:
    """Whether two steps may not change places: one wrote what the other touched, or one of them is unknown.

    :param ordered: the kinds of containers of which somebody looks at the order of the elements
    """
    if first.unseen or second.unseen:
        return True
    if first.meets(second, ordered):
        return True
    if first.aside is not None and first.aside.meets(second, ordered):
        return True
    return second.aside is not None and first.meets(second.aside, ordered)


class Watcher(Protocol):
    """Who is told what the running step touches."""

    def touched(self, obj: object, name: str | None, write: bool) -> None:
        """Hear of an object."""
        ...

    def called(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Hear of a call that no bytecode makes."""
        ...

    def lost(self, what: str) -> None:
        """Hear of something that cannot be told."""
        ...


_watchers: list[Watcher] = []


def watched_by(watcher: Watcher | None) -> None:
    """Let a watcher hear from now on; None: nobody."""
    _watchers[:] = [] if watcher is None else [watcher]


def touch(obj: object, name: str | None = None, write: bool = True) -> None:
    """Say that the running step touched an object in a way that its bytecode does not show. Cheap when nobody tracks.

    :param obj: the object
    :param name: which part of it, so that other parts stay independent; None: the whole object
    :param write: whether it was changed, or only read
    """
    for watcher in _watchers:
        watcher.touched(obj, name, write)


def touch_call(function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    """Say that the running step calls a function in a way that its bytecode does not show.

    :param function: what is called; only a function written in C needs to be told
    :param arguments: its positional arguments
    """
    for watcher in _watchers:
        watcher.called(function, arguments)


def lose_sight(what: str) -> None:
    """Say that the running step does something of which nobody can tell what it depends on.

    :param what: in words
    """
    for watcher in _watchers:
        watcher.lost(what)
