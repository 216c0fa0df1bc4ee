"""The command group: a verb is found by its name, and costs nothing until it is asked for; others are refused."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from asyncndis.cli.app import app

CONTEXT = click.Context(app)
VERBS = app.list_commands(CONTEXT)


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_is_the_command_of_that_name(verb: str) -> None:
    command = app.get_command(CONTEXT, verb)
    assert command is not None
    assert command.name == verb
    assert command.help


def test_verbs_are_listed_in_order() -> None:
    listed = CliRunner().invoke(app, ["--help"]).stdout.partition("Commands:\n")[2]
    assert [line.split()[0] for line in listed.splitlines() if line.startswith("  ") and line[2] != " "] == VERBS
    assert sorted(VERBS) == VERBS


def test_an_unknown_verb() -> None:
    result = CliRunner().invoke(app, ["brigde"])
    assert result.exit_code == 2
    assert "No such command 'brigde'" in result.stderr


def test_a_verb_does_not_pay_for_others() -> None:
    script = "import sys, asyncndis.cli.app as a; a.app(['rules', 'POOL-01'], standalone_mode=False); "
    script += "sys.exit(sum(name in sys.modules for name in ('asyncndis.drivers', 'asyncndis.torture', 'anyio')))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
