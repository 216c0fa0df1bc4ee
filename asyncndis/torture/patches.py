"""Replaces attributes of modules and classes while a search runs, and puts them back."""

import threading
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

__all__ = ["Patch", "Patches"]

_NONE = object()
"""Stands for an attribute that the owner had not itself."""


class Patch(NamedTuple):
    """An attribute and what it shall be: the module or class that has it, its name, the other value."""

    owner: Any
    name: str
    value: Any


class Patches:
    """Patches that stand while at least one block is open; blocks may be nested, also those of several threads.

    :param wanted: gives the patches, as the first block begins; each stands before the next is asked for
    """

    def __init__(self, wanted: Callable[[], Iterable[Patch]]) -> None:
        self._wanted = wanted
        self._lock = threading.Lock()
        self._blocks = 0
        self._standing: list[tuple[Patch, object]] = []

    @contextmanager
    def applied(self) -> Generator[None]:
        """Keep the patches while a block runs."""
        with self._lock:
            self._blocks += 1
        try:
            with self._lock:
                if self._blocks == 1:
                    self._apply()
            yield
        finally:
            with self._lock:
                self._blocks -= 1
                if not self._blocks:
                    self._restore()

    def _apply(self) -> None:
        for patch in self._wanted():
            self._standing.append((patch, _attributes_of(patch.owner).get(patch.name, _NONE)))
            setattr(*patch)

    def _restore(self) -> None:
        while self._standing:
            patch, original = self._standing.pop()
            if _attributes_of(patch.owner)[patch.name] is not patch.value:
                continue  # somebody else's patch stays
            if original is _NONE:
                delattr(patch.owner, patch.name)
            else:
                setattr(patch.owner, patch.name, original)


def _attributes_of(owner: Any) -> Mapping[str, object]:
    """What the owner has itself, as it stands there: a class method is not bound."""
    attributes: Mapping[str, object] = owner.__dict__
    return attributes
