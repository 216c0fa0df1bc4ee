"""What is true of a pool, a stack and a wire that have come to rest, and of a block that has left nothing behind.

Each check raises ``AssertionError`` with the numbers that do not fit. Descriptors are conserved: all are free, out or
in the hand of a waiter. Frames are conserved: those that entered a wire, and those it doubled, are all accounted for.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from anyio import get_running_tasks

from asyncndis.base import Probe, Site, caller_site, observe

if TYPE_CHECKING:
    from asyncndis.memory import BufferPool, PacketPool
    from asyncndis.ndis import FramePool, Stack
    from asyncndis.nic import Wire

    AnyPool = BufferPool | PacketPool | FramePool

__all__ = ["CheckFailed", "assert_frames_conserved", "assert_pool_at_rest", "assert_stack_at_rest", "no_leaks"]

_TAKES = {
    "NdisAllocateBufferPool": "NdisFreeBufferPool",
    "NdisAllocatePacketPool": "NdisFreePacketPool",
    "NdisAllocatePacketPoolEx": "NdisFreePacketPool",
    "NdisMAllocateMapRegisters": "NdisMFreeMapRegisters",
    "NdisMRegisterInterrupt": "NdisMDeregisterInterrupt",
}


class CheckFailed(AssertionError):
    """A scenario has seen something else than it wanted, in an environment that it takes to refuse nothing."""


def assert_pool_at_rest(pool: "AnyPool") -> None:
    """No descriptor of a pool is out, in hand or waited for. IRQL: any.

    :param pool: closed or open
    :raises AssertionError: when one is
    """
    seen = pool.statistics()
    if pool.closed or (seen.free, seen.outstanding, seen.in_hand, seen.waiting) == (seen.capacity, 0, 0, 0):
        return
    raise AssertionError(f"{pool!r} is not at rest: {seen}")


def assert_stack_at_rest(stack: "Stack") -> None:
    """Nothing is in flight, lent or asked for, and every packet that was sent has come back. IRQL: any.

    :param stack: an open stack
    :raises AssertionError: when something is out
    """
    for adapter in stack.adapters:
        if not adapter.is_at_rest:
            raise AssertionError(f"{adapter!r} is not at rest: {adapter.statistics()}")
    for binding in stack.bindings:
        if not binding.is_open:
            continue
        seen = binding.statistics()
        if seen.sends or seen.lent or seen.requests:
            raise AssertionError(f"{binding!r} is not at rest: {seen}")
        assert_pool_at_rest(binding.frames)


def assert_frames_conserved(wire: "Wire") -> None:
    """Every frame that a wire was given was delivered, refused, lost or dropped, or is on its way. IRQL: any.

    :param wire: with any number of devices
    :raises AssertionError: when one is not accounted for
    """
    paths = wire.statistics().paths
    out = paths.delivered + paths.refused + paths.lost + paths.overflowed + paths.on_the_way
    if paths.entered + paths.duplicated != out:
        raise AssertionError(f"{wire!r} has lost count of {paths.entered + paths.duplicated - out} frames: {paths}")


@contextmanager
def no_leaks() -> Generator[None]:
    """A block that ends with no more tasks than it began with, and has given back every pool and all hardware.

    What it made is watched through the probe, so objects from before the block are not its affair. IRQL: PASSIVE.

    :raises AssertionError: when the block ends and has left something behind; it names what, and where it was taken
    """
    before = {task.id for task in get_running_tasks()}
    books = _Books()
    with observe(books):
        yield
    left = [f"{thing!r}, taken at {site}" for thing, site in books.taken.items()]
    left += [f"task {task.name!r}" for task in get_running_tasks() if task.id not in before]
    if left:
        raise AssertionError(f"left behind: {'; '.join(left)}")


class _Books(Probe):
    """Enters what is taken, and strikes out what is given back."""

    def __init__(self) -> None:
        self.taken: dict[object, Site] = {}

    def after(self, operation: str, subject: object, *arguments: object) -> None:
        """Look whether it takes or gives something."""
        if operation in _TAKES:
            self.taken[subject] = caller_site()
        elif operation in _GIVES:
            self.taken.pop(subject, None)


_GIVES = frozenset(_TAKES.values())
