"""Zeroing, moving, filling and comparing memory.

Source: the pages of NdisZeroMemory, NdisMoveMemory, NdisFillMemory and NdisEqualMemory. IRQL: any. Memory is a
``bytearray``, a ``memoryview`` or a block; a length beyond its end is refused here, where C would overrun.
"""

from asyncndis.base import check_integer

from .buffer import Memory, described
from .provider import Block

__all__ = ["equal_memory", "fill_memory", "move_memory", "zero_memory"]


def zero_memory(destination: Memory, length: int | None = None) -> None:
    """Set bytes to zero (NdisZeroMemory).

    :param destination: what is written
    :param length: how many bytes from its start; None for all
    """
    fill_memory(destination, length, 0)


def fill_memory(destination: Memory, length: int | None, fill: int) -> None:
    """Set bytes to a value (NdisFillMemory).

    :param destination: what is written
    :param length: how many bytes from its start; None for all
    :param fill: the value, from 0 to 255
    """
    check_integer("fill", fill, 0, 0xFF)
    view = _writable(destination, length)
    view[:] = bytes([fill]) * len(view)


def move_memory(destination: Memory, source: Memory, length: int | None = None) -> None:
    """Copy bytes, also where the two overlap (NdisMoveMemory).

    :param destination: what is written
    :param source: what is read
    :param length: how many bytes from the start of both; None for all of the source
    """
    taken = _view(source, length)
    _writable(destination, len(taken))[:] = taken


def equal_memory(first: Memory, second: Memory, length: int) -> bool:
    """Whether bytes are the same (NdisEqualMemory).

    :param first: one memory
    :param second: another
    :param length: how many bytes from the start of both
    """
    return _view(first, length) == _view(second, length)


def _view(memory: Memory, length: int | None) -> memoryview:
    memory = described(memory, length)
    return memory.view if isinstance(memory, Block) else memoryview(memory)


def _writable(memory: Memory, length: int | None) -> memoryview:
    view = _view(memory, length)
    if view.readonly:
        raise TypeError(f"{type(memory).__name__} cannot be written; use a bytearray or a block")
    return view
