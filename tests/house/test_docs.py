"""The documentation is true: its Python blocks run, from top to bottom of each page, and its pages build."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sybil import Sybil
from sybil.parsers.myst import PythonCodeBlockParser

from tests.house.sources import PACKAGES, ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = Sybil([PythonCodeBlockParser()])


def run_blocks(page: Path) -> int:
    """Run every Python block of one page, in one namespace, and count them."""
    examples = list(BLOCKS.parse(page).examples())
    for example in examples:
        example.evaluate()
    return len(examples)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # for the files a block may write
    assert run_blocks(page) == page.read_text().count("```python")


def test_every_package_has_its_reference() -> None:
    reference = "\n".join(page.read_text() for page in PAGES)
    speaking = {package.name for package in PACKAGES} - {"asyncndis", "asyncndis.cli"}  # the CLI has its --help
    assert {name for name in speaking if f"automodule:: {name}\n" not in reference} == set()


@pytest.mark.parametrize("block", ["assert False", ">>> 1 + 1\n3"])
def test_a_wrong_block_is_found(block: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Page\n\n```python\n{block}\n```\n")
    with pytest.raises(AssertionError):
        run_blocks(page)


@pytest.mark.timeout(300)  # a reference of this size takes a while where others use the processors, too
def test_pages_build_without_a_warning(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E", "docs", str(tmp_path / "html")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    build = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert build.returncode == 0, build.stderr
    assert (tmp_path / "html" / "index.html").exists()
