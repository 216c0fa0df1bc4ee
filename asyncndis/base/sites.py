"""Call sites: the line of a driver that made a call.

A report is worth little without the two lines that disagree. A site is the innermost frame that is neither of this
package nor of the machinery that calls go through (the standard library, the event loops); shipped drivers and those of
scenarios count as drivers, so that a fault of theirs is shown in them. Looking is done only when a report is made or
when somebody asked for tracking, since walking frames costs more than an allocation; what a place is called is found
out once.
"""

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, FrameType

from .checks import check_instance, check_integer

__all__ = ["Site", "caller_site", "is_called_by_driver", "is_driver_code"]

_PACKAGE = str(Path(__file__).resolve().parent.parent) + os.sep
_DRIVERS = tuple(_PACKAGE + str(Path(folder)) + os.sep for folder in ("drivers", "testing/scenarios"))
_DESCRIPTORS = tuple(_PACKAGE + floor + os.sep for floor in ("base", "kernel", "memory", "ddi", "verifier"))
_STANDARD_LIBRARY = str(Path(os.__file__).parent) + os.sep
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_MACHINERY = frozenset({"anyio", "outcome", "trio", "uvloop"})
_MOST_SKIPPED = 4
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
        check_instance("a frame", frame, FrameType)
        return cls(frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname)


@cache
def is_driver_code(file: str) -> bool:
    """Whether a source file counts as a driver's: neither of this package, but for its own drivers, nor machinery."""
    check_instance("a source file's name", file, str)
    if file.startswith(_PACKAGE):
        return file.startswith(_DRIVERS)
    for folder in _INSTALLED:
        _, found, inside = file.partition(folder)
        if found:
            return inside.partition(os.sep)[0] not in _MACHINERY
    return not file.startswith((_STANDARD_LIBRARY, "<frozen "))


_verdicts: dict[str, bool] = {}  # of is_driver_code: a look takes a third of the call


def caller_site(skipping: int = 0) -> Site:
    """The innermost frame of the current call that is driver code.

    :param skipping: so many callers are known not to be
    """
    if skipping != 0:
        check_integer("skipping", skipping, 0, _MOST_SKIPPED)
    frame: FrameType | None = sys._getframe(1 + skipping)
    last = frame
    while frame is not None:
        file = frame.f_code.co_filename
        is_driver = _verdicts.get(file)
        if is_driver is None:
            is_driver = _verdicts[file] = is_driver_code(file)
        if is_driver:
            return _site_of(frame)
        last, frame = frame, frame.f_back
    assert last is not None
    return _site_of(last)


def is_called_by_driver() -> bool:
    """Whether a driver makes the current call to a descriptor itself, and not NDIS while it works for one."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_DESCRIPTORS):
        frame = frame.f_back
    return frame is not None and is_driver_code(frame.f_code.co_filename)


_known: dict[tuple[int, int], tuple[CodeType, Site]] = {}  # by the code's identity, which the code kept here preserves


def _site_of(frame: FrameType) -> Site:
    place = id(frame.f_code), frame.f_lasti
    known = _known.get(place)
    if known is None:
        known = _known[place] = frame.f_code, Site.of_frame(frame)
    return known[1]
