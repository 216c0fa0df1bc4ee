"""Where bytes come from: blocks with a virtual and a physical address.

A driver mostly describes plain ``bytes`` and ``bytearray``s, which have no address. Memory of the model itself (tagged
memory, shared memory) comes from a provider as blocks that do: page crossing, alignment and DMA are then real
questions. Physical is never equal to virtual, so that mixing them up shows. Addresses are handed out in order and
never reused, the same in every run.
"""

from typing import Protocol

from asyncndis.base import check_instance, check_integer

__all__ = ["PAGE_SIZE", "Block", "HeapProvider", "MemoryProvider", "default_provider"]

PAGE_SIZE = 4096
_FIRST_VIRTUAL = 0xFFFF_8000_0000_0000
_FIRST_PHYSICAL = 0x1_0000_0000


class Block:
    """Contiguous bytes with addresses; slicing gives a block over a part of the same bytes.

    :ivar view: the bytes, writable
    :ivar address: virtual address of the first byte
    :ivar physical_address: address of the first byte as a device sees it
    """

    __slots__ = ("address", "physical_address", "view")

    def __init__(self, view: memoryview, address: int, physical_address: int) -> None:
        self.view = view
        self.address = address
        self.physical_address = physical_address

    def __len__(self) -> int:
        return len(self.view)

    def __getitem__(self, part: slice) -> "Block":
        check_instance("the index of a block", part, slice)
        start, stop, step = part.indices(len(self.view))
        if step != 1:
            raise ValueError("a block is sliced without a step: its parts are contiguous")
        return Block(self.view[start : max(start, stop)], self.address + start, self.physical_address + start)

    def __repr__(self) -> str:
        return f"<Block of {len(self)} bytes at {self.address:#x}, physical {self.physical_address:#x}>"


class MemoryProvider(Protocol):
    """Gives out memory and takes it back."""

    def allocate(self, length: int, *, alignment: int = 16) -> Block:
        """``length`` zeroed bytes; both addresses are multiples of ``alignment``, a power of two.

        :raises NdisError: RESOURCES, when there is no room
        """
        ...

    def free(self, block: Block) -> None:
        """Take a block back."""
        ...


class HeapProvider:
    """Plain allocation: every block is a ``bytearray`` of its own, with addresses from a counter."""

    def __init__(self) -> None:
        self._next = 0

    def allocate(self, length: int, *, alignment: int = 16) -> Block:
        """See :class:`MemoryProvider`; never out of room before Python is."""
        check_integer("length", length)
        check_integer("alignment", alignment, 1)
        if alignment & (alignment - 1):
            raise ValueError(f"alignment is a power of two, not {alignment}")
        offset = -(-self._next // alignment) * alignment
        self._next = offset + max(length, 1)
        return Block(memoryview(bytearray(length)), _FIRST_VIRTUAL + offset, _FIRST_PHYSICAL + offset)

    def free(self, block: Block) -> None:
        """Nothing to do: the bytes go with the last view of them."""


default_provider = HeapProvider()
