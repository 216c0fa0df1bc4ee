"""``asyncndis rules`` and ``asyncndis ddi``, the reference on the command line; and how the command itself ends."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner, Result

from asyncndis import RuleViolation
from asyncndis.cli import demo
from asyncndis.cli.app import app
from asyncndis.ddi import families
from asyncndis.verifier import RULES, explain
from tests.house.sources import ROOT

CALLS = [call.name for family in families().values() for call in family]


def call(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, list(arguments))


def said(*arguments: str) -> str:
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def refusal(*arguments: str) -> str:
    result = call(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr
    return result.stderr.splitlines()[-1]


def test_all_rules_are_listed() -> None:
    listed = said("rules")
    assert [rule for rule in RULES if rule not in listed] == []


def test_a_family_of_rules() -> None:
    listed = said("rules", "lock")
    assert "LOCK-08" in listed
    assert "POOL-01" not in listed


def test_one_rule_is_explained() -> None:
    explained = said("rules", "pool-01")
    assert explained.strip() == explain("POOL-01")
    assert "no spin lock held" in explained


def test_no_such_rule() -> None:
    assert refusal("rules", "NOPE") == "Error: no rule is called NOPE"
    assert refusal("rules", "POL-01").startswith("Error: no rule is called POL-01; did you mean POOL-01")


def test_a_rule_without_its_zero() -> None:
    assert said("rules", "pool-1") == said("rules", "POOL-01")


def test_rules_as_json() -> None:
    [rule] = json.loads(said("rules", "POOL-01", "--json"))
    assert (rule["id"], rule["checked_by"]) == ("POOL-01", "always")
    assert len(json.loads(said("rules", "--json"))) == len(RULES)


def test_all_calls_are_listed() -> None:
    listed = said("ddi")
    assert [name for name in CALLS if name not in listed] == []


def test_one_call_is_shown_though_others_begin_like_it() -> None:
    shown = said("ddi", "NdisAllocateBuffer")
    assert shown.startswith("NdisAllocateBuffer(PoolHandle, VirtualAddress, Length)\n")
    for fact in ("BufferPool.allocate_nowait", "<= DISPATCH", "POOL-04"):
        assert fact in shown


def test_a_part_of_a_name_is_enough() -> None:
    listed = said("ddi", "spinlock")
    assert "NdisDprAcquireSpinLock" in listed
    assert "NdisAllocateBuffer" not in listed


def test_no_such_call() -> None:
    assert refusal("ddi", "Nope") == "Error: no NDIS call is called Nope"
    assert "did you mean NdisFreeBuffer" in refusal("ddi", "NdisFreBuffer")


def test_calls_as_json() -> None:
    [shown] = json.loads(said("ddi", "NdisFreeBuffer", "--json"))
    assert (shown["name"], shown["object_form"], shown["awaited"]) == ("NdisFreeBuffer", "Buffer.free", False)
    assert len(json.loads(said("ddi", "--json"))) == len(CALLS)


@pytest.mark.parametrize("verb", [[], ["ddi"], ["demo"], ["dump"], ["rules"], ["top"]])
def test_help(verb: list[str]) -> None:
    assert said(*verb, "-h").startswith("Usage: ")


def test_no_such_verb() -> None:
    assert refusal("swim") == "Error: No such command 'swim'."


def test_a_broken_rule_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks_a_rule(*_: object) -> None:
        raise RuleViolation("POOL-01", "somebody did what they should not; they know better now")

    monkeypatch.setattr(demo, "_run", breaks_a_rule)
    result = call("demo")
    assert result.exit_code == 1
    assert result.stderr.startswith("asyncndis demo: POOL-01: somebody did what they should not")
    assert "Traceback" not in result.stderr


def test_our_own_fault_is_owned_up_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(demo, "_run", fails)
    result = call("demo")
    assert result.exit_code == 3
    assert "ZeroDivisionError" in result.stderr
    assert result.stderr.splitlines()[-1].startswith("asyncndis demo: this is a fault of asyncndis itself")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), BaseExceptionGroup("tasks", [KeyboardInterrupt()])])
def test_ctrl_c_is_no_fault(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def is_interrupted(*_: object) -> None:
        raise error

    monkeypatch.setattr(demo, "_run", is_interrupted)
    result = call("demo")
    assert (result.exit_code, result.stderr.strip()) == (1, "Aborted!")


def test_a_group_of_faults_is_owned_up_to(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ExceptionGroup("tasks", [ZeroDivisionError(), ValueError()])

    monkeypatch.setattr(demo, "_run", fails)
    assert call("demo").exit_code == 3


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_as_a_command() -> None:
    result = run("-m", "asyncndis.cli", "rules", "POOL-01")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("POOL-01")


def test_without_the_extra_it_says_how_to_install_it() -> None:
    result = run("-c", "import sys; sys.modules['click'] = None; from asyncndis.cli import main; main()")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "asyncndis: the command line needs click and rich: pip install 'asyncndis[cli]'\n"
