"""A token bucket: how long a frame must wait so that a rate is kept, in exact integers.

Rules: over any interval, the bytes taken are at most the burst and what the rate gives in that time; nothing is ever
owed, so that a frame longer than the burst can never pass. Tokens are counted in units of 10**-7 bit: in 100 ns, a rate
of n bits per second brings n of them, and a byte takes 8 * 10**7.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from asyncndis.base import check_integer
from asyncndis.kernel import Clock, current_clock
from asyncndis.kernel.clock import SECOND

from .ageing import check_clock

__all__ = ["TokenBucket", "TokenBucketStatistics", "parse_rate"]

_RATE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([kmgt]?)bit(?:/s)?", re.IGNORECASE)
_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_RATE_MAX = 10**15
_BYTE = 8 * SECOND


def parse_rate(rate: str | int) -> int:
    """The bits per second that a rate means. IRQL: any.

    >>> parse_rate("10Mbit"), parse_rate("1.5 Gbit"), parse_rate("64kbit/s")
    (10000000, 1500000000, 64000)

    :param rate: a number and its unit: bit, kbit, Mbit, Gbit or Tbit, in powers of 1000 and in any case; or bits per
        second as an integer
    :raises TypeError: when it is neither
    :raises ValueError: when the unit is another, or it is no whole number of bits, from 1 to 10**15
    """
    if isinstance(rate, str):
        match = _RATE.fullmatch(rate.strip())
        if match is None:
            raise ValueError(f"a rate is a number and a unit in bits, as '10Mbit' or '64 kbit', not {rate!r}")
        bits = Fraction(match[1]) * _FACTORS[match[2].lower()]
        if bits.denominator != 1:
            raise ValueError(f"a rate is a whole number of bits per second, not {rate!r}")
        rate = bits.numerator
    check_integer("a rate", rate, 1, _RATE_MAX)
    return rate


@dataclass(frozen=True, slots=True)
class TokenBucketStatistics:
    """The state of a bucket at one moment.

    :ivar available: bytes that may be taken now
    :ivar taken: bytes taken so far
    :ivar frames: how often some were taken
    :ivar refused: how often there were too few
    """

    available: int
    taken: int
    frames: int
    refused: int


class TokenBucket:
    """Tokens for bytes, which come at a rate and are saved up to a burst; at the start it is full.

    :param rate: bits per second
    :param burst: bytes that may pass at once after a silence; the longest frame at least
    :param clock: tells the time; by default the current one
    """

    __slots__ = ("_burst", "_clock", "_frames", "_level", "_rate", "_refused", "_taken", "_told_at")

    def __init__(self, rate: int, burst: int, clock: Clock | None = None) -> None:
        check_integer("rate", rate, 1, _RATE_MAX)
        check_integer("burst", burst, 1)
        self._rate = rate
        self._burst = burst
        self._clock = current_clock() if clock is None else clock
        check_clock(self._clock)
        self._told_at = self._clock.now()
        self._level = burst * _BYTE
        self._taken = 0
        self._frames = 0
        self._refused = 0

    def __repr__(self) -> str:
        return f"<TokenBucket {self._rate} bit/s, {self._fill() // _BYTE} of {self._burst} bytes available>"

    def statistics(self) -> TokenBucketStatistics:
        """The state of it now. IRQL: any."""
        return TokenBucketStatistics(self._fill() // _BYTE, self._taken, self._frames, self._refused)

    def delay_for(self, length: int) -> int:
        """How long a frame must wait, in units of 100 ns; 0 where it may pass now. IRQL: any.

        :param length: of the frame, in bytes
        :raises ValueError: when it is longer than the burst, so that it can never pass
        """
        missing = self._needed(length) - self._fill()
        return max(0, -(-missing // self._rate))

    def take(self, length: int) -> bool:
        """Let a frame pass, if it may pass now. IRQL: any.

        :param length: of the frame, in bytes
        :returns: whether it may; if not, nothing was taken
        :raises ValueError: when it is longer than the burst, so that it can never pass
        """
        needed = self._needed(length)
        if needed > self._fill():
            self._refused += 1
            return False
        self._level -= needed
        self._taken += length
        self._frames += 1
        return True

    def _needed(self, length: int) -> int:
        check_integer("length", length)
        if length > self._burst:
            raise ValueError(f"a frame of {length} bytes can never pass a burst of {self._burst}; allow a longer one")
        return length * _BYTE

    def _fill(self) -> int:
        """Let in what has come since this was last done, and tell the level."""
        now = self._clock.now()
        self._level = min(self._burst * _BYTE, self._level + (now - self._told_at) * self._rate)
        self._told_at = now
        return self._level
