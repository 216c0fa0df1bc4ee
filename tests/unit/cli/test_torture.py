"""``asyncndis torture`` and ``asyncndis soak``: what they run, what they print, and how they end."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from asyncndis.cli import targets
from asyncndis.cli.app import app
from asyncndis.cli.targets import Target

DRIVER = '''
from asyncndis.kernel import SpinLock
from asyncndis.memory import BufferPool
from asyncndis.torture import torture


async def locked():
    """Allocates a pool while it holds a spin lock: POOL-01."""
    lock = SpinLock(name="lock")
    async with lock:
        await BufferPool.create(4, name="rx")


async def leaks():
    pool = await BufferPool.create(4, name="rx")
    pool.allocate_nowait(bytearray(60))


async def right():
    async with await BufferPool.create(4, name="rx") as pool:
        async with pool.borrow(bytearray(60)):
            pass


@torture
async def test_tortured():
    await right()


@torture
async def test_needs(fixture):
    pass


class TestGroup:
    async def test_method(self):
        await right()


nothing = 3
'''


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a_driver.py"
    path.write_text(DRIVER)
    return path


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_a_wrong_driver_is_told_by_rule_order_line_and_replay(driver: Path) -> None:
    result = invoke("torture", f"{driver}::locked", "--schedules", "20")
    assert result.exit_code == 1, result.output
    assert "schedule 0 fails" in result.output
    assert "rule violation: RuleViolation" in result.output
    assert "POOL-01" in result.output
    assert 'await BufferPool.create(4, name="rx")' in result.output
    line = result.output.split()[-1]
    assert line.startswith("asyncndis1:")
    again = invoke("torture", f"{driver}::locked", "--replay", line)
    assert again.exit_code == 1
    assert "POOL-01" in again.output
    stale = invoke("torture", f"{driver}::right", "--replay", line)
    assert stale.exit_code == 2
    assert "another program" in stale.output


def test_what_is_left_behind_is_a_finding(driver: Path) -> None:
    result = invoke("torture", "a_driver:leaks", "--schedules", "5")
    assert result.exit_code == 1
    assert "rx" in result.output


@pytest.mark.parametrize("target", ["::right", "::test_tortured", "::TestGroup::test_method"])
def test_a_right_driver_passes(driver: Path, target: str) -> None:
    result = invoke("torture", f"{driver}{target}", "--schedules", "30", "--cancel", "--faults", "nth")
    assert result.exit_code == 0, result.output
    assert "without a finding" in result.output


def test_a_replayed_line_may_pass_now(driver: Path) -> None:
    result = invoke("torture", f"{driver}::locked", "--schedules", "20", "--json")
    assert result.exit_code == 1
    facts = json.loads(result.output)
    failure = facts[0]["failure"]
    assert (failure["kind"], facts[0]["complete"]) == ("rule violation", False)
    assert json.loads(
        invoke("torture", f"{driver}::locked", "--replay", failure["replay"], "--json").output
    ) == failure | {"found_by": "replay"}


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("link_chek_short", "did you mean link_check_short"),
        ("no_such_module:main", "there is no module no_such_module here"),
        ("missing.py::main", "there is no file missing.py"),
        ("a_driver.py::lockd", "did you mean locked"),
        ("a_driver.py::nothing", "is no async function"),
        ("a_driver.py::test_needs", "needs 'fixture': run a test with fixtures or parameters by pytest"),
        ("broken.py::main", "cannot be loaded"),
    ],
)
def test_a_target_that_cannot_run_is_refused_in_a_sentence(driver: Path, target: str, said: str) -> None:
    Path("broken.py").write_text("def (")
    result = invoke("torture", target)
    assert result.exit_code == 2, result.output
    assert said in " ".join(result.output.split())


def test_an_unknown_strategy_is_refused(driver: Path) -> None:
    result = invoke("torture", "a_driver.py::right", "--strategy", "magic")
    assert result.exit_code == 2
    assert "'magic' is not known" in result.output


def test_without_a_target_the_shipped_scenarios_run(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing() -> None: ...

    monkeypatch.setattr(
        "asyncndis.cli.torture.shipped_targets", lambda: [Target("one", nothing), Target("two", nothing)]
    )
    result = invoke("torture", "--schedules", "3")
    assert result.exit_code == 0
    assert [line.split(":")[0] for line in result.output.splitlines()] == ["one", "two"]


def test_shipped_scenarios_are_found_by_name() -> None:
    names = {target.name for target in targets.shipped_targets()}
    assert {"reset_under_send", "link_check_short"} <= names
    result = invoke("torture", "link_check_short", "--schedules", "2", "--strategy", "random")
    assert result.exit_code == 0, result.output


def test_an_interrupt_prints_what_is_known(driver: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def explore(program: object, **arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("asyncndis.cli.torture.explore", explore)
    result = invoke("torture", "a_driver.py::right")
    assert result.exit_code == 130
    assert "interrupted after 0 schedules" in result.output


def test_a_soak_goes_on_where_it_stopped(driver: Path) -> None:
    arguments = ("soak", "a_driver.py::right", "--hours", "0.0001", "--jobs", "1")
    first = invoke(*arguments)
    assert first.exit_code == 0, first.output
    assert "begins" in first.output
    second = invoke(*arguments)
    assert "done before" in second.output
    assert (Path(".asyncndis") / "soak" / "a-driver-py-right.json").exists()
    other = invoke(*arguments, "--seed", "5")
    assert other.exit_code == 2
    assert "differs in its seed" in other.output


def test_a_soak_ends_with_a_finding(driver: Path) -> None:
    result = invoke("soak", "a_driver.py::locked", "--jobs", "1", "--journal", "book.json")
    assert result.exit_code == 1
    assert "POOL-01" in result.output


LOUD = """
import asyncio
import logging


async def tells():
    logging.getLogger("a driver").warning("closed with descriptors out")
    await asyncio.sleep(0)
    raise RuntimeError("heard" if logging.getLogger().isEnabledFor(logging.CRITICAL) else "not heard")
"""


@pytest.mark.parametrize("verb", ["torture", "soak"])
def test_a_program_logs_nothing_while_it_is_searched(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("loud.py").write_text(LOUD)
    result = invoke(verb, "loud.py::tells")
    assert "RuntimeError: not heard" in result.output
    line = result.output.rsplit("Replay it with:\n  ", 1)[1].strip()
    assert "RuntimeError: not heard" in invoke("torture", "loud.py::tells", "--replay", line).output
    assert caplog.records == []
    logging.getLogger("a driver").warning("heard again")
    assert caplog.messages == ["heard again"]


def test_a_search_runs_on_a_cluster() -> None:
    distributed: Any = pytest.importorskip("distributed", reason="the package distributed is not installed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        options = ("--dask", cluster.scheduler_address, "--strategy", "random", "--schedules", "3000")
        right = invoke("torture", "tests.torture.faulty:careful_pool", *options)
        wrong = invoke("torture", "tests.torture.faulty:reversed_order", *options)
    assert right.exit_code == 0, right.output
    assert "3,000 schedules without a finding" in right.output
    assert wrong.exit_code == 1, wrong.output
    assert "asyncndis1:" in wrong.output


def test_a_cluster_that_is_not_there_is_said() -> None:
    pytest.importorskip("distributed", reason="the package distributed is not installed")
    result = invoke("torture", "tests.torture.faulty:careful_pool", "--dask", "nonsense://nowhere:1")
    assert result.exit_code == 2
    assert "there is no Dask scheduler at nonsense://nowhere:1" in result.output
