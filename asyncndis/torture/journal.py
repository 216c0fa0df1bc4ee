"""The journal of a long search: which schedules have run, in a file, so that a soak continues where it stopped.

The file is replaced as a whole each time, so that a killed process leaves the old one or the new one. A journal of
another program, of a changed one, or of a search with other settings is refused.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path

from .replaystring import StaleReplay, fingerprint
from .running import Program
from .search import Plan

__all__ = ["Journal"]

_KEYS = ("strategy", "seed", "max_steps", "cancel", "faults")


class Journal:
    """What has been run of one search.

    :param path: the file; it need not exist
    :param program: the program that is searched
    :param plan: what the search was asked for; how many schedules and how much time may change
    :raises StaleReplay: the file belongs to another search, or is no journal
    """

    def __init__(self, path: Path, program: Program, plan: Plan) -> None:
        self._path = path
        known = fingerprint(program)
        settings = {key: value for key, value in asdict(plan).items() if key in _KEYS}
        self._key = {"name": known.name.hex(), "source": known.source.hex(), **settings}
        self.done: list[tuple[int, int]] = self._load()
        """The schedules that have run, as (first, count), in order and as few parts as can be."""

    @property
    def schedules(self) -> int:
        """How many have run."""
        return sum(count for _, count in self.done)

    def add(self, first: int, count: int) -> None:
        """Schedules have run; the file knows it when this returns.

        :param first: the number of the first one
        :param count: how many
        :raises OSError: the file cannot be written
        """
        if not count:
            return
        merged: list[tuple[int, int]] = []
        for start, length in sorted([*self.done, (first, count)]):
            if merged and start <= sum(merged[-1]):
                begin, known = merged[-1]
                merged[-1] = (begin, max(known, start + length - begin))
            else:
                merged.append((start, length))
        self.done = merged
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(f"{self._path.name}.new")
        fresh.write_text(json.dumps({"search": self._key, "done": self.done}), encoding="utf-8")
        os.replace(fresh, self._path)  # noqa: PTH105 - atomic, and said so by name

    def _load(self) -> list[tuple[int, int]]:
        if not self._path.exists():
            return []
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
            key, done = kept["search"], [(int(first), int(count)) for first, count in kept["done"]]
        except (ValueError, KeyError, TypeError) as error:
            raise StaleReplay(f"{self._path} is no journal of a search ({error}): remove it to begin anew") from error
        if key != self._key:
            other = next((name for name in self._key if key.get(name) != self._key[name]), "search")
            raise StaleReplay(
                f"{self._path} is the journal of a search that differs in its {other}: remove it to begin anew"
            )
        return done
