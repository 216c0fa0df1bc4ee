"""The command line may block: it reads and writes files in its tasks, as the drivers below it never do."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture(autouse=True)
def no_blocking() -> None:
    """In place of the guard of the unit tier."""


@pytest.fixture(autouse=True)
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory of each test's own for the sockets of monitors, with a short name, as these need."""
    with tempfile.TemporaryDirectory(prefix="t") as directory:
        monkeypatch.setenv("XDG_RUNTIME_DIR", directory)
        monkeypatch.setattr("asyncndis.ndis.monitoring.tempfile", SimpleNamespace(gettempdir=lambda: directory))
        yield Path(directory)
