"""Numbers as people read them: with units, and no more digits than mean something."""

__all__ = ["bits_per_second", "duration", "of", "per_second", "plural"]

_STEPS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
_PREFIXES = ((1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s"))


def of(part: int, whole: int) -> str:
    """A part of something: ``12 of 64``."""
    return f"{part:,} of {whole:,}"


def plural(number: int, what: str) -> str:
    """A number of things: ``1 timer``, ``2 timers``."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """A time: ``1.2 ms``."""
    for step, unit in _STEPS:
        if seconds >= step:
            return f"{seconds / step:.3g} {unit}"
    return "0 s" if not seconds else "< 1 µs"


def per_second(rate: float | None) -> str:
    """How often; nothing where that is not known yet."""
    if rate is None:
        return ""
    return f"{rate:,.0f}" if rate >= 10 or not rate else f"{rate:.1f}"


def bits_per_second(rate: float | None) -> str:
    """How fast; nothing where that is not known yet."""
    if rate is None:
        return ""
    for step, unit in _PREFIXES:
        if rate >= step:
            return f"{rate / step:.3g} {unit}"
    return f"{rate:.0f} bit/s"
