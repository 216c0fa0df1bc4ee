"""Pages that are followed by hand work when followed: the tutorial as one file, the pytest page as two projects."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import ROOT

TUTORIALS = ["first-pool", "first-miniport", "first-protocol"]
HOW_TO = ROOT / "docs" / "how-to"
PLUGINS = [("pytest", "asyncio", 0, 2), ("pytest", "anyio", 1, 3), ("test-a-driver", "anyio", 0, 12)]


def blocks(language: str, page: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", TUTORIALS)
def test_the_tutorial_prints_what_it_shows(name: str, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "tutorial" / f"{name}.md").read_text()
    script = name.replace("-", "_") + ".py"
    (tmp_path / script).write_text("\n\n".join(blocks("python", page)))
    result = run(tmp_path, script)
    assert result.returncode == 0, result.stderr
    assert result.stdout == "".join(blocks("text", page))


@pytest.mark.parametrize(("name", "plugin", "settings", "passed"), PLUGINS)
def test_a_page_about_tests_runs_under(name: str, plugin: str, settings: int, passed: int, tmp_path: Path) -> None:
    page = (HOW_TO / f"{name}.md").read_text()
    (tmp_path / "pyproject.toml").write_text(blocks("toml", page)[settings])
    for file, text in re.findall(rf"<!-- {plugin}: (\S+) -->\n```python\n(.*?)```", page, re.DOTALL):
        with (tmp_path / file).open("a") as script:
            script.write(text + "\n\n")
    other = {"asyncio": "anyio", "anyio": "asyncio"}[plugin]
    result = run(tmp_path, "-m", "pytest", "-q", "-W", "error", "-p", f"no:{other}", "-p", "no:cacheprovider")
    assert f"{passed} passed" in result.stdout, result.stdout + result.stderr
    assert result.returncode == 0


def test_both_plugins_in_auto_mode_are_warned_about(tmp_path: Path) -> None:
    (tmp_path / "test_nothing.py").write_text("async def test_nothing() -> None: ...\n")
    result = run(tmp_path, "-m", "pytest", "-o", "asyncio_mode=auto", "-o", "anyio_mode=auto", "-p", "no:cacheprovider")
    assert "AnyIO auto mode has been enabled together with pytest-asyncio auto mode" in result.stdout
