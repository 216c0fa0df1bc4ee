"""Call sites: the line of a driver that made a call.

A report is worth little without the two lines that disagree. A site is the innermost frame outside this package;
shipped drivers count as drivers, so that a fault of theirs is shown in them. Looking is done only when a report
is made or when somebody asked for tracking: walking frames costs more than an allocation.
"""

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import FrameType

__all__ = ["Site", "caller_site", "is_driver_code"]

_PACKAGE = str(Path(__file__).resolve().parent.parent) + os.sep
_DRIVERS = _PACKAGE + "drivers" + os.sep
_start = ""  # where the program started; asked once, since asking the system has no place in a loop
with suppress(OSError):
    _start = str(Path.cwd()) + os.sep


@dataclass(frozen=True, slots=True)
class Site:
    """A line of code: where something was done."""

    file: str
    line: int
    function: str

    def __str__(self) -> str:
        return f"{self.file.removeprefix(_start)}:{self.line} in {self.function}"

    @classmethod
    def of_frame(cls, frame: FrameType) -> "Site":
        """The line that ``frame`` is executing now."""
        return cls(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname)


@cache
def is_driver_code(file: str) -> bool:
    """Whether a source file counts as a driver's: everything but this package, whose own drivers count too."""
    return not file.startswith(_PACKAGE) or file.startswith(_DRIVERS)


def caller_site() -> Site:
    """The innermost frame of the current call that is driver code."""
    frame: FrameType | None = sys._getframe(1)
    last = frame
    while frame is not None:
        if is_driver_code(frame.f_code.co_filename):
            return Site.of_frame(frame)
        last, frame = frame, frame.f_back
    assert last is not None
    return Site.of_frame(last)
