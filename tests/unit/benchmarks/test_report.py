"""From runs to a page."""

from pathlib import Path

import pytest

from benchmarks.report import publish, summary, write_json
from benchmarks.results import Row, at_most
from benchmarks.table import markdown

ROWS = [Row("await allocate()", "the floor", 1.3, at_most(1.5, 1.35)), Row("lock", "peer", None, at_most(1.5))]


def test_markdown_has_its_columns_in_line() -> None:
    assert markdown(("a", "bcd"), [("ef", "g")]) == "| a  | bcd |\n| -- | --- |\n| ef | g   |"


def test_summary_counts_verdicts() -> None:
    assert summary(ROWS) == "1 stretch reached, 1 peer not installed"


def test_publish_puts_runs_side_by_side(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- begin pools -->\nold\n<!-- end pools -->\nafter\n")
    files = [tmp_path / "1.json", tmp_path / "2.json"]
    for file in files:
        write_json(file, "pools", ROWS)
    publish(page, files)
    text = page.read_text()
    assert "| await allocate() | the floor | ≤ 1.50x (1.35x) | 1.30x ★" in text
    assert text.count("peer not installed") == 2
    assert (text.startswith("before\n"), "old" in text, text.endswith("after\n")) == (True, False, True)


def test_publish_needs_its_marks(tmp_path: Path) -> None:
    page, file = tmp_path / "page.md", tmp_path / "1.json"
    page.write_text("nothing here\n")
    write_json(file, "pools", ROWS)
    with pytest.raises(ValueError, match="no place for pools"):
        publish(page, [file])
    assert page.read_text() == "nothing here\n"
