"""The plugin's line in pytest's head."""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError

import pytest

from asyncndis import pytest_plugin

INSTALLED = {"asyncndis": "0.1.0", "uvloop": "0.22.1"}


def version(distribution: str) -> str:
    if distribution not in INSTALLED:
        raise PackageNotFoundError(distribution)
    return INSTALLED[distribution]


def test_the_head_names_the_version_and_the_loops_that_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pytest_plugin, "version", version)
    assert pytest_plugin.pytest_report_header() == "asyncndis: 0.1.0, loops: asyncio, uvloop 0.22.1"


def test_loading_it_imports_nothing_but_itself(pytestconfig: pytest.Config) -> None:
    code = (
        "import sys, pytest; before = {*sys.modules}; import asyncndis.pytest_plugin; print(*{*sys.modules} - before)"
    )
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, cwd=pytestconfig.rootpath, capture_output=True, text=True, check=True)
    assert {name.partition(".")[0] for name in found.stdout.split()} <= {"asyncndis"}
