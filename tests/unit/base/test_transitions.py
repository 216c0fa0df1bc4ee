"""A table allows its edges, refuses everything else, and can be drawn."""

from enum import Enum
from itertools import product

import pytest

from asyncndis.base import IllegalTransition, TransitionTable


class Door(Enum):
    SHUT = "shut"
    OPEN = "open"
    GONE = "gone"


class Act(Enum):
    PUSH = "push"
    PULL = "pull"
    BURN = 3


EDGES = {
    Door.SHUT: {Act.PUSH: Door.OPEN, Act.PULL: Door.SHUT},
    Door.OPEN: {Act.PULL: Door.SHUT, Act.BURN: Door.GONE},
}
TABLE: TransitionTable[Door, Act] = TransitionTable("door", Door.SHUT, EDGES, "DOOR-01")


@pytest.mark.parametrize(("state", "event"), [*product(Door, Act)])
def test_each_edge_is_taken_and_each_non_edge_refused(state: Door, event: Act) -> None:
    after = EDGES.get(state, {}).get(event)
    assert TABLE.allows(state, event) is (after is not None)
    if after is not None:
        assert TABLE.after(state, event) is after
    else:
        with pytest.raises(IllegalTransition):
            TABLE.after(state, event)


def test_it_lists_its_edges() -> None:
    assert list(TABLE) == [(state, event, after) for state, row in EDGES.items() for event, after in row.items()]
    assert TABLE.initial is Door.SHUT


@pytest.mark.parametrize(
    ("state", "event", "message"),
    [
        (Door.OPEN, Act.PUSH, "DOOR-01: door: push is not legal while open; legal now: pull, 3"),
        (Door.GONE, Act.PULL, "DOOR-01: door: pull is not legal while gone; legal now: nothing"),
    ],
)
def test_a_refusal_tells_what_would_be_legal(state: Door, event: Act, message: str) -> None:
    with pytest.raises(IllegalTransition) as caught:
        TABLE.after(state, event)
    assert str(caught.value).startswith(message)
    assert caught.value.site.file == __file__
