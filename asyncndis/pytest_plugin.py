"""The pytest face of asyncndis: options for ``@torture``, earlier failures first, and a line in the report's head.

Nothing but pytest is imported when pytest loads this, and tests without ``@torture`` are not touched. A value is taken
from the command line, else from the environment (``ASYNCNDIS_SCHEDULES``), else from the decorator, else from the ini
file (``asyncndis_schedules``) or ``[tool.asyncndis]`` of pyproject.toml.
"""

import os
import shlex
from collections.abc import Callable, Generator
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pytest

__all__ = ["pytest_addoption", "pytest_pyfunc_call", "pytest_report_header"]

LOOPS = ("uvloop", "trio")
SETTINGS: dict[str, tuple[Callable[[str], Any], str]] = {
    "schedules": (int, "how many schedules each @torture test runs"),
    "seed": (int, "the seed of everything random"),
    "jobs": (int, "how many processes search"),
    "strategy": (str, "the strategy: auto, random, pct, pos, surw, dfs or dpor"),
}
FAILURES_KEPT = 5


def pytest_report_header() -> str:
    """Name this version and the event loops that can run here.

    :returns: such as ``asyncndis: 0.1.0, loops: asyncio, uvloop 0.22.1, trio 0.32.0``
    """
    loops = ["asyncio", *(f"{name} {found}" for name in LOOPS if (found := _version_of(name)))]
    return f"asyncndis: {_version_of('asyncndis')}, loops: {', '.join(loops)}"


def _version_of(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of ``@torture``, and ini keys of the same names."""
    group = parser.getgroup("asyncndis", "torture with asyncndis")
    for name, (kind, meaning) in SETTINGS.items():
        group.addoption(f"--asyncndis-{name}", type=kind, default=None, metavar=name.upper(), help=meaning)
        parser.addini(f"asyncndis_{name}", meaning, default=None)
    group.addoption(
        "--asyncndis-replay", default=None, metavar="LINE", help="replay this line of a report instead of searching"
    )


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """Give a tortured test its settings."""
    if not _is_tortured(pyfuncitem.obj):
        return (yield)
    from asyncndis.torture.decorating import settings_in_force
    from asyncndis.torture.replaystring import StaleReplay

    lines: list[str] = []
    with settings_in_force(_settings_of(pyfuncitem, lines.append)):
        try:
            return (yield)
        except StaleReplay as stale:
            if pyfuncitem.config.getoption("--asyncndis-replay") is None:
                raise
            pytest.skip(str(stale))
        finally:
            if lines:  # with hypothesis there may be many: the last is of the simplest example
                how = f"pytest {shlex.quote(pyfuncitem.nodeid)} --asyncndis-replay={lines[-1]}"
                pyfuncitem.add_report_section("call", "asyncndis", f"Replay it with:\n  {how}\n")


def _is_tortured(test: Any) -> bool:
    handle = getattr(test, "hypothesis", None)
    return hasattr(handle.inner_test if handle is not None else test, "__tortured__")


def _settings_of(item: pytest.Function, tell: Callable[[str], object]) -> Any:
    from asyncndis.torture.decorating import TestSettings

    config = item.config
    overrides: dict[str, Any] = {}
    defaults: dict[str, Any] = {}
    for name, (kind, _) in SETTINGS.items():
        value = config.getoption(f"--asyncndis-{name}")
        if value is None and (text := os.environ.get(f"ASYNCNDIS_{name.upper()}")):
            value = _converted(kind, text, f"the environment variable ASYNCNDIS_{name.upper()}")
        if value is not None:
            overrides[name] = value
        elif (text := config.getini(f"asyncndis_{name}") or _pyproject(config).get(name)) is not None:
            defaults[name] = _converted(kind, str(text), f"asyncndis_{name}")
    replay = config.getoption("--asyncndis-replay")
    if hasattr(item.obj, "hypothesis"):  # which keeps failing examples itself
        return TestSettings(overrides, defaults, replay, tell=tell)
    memory = _Memory(config.rootpath / ".asyncndis" / "failures" / sha256(item.nodeid.encode()).hexdigest()[:16])
    return TestSettings(overrides, defaults, replay, memory.recall, memory.remember, tell)


def _converted(kind: Callable[[str], Any], text: str, where: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise pytest.UsageError(f"{where} is {text!r}, which is no {kind.__name__}") from None


def _pyproject(config: pytest.Config) -> dict[str, Any]:
    """The table ``[tool.asyncndis]``, empty without one."""
    path = config.rootpath / "pyproject.toml"
    if not path.is_file():
        return {}
    import tomllib

    table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("asyncndis", {})
    return table


class _Memory:
    """The replay lines of a test's earlier failures, newest first, in a file of their own."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def recall(self) -> list[str]:
        """The lines; none if nothing is kept or it cannot be read."""
        try:
            return self._path.read_text(encoding="ascii").split()
        except (OSError, UnicodeDecodeError):
            return []

    def remember(self, line: str | None) -> None:
        """Keep a line as the newest, or forget all when the test passes."""
        try:
            if line is None:
                self._path.unlink(missing_ok=True)
                return
            lines = [line, *(other for other in self.recall() if other != line)]
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text("\n".join(lines[:FAILURES_KEPT]) + "\n", encoding="ascii")
        except OSError:
            return  # a read-only tree remembers nothing
