"""A call site is the innermost line that is a driver's."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

import asyncndis
from asyncndis.base import Site, caller_site, is_called_by_driver, is_driver_code

T = TypeVar("T")

PACKAGE = Path(asyncndis.__file__).parent


def call_from(file: Path, function: str) -> Callable[[Callable[[], T]], T]:
    """A function that calls what it is given, as if it stood in ``file``."""
    namespace: dict[str, Callable[[Callable[[], T]], T]] = {}
    exec(compile(f"def {function}(call):\n    return call()", str(file), "exec"), namespace)
    return namespace[function]


def test_the_site_of_a_call_is_this_line() -> None:
    site = caller_site()
    assert (site.file, site.function) == (__file__, "test_the_site_of_a_call_is_this_line")
    assert Path(site.file).read_text().splitlines()[site.line - 1] == "    site = caller_site()"


def test_frames_of_the_package_are_left_out() -> None:
    site = call_from(PACKAGE / "memory" / "pool.py", "allocate")(caller_site)
    assert (site.file, site.function) == (__file__, "test_frames_of_the_package_are_left_out")


def test_shipped_drivers_are_drivers() -> None:
    driver = PACKAGE / "drivers" / "port.py"
    site = call_from(driver, "send")(lambda: call_from(PACKAGE / "kernel" / "host.py", "wake")(caller_site))
    assert site.file == __file__  # the lambda's line
    site = call_from(driver, "send")(caller_site)
    assert (site.file, site.function) == (str(driver), "send")


def test_without_a_driver_the_outermost_frame_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody_is_a_driver(_file: str) -> bool:
        return False

    monkeypatch.setattr("asyncndis.base.sites.is_driver_code", nobody_is_a_driver)
    monkeypatch.setattr("asyncndis.base.sites._verdicts", {})
    site = caller_site()
    assert site.function == "<module>" or site.file != __file__


@pytest.mark.parametrize(
    ("file", "is_driver"),
    [
        (PACKAGE / "memory" / "pool.py", False),
        (PACKAGE / "__init__.py", False),
        (PACKAGE / "drivers" / "port.py", True),
        (PACKAGE / "testing" / "scenarios" / "life.py", True),
        (PACKAGE / "testing" / "computers.py", False),
        (PACKAGE.parent / "asyncndis_driver.py", True),
        (Path("/far/driver.py"), True),
        (Path("<string>"), True),
        (Path("<frozen importlib._bootstrap>"), False),
        (Path(os.__file__).parent / "contextlib.py", False),
        (Path(os.__file__).parent / "site-packages" / "anyio" / "_core" / "_tasks.py", False),
        (Path(os.__file__).parent / "site-packages" / "their_driver" / "port.py", True),
    ],
)
def test_driver_code(file: Path, *, is_driver: bool) -> None:
    assert is_driver_code(str(file)) is is_driver


def shown_from(start: Path, file: Path) -> str:
    """A site as a program shows it that started in ``start``."""
    code = f"from asyncndis.base import Site\nprint(Site({str(file)!r}, 7, 'send'))"
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=start, env=environment, capture_output=True, text=True, check=True).stdout


def test_a_near_file_is_shown_from_where_the_program_started(tmp_path: Path) -> None:
    assert shown_from(tmp_path, tmp_path / "drivers" / "port.py") == "drivers/port.py:7 in send\n"


def test_a_far_file_is_shown_in_full(tmp_path: Path) -> None:
    assert shown_from(tmp_path, Path("/far/port.py")) == "/far/port.py:7 in send\n"


def test_a_program_may_start_nowhere(tmp_path: Path) -> None:
    code = f"import os\nos.rmdir({str(tmp_path)!r})\nfrom asyncndis.base import caller_site\nprint(caller_site())"
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "<string>:4 in <module>\n"


def test_who_calls_a_descriptor() -> None:
    def ask() -> bool:
        return call_from(PACKAGE / "memory" / "packet.py", "read")(is_called_by_driver)

    assert ask()
    assert call_from(PACKAGE / "drivers" / "port.py", "send")(ask)
    by_ndis = call_from(PACKAGE / "memory" / "packet.py", "read")
    namespace: dict[str, Callable[[], bool]] = {"read": lambda: by_ndis(is_called_by_driver)}
    exec(compile("def indicate():\n    return through(ask)", str(PACKAGE / "ndis" / "receiving.py"), "exec"), {
        "through": by_ndis, "ask": is_called_by_driver,
    }, namespace)  # fmt: skip
    assert not namespace["indicate"]()


def test_callers_that_are_known_are_skipped() -> None:
    def ask() -> Site:
        return caller_site(skipping=1)

    site = ask()
    assert site.function == "test_callers_that_are_known_are_skipped"
    with pytest.raises(ValueError, match="skipping is from 0"):
        caller_site(skipping=-1)
