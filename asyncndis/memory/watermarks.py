"""What a pool is made with: watermarks, where it tells its driver to stop and to go on; and the check of it all."""

from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from asyncndis.base import Profile, check_instance, check_integer

if TYPE_CHECKING:
    from .pool import DescriptorPool

__all__ = ["Watermarks", "check_pool"]


@dataclass(frozen=True, slots=True)
class Watermarks:
    """Two marks of a pool and what to call there, as a driver stops and restarts its peer.

    :ivar high: ``on_high`` is called when so many descriptors are out
    :ivar low: ``on_low`` is called when, after that, no more than so many are out
    :ivar on_high: a plain function, called with the pool
    :ivar on_low: a plain function, called with the pool
    """

    low: int
    high: int
    on_low: "Callable[[DescriptorPool[Any]], object] | None" = None
    on_high: "Callable[[DescriptorPool[Any]], object] | None" = None

    def __post_init__(self) -> None:
        check_integer("a low watermark", self.low)
        check_integer("a high watermark", self.high)
        for callback in (self.on_low, self.on_high):
            if callback is not None and not callable(callback):
                raise TypeError(f"what a watermark calls is a function, not {type(callback).__name__}")
        if self.low >= self.high:
            raise ValueError(f"watermarks need 0 <= low < high, not low={self.low} and high={self.high}")


def check_pool(
    name: str,
    profile: Profile,
    count: int,
    reserve: int,
    watermarks: Watermarks | None,
    starvation_seconds: float,
) -> None:
    """Refuse what no pool can be made with.

    :raises TypeError, ValueError: naming the argument
    """
    check_integer("count", count)
    check_integer("reserve", reserve, 0, count)
    check_instance("name", name, str)
    check_instance("profile", profile, Profile)
    if watermarks is not None:
        check_instance("watermarks", watermarks, Watermarks)
        if watermarks.high > count:
            raise ValueError(f"the high watermark {watermarks.high} can never be reached with {count} descriptors")
    check_instance("starvation_seconds", starvation_seconds, Real)
    if not starvation_seconds > 0:
        raise ValueError(f"starvation_seconds is a positive number of seconds, not {starvation_seconds!r}")
