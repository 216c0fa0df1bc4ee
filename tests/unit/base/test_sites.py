"""A call site is the innermost line that is a driver's."""

from collections.abc import Callable
from pathlib import Path

import pytest

import asyncndis
from asyncndis.base import Site, caller_site, is_driver_code

PACKAGE = Path(asyncndis.__file__).parent


def call_from(file: Path, function: str) -> Callable[[Callable[[], Site]], Site]:
    """A function that calls what it is given, as if it stood in ``file``."""
    namespace: dict[str, Callable[[Callable[[], Site]], Site]] = {}
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
    site = caller_site()
    assert site.function == "<module>" or site.file != __file__


@pytest.mark.parametrize(
    ("file", "is_driver"),
    [
        (PACKAGE / "memory" / "pool.py", False),
        (PACKAGE / "__init__.py", False),
        (PACKAGE / "drivers" / "port.py", True),
        (PACKAGE.parent / "asyncndis_driver.py", True),
        (Path("/far/driver.py"), True),
        (Path("<string>"), True),
    ],
)
def test_driver_code(file: Path, *, is_driver: bool) -> None:
    assert is_driver_code(str(file)) is is_driver


def test_a_near_file_is_shown_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(Site(str(tmp_path / "drivers" / "port.py"), 7, "send")) == "drivers/port.py:7 in send"


def test_a_far_file_is_shown_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(Site("/far/port.py", 7, "send")) == "/far/port.py:7 in send"
