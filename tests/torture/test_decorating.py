"""``@torture`` under pytest: with every plugin mode, fixtures, parametrize, hypothesis, xdist; options and memory."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from asyncndis.torture import torture
from asyncndis.torture.decorating import TestSettings, settings_in_force

SUITE = """
import asyncio
import pytest
from hypothesis import given, settings, strategies as st
from asyncndis.torture import torture


@pytest.fixture
def size():
    return 3


@torture
async def test_fixture(size):
    assert size == 3
    await asyncio.sleep(3600)


@torture(schedules=50)
@pytest.mark.parametrize("adders", [1, 2])
async def test_parametrized(adders):
    total = 0

    async def add():
        nonlocal total
        seen = total
        await asyncio.sleep(0)
        total = seen + 1

    await asyncio.gather(*(add() for _ in range(adders)))
    assert total == adders


@settings(max_examples=5, deadline=None)
@given(st.integers())
@torture(schedules=3)
async def test_given_over_torture(number):
    await asyncio.sleep(0)
    assert isinstance(number, int)


@torture(schedules=3)
@settings(max_examples=5, deadline=None)
@given(st.integers())
async def test_torture_over_given(number):
    await asyncio.sleep(0)
    assert isinstance(number, int)


class TestInAClass:
    @torture(schedules=3)
    async def test_method(self):
        await asyncio.sleep(0)
"""

COUNT = """
import asyncio
from asyncndis.torture import torture

runs = 0


@torture
async def test_counted():
    global runs
    runs += 1
    await asyncio.gather(*(asyncio.sleep(0) for _ in range(6)))


def test_how_often():
    print(f"ran {runs} times")
"""


def run_pytest(folder: Path, *arguments: str, **environment: str) -> str:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    ran = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    return ran.stdout + ran.stderr


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_suite.py").write_text(SUITE)
    return tmp_path


@pytest.mark.parametrize(
    "mode",
    [
        ("-o", "asyncio_mode=strict", "-n", "2"),
        ("-o", "asyncio_mode=auto", "-p", "no:anyio"),
        ("-o", "anyio_mode=auto", "-p", "no:asyncio"),
        ("-p", "no:asyncio", "-p", "no:anyio"),
    ],
    ids=" ".join,
)
def test_it_works_beside_every_plugin(suite: Path, mode: tuple[str, ...]) -> None:
    out = run_pytest(suite, "-q", *mode)
    assert "1 failed, 5 passed" in out, out
    assert "assert 1 == 2" in out
    assert "The race: at step" in out
    assert re.search(r"pytest 'test_suite.py::test_parametrized\[2\]' --asyncndis-replay=asyncndis1:\S+", out)


def test_a_failure_is_kept_and_replayed_first(suite: Path) -> None:
    run_pytest(suite, "-q")
    kept = list((suite / ".asyncndis" / "failures").iterdir())
    assert len(kept) == 1
    line = kept[0].read_text().split()[0]
    out = run_pytest(suite, "-q", "--asyncndis-schedules=1", "--asyncndis-seed=77", "-k", "parametrized")
    assert line in out
    (suite / "test_suite.py").write_text(SUITE.replace("            total = seen + 1", "total += 1"))
    out = run_pytest(suite, "-q", f"--asyncndis-replay={line}", "-rs")
    assert "was changed since" in out or "another program" in out


def test_a_line_replays_by_an_option(suite: Path) -> None:
    out = run_pytest(suite, "-q")
    found = re.search(r"--asyncndis-replay=(asyncndis1:\S+)", out)
    assert found is not None
    out = run_pytest(suite, "-q", "-k", "parametrized and 2", f"--asyncndis-replay={found[1]}")
    assert "1 failed" in out
    assert "assert 1 == 2" in out


@pytest.mark.parametrize(
    ("setting", "runs"), [("option", 7), ("environment", 8), ("ini", 9), ("pyproject", 10), ("wrong", 0)]
)
def test_settings_come_from_option_environment_or_configuration(tmp_path: Path, setting: str, runs: int) -> None:
    (tmp_path / "test_count.py").write_text(COUNT)
    arguments: list[str] = ["--asyncndis-strategy=random"]
    environment: dict[str, str] = {}
    (tmp_path / "pyproject.toml").write_text("[tool.asyncndis]\nschedules = 10\n")
    if setting == "ini":
        arguments += ["-o", "asyncndis_schedules=9"]
    elif setting == "environment":
        arguments += ["-o", "asyncndis_schedules=9"]
        environment = {"ASYNCNDIS_SCHEDULES": "8"}
    elif setting == "option":
        arguments += ["--asyncndis-schedules=7"]
        environment = {"ASYNCNDIS_SCHEDULES": "8"}
    elif setting == "wrong":
        environment = {"ASYNCNDIS_SCHEDULES": "many"}
    out = run_pytest(tmp_path, "-s", "-q", *arguments, **environment)
    if setting == "wrong":
        assert "the environment variable ASYNCNDIS_SCHEDULES is 'many'" in out
    else:
        assert f"ran {runs + 2} times" in out  # twice more, to see whether the program is deterministic


def test_without_pytest_the_decorator_works_as_well() -> None:
    @torture(schedules=20, strategy="random")
    async def check(limit: int) -> None:
        order: list[int] = []

        async def work(number: int) -> None:
            await asyncio.sleep(0)
            order.append(number)

        await asyncio.gather(work(0), work(1))
        assert order[0] <= limit

    check(1)
    with pytest.raises(AssertionError) as caught:
        check(limit=0)
    assert any("Replay it with" in note for note in caught.value.__notes__)


def test_earlier_failures_come_first_and_stale_ones_do_not_matter() -> None:
    kept: list[str | None] = []

    @torture(schedules=2)
    async def check() -> None:
        await asyncio.sleep(0)

    with settings_in_force(TestSettings({}, {}, recall=lambda: ["nonsense"], remember=kept.append)):
        check()
    assert kept == [None]


def test_what_cannot_be_tortured_is_refused() -> None:
    with pytest.raises(TypeError, match="goes over an `async def` test"):
        torture(len)  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(TypeError, match="does not know 'schedule'"):
        torture(schedule=3)  # type: ignore[call-overload]  # that is what is refused
