"""Whose source a file is."""

import asyncio
import linecache
from pathlib import Path

import anyio
import pytest

import asyncndis
from asyncndis.torture.sources import is_program, short_place, text_of

PACKAGE = Path(asyncndis.__file__).parent


@pytest.mark.parametrize(
    ("filename", "is_it"),
    [
        (__file__, True),
        (str(PACKAGE / "drivers" / "bridge.py"), True),
        (str(PACKAGE / "testing" / "scenarios" / "traffic.py"), True),
        (str(PACKAGE / "testing" / "checks.py"), False),
        (str(PACKAGE / "torture" / "loop.py"), False),
        (asyncio.__file__, False),
        (anyio.__file__, False),
        ("<string>", False),
        ("<frozen importlib._bootstrap>", False),
    ],
)
def test_what_is_a_library_is_not_the_program(filename: str, *, is_it: bool) -> None:
    assert is_program(filename) is is_it


def test_a_line_is_shown_without_blanks_and_folders(tmp_path: Path) -> None:
    path = tmp_path / "some.py"
    path.write_text("if x:\n    y = 1  \n")
    linecache.checkcache(str(path))
    assert text_of(str(path), 2) == "y = 1"
    assert text_of(str(path), 9) == ""
    assert text_of(str(tmp_path / "none.py"), 1) == ""
    assert short_place(str(path), 2) == "some.py:2"
