"""The page about a first ping works when it is followed: its commands run, in their order, each as it stands there."""

import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from tests.house.sources import ROOT
from tests.real.bridged import ends_cleanly
from tests.real.namespaces import Namespace, new_name, remove
from tests.real.running import Running, run, running

PAGE = (ROOT / "docs" / "how-to" / "first-real-ping.md").read_text()
SERVES = "READY"


def commands(section: str) -> Iterator[tuple[str, bool]]:
    """The commands of a section, and of each whether it serves until it is ended."""
    _, text = PAGE.split(f"## {section}\n", 1)
    for block in re.findall(r"```console\n(.*?)```", text.split("\n## ")[0], re.DOTALL):
        for command, printed in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            yield command.removeprefix("sudo "), printed.strip() == SERVES


def words(command: str, names: Mapping[str, str]) -> list[str]:
    """A command as it is run here: by this Python, and with other names for what all users share."""
    for name, other in names.items():
        command = re.sub(rf"\b{name}\b", other, command)
    first, *rest = shlex.split(command)
    return [*((sys.executable, "-m", "asyncndis.cli") if first == "asyncndis" else (first,)), *rest]


def follow(section: str, names: Mapping[str, str], inside: tuple[str, ...] = ()) -> list[str]:
    """Do what a section says; what serves is ended where the section ends, or before a namespace is deleted."""
    printed: list[str] = []
    with ExitStack() as stack:
        servers: list[Running] = []
        for command, serves in commands(section):
            line = [*inside, *words(command, names)]
            if serves:
                servers.append(stack.enter_context(running(line, ready=SERVES, folder=ROOT)))
                continue
            if "netns delete" in command:
                while servers:
                    ends_cleanly(servers.pop())
            printed.append(run(line, folder=ROOT))
        while servers:
            ends_cleanly(servers.pop())
    return printed


@pytest.mark.tools("ping")
def test_the_kernel_pings_a_driver(place: Namespace) -> None:
    inside = ("ip", "netns", "exec", place.name)
    *_, report = follow("The kernel pings a driver of yours", {}, inside)
    assert "3 packets transmitted, 3 received, 0% packet loss" in report


@pytest.mark.tools("ping")
def test_a_bridge_between_two_machines(kernel: None) -> None:
    names = {role: new_name(role) for role in ("left", "right")}
    try:
        printed = follow("A bridge between two machines", names)
    finally:
        for name in names.values():
            remove(name)
    assert any("3 packets transmitted, 3 received, 0% packet loss" in report for report in printed)
