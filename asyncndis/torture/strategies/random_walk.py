"""The uniform random walk: each choice is equally likely. Its tape is the bytes of one hash.

It costs least per schedule and finds whatever is not rare. For how it compares with others see Thomson, Donaldson and
Betts, "Concurrency testing using controlled schedulers: an empirical study", ACM TOPC 2016.
"""

from collections.abc import Callable, Iterator
from hashlib import blake2b
from itertools import chain, count

from asyncndis.torture.points import Point

from .base import Strategy

__all__ = ["RandomWalk", "byte_stream", "number_below", "pick", "random_bytes"]


def byte_stream(seed: int, number: int) -> Iterator[int]:
    """Bytes without end that depend on nothing but a seed and the number of a schedule.

    :param seed: the seed of the search
    :param number: the number of the schedule
    """
    return chain.from_iterable(_blocks(seed, number))


def random_bytes(seed: int, number: int) -> Callable[[], int]:
    """The same as a function that gives the next byte."""
    return byte_stream(seed, number).__next__


def _blocks(seed: int, number: int) -> Iterator[bytes]:
    yield blake2b(b"%d %d" % (seed, number)).digest()
    for block in count(1):
        yield blake2b(b"%d %d %d" % (seed, number, block)).digest()


def pick(draw: Callable[[], int], options: int) -> int:
    """One of ``options`` answers, from a byte, or from two where a byte is too small."""
    if options > 256:
        return (draw() << 8 | draw()) % options
    return draw() % options


def number_below(draw: Callable[[], int], bound: int) -> int:
    """A number from 0 to ``bound - 1``, from three bytes.

    :param draw: gives the next random byte
    :param bound: at most 2 ** 24
    """
    return (draw() << 16 | draw() << 8 | draw()) % bound


class RandomWalk(Strategy):
    """Chooses uniformly."""

    name = "random"

    def begin(self, number: int) -> bool:
        """Make the bytes of this schedule."""
        self.source = byte_stream(self.seed, number)
        return True

    def choose(self, point: Point) -> int:
        """The next byte decides."""
        assert self.source is not None
        return pick(self.source.__next__, point.options)
