"""The live view: figures and rates between two looks, on wide and narrow terminals."""

from io import StringIO

import pytest
from rich.console import Console

from asyncndis.cli.board import board
from asyncndis.ndis.snapshots import StackView
from tests.unit.cli.views import view


def shown(*views: StackView, before: tuple[StackView, ...] = (), width: int = 80) -> list[str]:
    console = Console(file=StringIO(), width=width, height=40)
    console.print(board(views, before))
    file = console.file
    assert isinstance(file, StringIO)
    return file.getvalue().splitlines()


def cells(lines: list[str], name: str) -> list[str]:
    [line] = [line for line in lines if line.split()[:1] == [name]]
    return line.split()


def earlier(stack: StackView) -> None:
    stack["seconds"] = 8.0
    adapter = stack["adapters"][0]
    adapter["sends"]["sent"] = 0
    adapter["receives"]["indicated"] = 495
    stack["bindings"][0]["received"] = 400
    assert adapter["hardware"] is not None
    adapter["hardware"]["statistics"].update(tx_directed_bytes=5_000, interrupts=100)


def test_rates_between_two_looks() -> None:
    lines = shown(view(), before=(view(earlier),))
    assert lines[0] == "lab  Caller > Shaper > nic0 [up]"
    assert cells(lines, "Caller") == ["Caller", "open", "50", "3", "2"]
    assert cells(lines, "plain") == ["plain", "running", "500", "2.5", "3", "2", "2"]
    assert cells(lines, "nic0") == ["nic0", "64/64", "0/64", "20", "kbit/s", "0", "bit/s", "0", "5"]
    assert cells(lines, "rx") == ["rx", "of", "plain", "8/8", "8", "1", "3", "1.2", "ms", "2"]
    assert lines[-1] == "3 tasks, 2 timers, 1 DPC, 0 work items"


def test_no_rates_at_the_first_look() -> None:
    assert cells(shown(view()), "plain") == ["plain", "running", "3", "2", "2"]


def test_no_rates_where_a_counter_began_anew() -> None:
    def reset(stack: StackView) -> None:
        stack["adapters"][0]["sends"]["sent"] = 3
        stack["seconds"] = 12.0

    lines = shown(view(reset), before=(view(),))
    assert cells(lines, "plain") == ["plain", "running", "0", "3", "2", "2"]


def test_pools_that_were_never_used_are_left_out() -> None:
    assert not any("idle" in line for line in shown(view()))


def test_a_stack_without_hardware_has_no_table_of_it() -> None:
    def take_out(stack: StackView) -> None:
        stack["adapters"][0]["hardware"] = None

    assert not any(line.startswith("hardware") for line in shown(view(take_out)))


def test_names_are_no_markup() -> None:
    def rename(stack: StackView) -> None:
        stack["adapters"][0]["name"] = "port[up]"
        stack["adapters"][0]["pools"][0]["name"] = "rx[up]"

    lines = shown(view(rename))
    assert cells(lines, "port[up]")
    assert cells(lines, "rx[up]")


def test_an_adapter_without_a_link() -> None:
    def cut(stack: StackView) -> None:
        stack["adapters"][0]["connected"] = False

    assert cells(shown(view(cut)), "plain")[1:3] == ["no", "link"]


def test_hardware_of_another_kind() -> None:
    def swap(stack: StackView) -> None:
        stack["adapters"][0]["hardware"] = {
            "name": "tap0",
            "kind": "Tap",
            "statistics": {},
            "rings": {},
            "registers": {},
        }

    assert cells(shown(view(swap)), "tap0") == ["tap0", "0"]


def test_two_stacks_in_one_view() -> None:
    def rename(stack: StackView) -> None:
        stack["name"] = "other"

    lines = shown(view(), view(rename))
    assert lines[:2] == ["lab    Caller > Shaper > nic0 [up]", "other  Caller > Shaper > nic0 [up]"]
    assert len([line for line in lines if line.startswith("Caller")]) == 2
    assert lines[-1].startswith("3 tasks, 4 timers"), "both have the tasks of one loop"


@pytest.mark.parametrize("width", [80, 120])
def test_it_fits(width: int) -> None:
    assert max(len(line) for line in shown(view(), before=(view(earlier),), width=width)) <= width
