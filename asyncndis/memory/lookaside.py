"""Lookaside lists: entries of one size, kept for reuse up to a depth.

Source: the pages of NdisInitializeNPagedLookasideList, NdisAllocateFromNPagedLookasideList,
NdisFreeToNPagedLookasideList and NdisDeleteNPagedLookasideList. No entry is allocated in advance. Every entry comes
back before the list is deleted, and only entries of the list come back (POOL-17).
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from asyncndis.base import NdisError, NdisStatus, RuleViolation, check_instance, check_integer, current_probe

from .provider import Block, MemoryProvider, default_provider

__all__ = ["LookasideList", "LookasideStatistics"]

logger = logging.getLogger("asyncndis.memory")


@dataclass(frozen=True, slots=True)
class LookasideStatistics:
    """The state of a lookaside list at one moment.

    :ivar cached: entries kept for reuse
    :ivar outstanding: entries that are out
    :ivar hits: requests served from those kept
    :ivar misses: requests for which an entry was allocated
    """

    cached: int
    outstanding: int
    hits: int
    misses: int


class LookasideList:
    """A list of entries of one size (NdisInitializeNPagedLookasideList). IRQL: <= DISPATCH.

    :param size: of each entry, in bytes
    :param depth: how many free entries are kept at most
    :param tag: handed to ``allocate``, for its books
    :param name: for messages
    :param allocate: makes an entry from (size, tag), or None when it cannot; by default the provider does
    :param free: takes back what ``allocate`` made
    :param provider: where entries come from without ``allocate``
    """

    __slots__ = (
        "_allocate",
        "_cached",
        "_deleted",
        "_free",
        "_hits",
        "_misses",
        "_out",
        "_probe",
        "_provider",
        "depth",
        "name",
        "size",
        "tag",
    )

    def __init__(
        self,
        size: int,
        *,
        depth: int = 16,
        tag: int = 0,
        name: str = "lookaside",
        allocate: Callable[[int, int], Block | None] | None = None,
        free: Callable[[Block], object] | None = None,
        provider: MemoryProvider = default_provider,
    ) -> None:
        check_integer("size", size, 1)
        check_integer("depth", depth)
        check_integer("tag", tag)
        check_instance("name", name, str)
        self.size = size
        self.depth = depth
        self.tag = tag
        self.name = name
        self._allocate = allocate
        self._free = free
        self._provider = provider
        self._probe = current_probe()
        self._cached: list[Block] = []
        self._out: dict[int, Block] = {}
        self._deleted = False
        self._hits = 0
        self._misses = 0

    def __repr__(self) -> str:
        state = "deleted" if self._deleted else "in use"
        return (
            f"<LookasideList {self.name!r} {state}, {len(self._out)} entries of {self.size} bytes out, "
            f"{len(self._cached)} kept>"
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self._deleted:
            self.delete()

    def statistics(self) -> LookasideStatistics:
        """The state of the list now, in O(1). IRQL: any."""
        return LookasideStatistics(len(self._cached), len(self._out), self._hits, self._misses)

    def allocate(self) -> Block:
        """Take an entry (NdisAllocateFromNPagedLookasideList). IRQL: <= DISPATCH.

        :returns: the entry; its content is what the last user left
        :raises NdisError: RESOURCES, where the NDIS call returns NULL
        :raises RuleViolation: POOL-17 when the list was deleted
        """
        operation = "NdisAllocateFromNPagedLookasideList"
        self._before(operation)
        if self._probe is not None and self._probe.fails(operation, self):
            raise self._no_entry()
        if self._cached:
            entry = self._cached.pop()
            self._hits += 1
        else:
            entry = self._make()
            self._misses += 1
        self._out[entry.address] = entry
        self._after(operation, entry)
        return entry

    def free(self, entry: Block) -> None:
        """Give an entry back (NdisFreeToNPagedLookasideList). IRQL: <= DISPATCH.

        :raises RuleViolation: POOL-17 when it is not out: freed before, of another list, or a part of an entry; and
            when the list was deleted
        """
        operation = "NdisFreeToNPagedLookasideList"
        check_instance("what a lookaside list takes back", entry, Block)
        own = self._out.get(entry.address)
        if own is None or len(entry) != len(own):
            raise RuleViolation(
                "POOL-17",
                f"{entry!r} is given to {self!r}, which has no such entry out; give back each entry once",
                self,
            )
        self._before(operation, entry)
        del self._out[entry.address]
        if len(self._cached) < self.depth:
            self._cached.append(own)
        else:
            self._dispose(own)
        self._after(operation, entry)

    def delete(self) -> int:
        """Delete the list and free what it keeps (NdisDeleteNPagedLookasideList). IRQL: <= DISPATCH.

        :returns: how many entries are still out, which is a leak
        :raises RuleViolation: POOL-17 when it was deleted before
        """
        operation = "NdisDeleteNPagedLookasideList"
        self._before(operation)
        self._deleted = True
        while self._cached:
            self._dispose(self._cached.pop())
        if self._out:
            logger.warning("deleted with entries out: %r", self)
        self._after(operation)
        return len(self._out)

    def _make(self) -> Block:
        try:
            make = self._allocate
            entry = self._provider.allocate(self.size) if make is None else make(self.size, self.tag)
        except NdisError as refusal:
            raise self._no_entry() from refusal
        if entry is None:
            raise self._no_entry()
        if len(entry) < self.size:
            raise RuleViolation(
                "POOL-17", f"the allocate function of {self!r} made an entry of {len(entry)} bytes", self
            )
        return entry

    def _dispose(self, entry: Block) -> None:
        if self._free is not None:
            self._free(entry)
        elif self._allocate is None:
            self._provider.free(entry)

    def _no_entry(self) -> NdisError:
        return NdisError(f"{self!r} can have no further entry now; free one", NdisStatus.RESOURCES)

    def _before(self, operation: str, *arguments: object) -> None:
        if self._deleted:
            raise RuleViolation("POOL-17", f"{operation} on {self!r}; initialize it anew before further use", self)
        if self._probe is not None:
            self._probe.before(operation, self, *arguments)

    def _after(self, operation: str, *arguments: object) -> None:
        if self._probe is not None:
            self._probe.after(operation, self, *arguments)
