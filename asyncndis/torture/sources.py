"""Tells the program's own source from that of libraries, and reads its lines.

Python's library and what is installed in ``site-packages`` are foreign, and so are the floors of asyncndis; the shipped
drivers and scenarios read like a user's and count as the program.
"""

import linecache
import sysconfig
from functools import lru_cache
from pathlib import Path

__all__ = ["is_program", "short_place", "text_of"]

_ASYNCNDIS = f"{Path(__file__).parents[1]}/"
_SHIPPED = (f"{_ASYNCNDIS}drivers/", f"{_ASYNCNDIS}testing/scenarios/")
_LIBRARY = f"{sysconfig.get_path('stdlib')}/"


@lru_cache(maxsize=4096)
def is_program(filename: str) -> bool:
    """Whether a file is the program's, not a library's.

    :param filename: as code objects have it
    """
    if filename.startswith(_SHIPPED):
        return True
    return not filename.startswith((_ASYNCNDIS, _LIBRARY, "<string>", "<frozen")) and "/site-packages/" not in filename


def text_of(filename: str, number: int) -> str:
    """A line of source without the blanks around it; empty if it cannot be read.

    :param filename: the file
    :param number: the line's number, from 1
    """
    return linecache.getline(filename, number).strip()


def short_place(filename: str, number: int) -> str:
    """A place as ``file:line``, without the folders."""
    return f"{Path(filename).name}:{number}"
