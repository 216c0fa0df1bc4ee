"""What must not be found: hidden clocks and dice, prints, unexplained waivers, and traces of one machine."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.sources import ROOT, SOURCES, Source

FORBIDDEN_CALLS = (
    r"print|input|breakpoint",  # a library speaks through values and logging
    r"time\.(time|time_ns|sleep)|(datetime\.)?(datetime\.(now|utcnow|today)|date\.today)",  # clocks and
    r"random\.(?!Random$)\w+|uuid\.uuid[14]|os\.urandom|secrets\.\w+",  # dice are handed in
)
MAY_PRINT = "cli"
WAIVER = re.compile(
    r"""\#\s*(type:\s*ignore | pyright:\s*ignore | noqa | pragma:\s*no\s*(cover|branch))
    (\[[^]]*\] | :\s*[A-Z]+\d+[A-Z\d,\s]*)?""",
    re.VERBOSE,
)
MACHINE_TRACE = re.compile(r"(?<![\w.])/(root|home|work|opt|Users)/\w|(pypi|npmjs)\.(org|com)|python[h]osted")
UNFINISHED = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X|H[A]CK)\b")
FOLDERS = ("asyncndis", "benchmarks", "docs", "examples", "tests", ".ci")
TEXT_FILES = ("*.py", "*.md", "*.toml", "*.txt", "run")


def forbidden_calls(source: Source) -> list[str]:
    calls = [ast.unparse(node.func) for node in ast.walk(source.tree) if isinstance(node, ast.Call)]
    return [call for call in calls if any(re.fullmatch(pattern, call) for pattern in FORBIDDEN_CALLS)]


def unexplained_waivers(text: str) -> list[str]:
    """The comments that silence a checker and do not go on to say why."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    return [
        comment
        for comment in comments
        if (waiver := WAIVER.search(comment)) and not re.search(r"[a-z]{2}", WAIVER.sub("", comment[waiver.start() :]))
    ]


def project_files() -> Iterator[Path]:
    """The files somebody wrote; what tools leave behind is not among them."""
    yield from (path for pattern in TEXT_FILES for path in ROOT.glob(pattern))
    for folder in FOLDERS:
        yield from (path for pattern in TEXT_FILES for path in (ROOT / folder).rglob(pattern))


def lines_with(pattern: re.Pattern[str], text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if pattern.search(line)]


@pytest.mark.parametrize(
    ("call", "is_forbidden"),
    [
        ("print()", True),
        ("time.sleep(1)", True),
        ("datetime.now()", True),
        ("datetime.datetime.now()", True),
        ("random.shuffle(x)", True),
        ("random.Random(1)", False),
        ("time.monotonic()", False),
        ("clock.now()", False),
        ("console.print()", False),
    ],
)
def test_forbidden_calls_are_found(call: str, *, is_forbidden: bool) -> None:
    assert forbidden_calls(Source("sample", call)) == ([call.partition("(")[0]] if is_forbidden else [])


def test_no_forbidden_calls() -> None:
    calls = {source.name: forbidden_calls(source) for source in SOURCES if source.floor != MAY_PRINT}
    assert {name: found for name, found in calls.items() if found} == {}


@pytest.mark.parametrize(
    ("comment", "is_unexplained"),
    [
        ("# noqa", True),
        ("# noqa: BLE001, S110", True),
        ("# type: ignore[no-any-return]", True),
        ("# pragma: no cover", True),
        ("# noqa: BLE001 - a failing probe must not end the run", False),
        ("# type: ignore[arg-type]  # the stub of uvloop is wrong here", False),
        ("# the waiters", False),
    ],
)
def test_unexplained_waivers_are_found(comment: str, *, is_unexplained: bool) -> None:
    assert unexplained_waivers(f"x = 1  {comment}\n") == ([comment] if is_unexplained else [])


def test_waivers_give_their_reason() -> None:
    waivers = {path: unexplained_waivers(path.read_text()) for path in project_files() if path.suffix == ".py"}
    assert {path: found for path, found in waivers.items() if found} == {}


@pytest.mark.parametrize(
    ("pattern", "trace"),
    [(MACHINE_TRACE, "/ho~me/me"), (MACHINE_TRACE, "py~pi.org"), (UNFINISHED, "TO~DO")],
)
def test_traces_are_found(pattern: re.Pattern[str], trace: str) -> None:
    line = f"see {trace.replace('~', '')} there"  # this file is searched too
    assert lines_with(pattern, f"first\n{line}\n") == [line]


@pytest.mark.parametrize("pattern", [MACHINE_TRACE, UNFINISHED], ids=["machine traces", "unfinished work"])
def test_files_are_free_of(pattern: re.Pattern[str]) -> None:
    found = {path: lines_with(pattern, path.read_text()) for path in project_files()}
    assert {path: lines for path, lines in found.items() if lines} == {}
