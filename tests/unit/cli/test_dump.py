"""``asyncndis dump``: everything about a stack in another process, and about the machines of the demo."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from asyncndis.cli.app import app
from tests.support.running_stack import running_stacks


def call(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["dump", *arguments])


def test_a_stack_in_full() -> None:
    with running_stacks("lab", "other") as process:
        result = call("lab")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(
        f"stack lab  process {process.pid}\n  layers          keeper > plain > nic of lab [up]\n"
    )
    for line in (
        "binding keeper on plain  open\n",
        "adapter plain  running, connected\n",
        "hardware nic of lab  SimpleNic\n",
        "  filter          directed, multicast, broadcast\n",
        "  multicast list  none\n",
        "  interrupt       vector 9 at level 3, level sensitive: fired 0, recognized 0, DPCs 0\n",
        "  timer           watchdog of plain: not set, expired 0\n",
        "  pool            rx of plain: 0 of 8 out, 0 at most\n",
        "  tx ring         0 of 64\n",
    ):
        assert line in result.stdout
    assert "stack other" not in result.stdout


def test_without_a_name_all_are_dumped() -> None:
    with running_stacks("left", "right"):
        views: list[dict[str, Any]] = json.loads(call("--json").stdout)
    assert [view["name"] for view in views] == ["left", "right"]
    assert views[0]["adapters"][0]["in_flight"] == []


def test_the_machines_of_the_demo() -> None:
    result = call("--demo")
    assert result.exit_code == 0
    assert result.stdout.count("hardware ") >= 2
    for word in ("TX_TAIL", "map registers", "shared memory", "in flight", "with Shaper", "EtherType 0x88b5", "timer"):
        assert word in result.stdout


def test_none_runs() -> None:
    result = call()
    assert (result.exit_code, result.stdout) == (2, "")
    assert (
        result.stderr == "asyncndis dump: no stack with a monitor runs; open one with open_stack(..., monitor=True)\n"
    )


def test_the_demo_has_no_name() -> None:
    result = call("--demo", "lab")
    assert result.exit_code == 2
    assert "leave NAME out" in result.stderr


@pytest.mark.parametrize("colour", [{}, {"NO_COLOR": "1"}])
def test_no_colours_where_there_is_no_terminal(colour: dict[str, str]) -> None:
    with running_stacks("lab"):
        result = CliRunner(env=colour).invoke(app, ["dump"])
    assert "\x1b" not in result.stdout
