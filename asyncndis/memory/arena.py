"""An arena: all memory of one machine in one mapping, with a virtual and a physical address for each block.

A memory provider that runs full, so that RESOURCES is real, and whose content can be saved and restored, so that a
search may start from a common prefix. First fit; neighbours that are both vacant become one. The same requests give
the same addresses in every run.
"""

from bisect import bisect_left
from dataclasses import dataclass

from asyncndis.base import NdisError, NdisStatus, RuleViolation, check_instance, check_integer

from .provider import Block

__all__ = ["Arena", "ArenaState", "ArenaStatistics"]

# Apart from those of the heap, and aligned to whatever a driver may ask for.
_VIRTUAL = 0xFFFF_A000_0000_0000
_PHYSICAL = 0x10_0000_0000


@dataclass(frozen=True, slots=True)
class ArenaStatistics:
    """The state of an arena at one moment.

    :ivar size: bytes in all
    :ivar used: bytes in blocks that are out
    :ivar blocks: how many these are
    :ivar max_used: the highest number of bytes ever out at once
    """

    size: int
    used: int
    blocks: int
    max_used: int


@dataclass(frozen=True, slots=True)
class ArenaState:
    """What an arena held when it was saved.

    :ivar size: its size in bytes
    :ivar blocks: offset and content of each block, in order
    :ivar max_used: as in its statistics
    """

    size: int
    blocks: tuple[tuple[int, bytes], ...]
    max_used: int


class Arena:
    """A memory provider over one mapping.

    :param size: bytes in all
    :param name: for messages
    """

    __slots__ = ("_blocks", "_mapping", "_max_used", "_used", "_vacant", "name")

    def __init__(self, size: int, *, name: str = "arena") -> None:
        check_integer("size", size, 1)
        check_instance("name", name, str)
        self.name = name
        self._mapping = memoryview(bytearray(size))
        self._blocks: dict[int, int] = {}
        self._vacant = [(0, size)]
        self._used = 0
        self._max_used = 0

    def __repr__(self) -> str:
        return f"<Arena {self.name!r} {self._used} of {len(self._mapping)} bytes used in {len(self._blocks)} blocks>"

    def statistics(self) -> ArenaStatistics:
        """The state of the arena now, in O(1). IRQL: any."""
        return ArenaStatistics(len(self._mapping), self._used, len(self._blocks), self._max_used)

    def allocate(self, length: int, *, alignment: int = 16) -> Block:
        """Take ``length`` zeroed bytes; see ``MemoryProvider``. IRQL: any.

        :param length: in bytes; a block of none still has an address of its own
        :param alignment: a power of two, of which both addresses are multiples
        :raises NdisError: RESOURCES, when no vacant piece is large enough
        """
        check_integer("length", length)
        check_integer("alignment", alignment, 1)
        if alignment & (alignment - 1):
            raise ValueError(f"alignment is a power of two, not {alignment}")
        taken = max(length, 1)
        for place, (start, stop) in enumerate(self._vacant):
            offset = -(-start // alignment) * alignment
            if offset + taken <= stop:
                rest = [(start, offset), (offset + taken, stop)]
                self._vacant[place : place + 1] = [piece for piece in rest if piece[0] < piece[1]]
                self._book(offset, length)
                self._mapping[offset : offset + length] = bytes(length)
                return self._block(offset, length)
        raise NdisError(f"{self!r} has no room for {length} bytes; free some, or make it larger", NdisStatus.RESOURCES)

    def free(self, block: Block) -> None:
        """Take a block back, all of it. IRQL: any.

        :raises RuleViolation: POOL-18 when it is not out: freed before, of another provider, or a part of a block
        """
        check_instance("what an arena takes back", block, Block)
        start = block.address - _VIRTUAL
        if self._blocks.get(start) != len(block):
            raise RuleViolation(
                "POOL-18",
                f"{block!r} is freed to {self!r}, which has no such block out; free whole blocks, once",
                block,
            )
        del self._blocks[start]
        self._used -= len(block)
        self._vacate(start, start + max(len(block), 1))

    def save(self) -> ArenaState:
        """What the arena holds now. IRQL: any."""
        blocks = tuple((offset, bytes(self._mapping[offset : offset + length])) for offset, length in self._in_order())
        return ArenaState(len(self._mapping), blocks, self._max_used)

    def restore(self, state: ArenaState) -> None:
        """Hold what a saved state held: its blocks are out again where they were, those taken since are not. IRQL: any.

        :param state: of this arena, or of one of the same size
        :raises ValueError: when the size differs
        """
        check_instance("state", state, ArenaState)
        if state.size != len(self._mapping):
            raise ValueError(f"{self!r} cannot hold a state of {state.size} bytes")
        self._blocks.clear()
        self._used = 0
        vacant_from = 0
        self._vacant.clear()
        for offset, content in state.blocks:
            self._vacate(vacant_from, offset)
            self._book(offset, len(content))
            self._mapping[offset : offset + len(content)] = content
            vacant_from = offset + max(len(content), 1)
        self._vacate(vacant_from, state.size)
        self._max_used = state.max_used

    def _in_order(self) -> list[tuple[int, int]]:
        return sorted(self._blocks.items())

    def _book(self, offset: int, length: int) -> None:
        self._blocks[offset] = length
        self._used += length
        self._max_used = max(self._max_used, self._used)

    def _block(self, offset: int, length: int) -> Block:
        return Block(self._mapping[offset : offset + length], _VIRTUAL + offset, _PHYSICAL + offset)

    def _vacate(self, start: int, stop: int) -> None:
        """Let a piece be vacant, as one with its vacant neighbours."""
        if start == stop:
            return
        place = bisect_left(self._vacant, (start, stop))
        if place < len(self._vacant) and self._vacant[place][0] == stop:
            stop = self._vacant.pop(place)[1]
        if place and self._vacant[place - 1][1] == start:
            place -= 1
            start = self._vacant.pop(place)[0]
        self._vacant.insert(place, (start, stop))
