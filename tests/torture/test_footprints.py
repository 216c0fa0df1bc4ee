"""Footprints: what depends on what, and what is left of it in another run."""

import pytest

from asyncndis.torture.footprints import (
    CLASSES,
    GLOBALS,
    SIZE,
    WHOLE,
    Footprint,
    Location,
    dependent,
    lose_sight,
    touch,
    touch_call,
    watched_by,
)

X: Location = ("Box", 1, "x")
Y: Location = ("Box", 1, "y")
OTHER: Location = ("Box", 2, "x")
BOX: Location = ("Box", 1, WHOLE)
FULL: Location = ("set", 3, SIZE)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (Footprint(), Footprint(), False),
        (Footprint(reads=[X]), Footprint(reads=[X]), False),
        (Footprint(reads=[X]), Footprint(writes=[X]), True),
        (Footprint(writes=[X]), Footprint(writes=[X]), True),
        (Footprint(writes=[X]), Footprint(writes=[Y]), False),
        (Footprint(writes=[X]), Footprint(writes=[OTHER]), False),
        (Footprint(writes=[X]), Footprint(reads=[BOX]), True),
        (Footprint(reads=[X]), Footprint(reads=[BOX]), False),
        (Footprint(reads=[X]), Footprint(writes=[BOX]), True),
        (Footprint(writes=[OTHER]), Footprint(writes=[BOX]), False),
        (Footprint(unseen=["C"]), Footprint(), True),
        (Footprint(changes=[FULL]), Footprint(changes=[FULL]), False),
        (Footprint(changes=[FULL]), Footprint(reads=[FULL]), True),
        (Footprint(changes=[FULL]), Footprint(writes=[FULL]), True),
        (Footprint(changes=[FULL]), Footprint(reads=[("set", 3, WHOLE)]), True),
        (Footprint(aside=Footprint(writes=[X])), Footprint(aside=Footprint(writes=[X])), False),
        (Footprint(aside=Footprint(writes=[X])), Footprint(reads=[X]), True),
        (Footprint(names=[(CLASSES, 0, "a")]), Footprint(writes=[(CLASSES, 0, "a")]), True),
        (Footprint(names=[(GLOBALS, 0, "m.a")]), Footprint(writes=[(GLOBALS, 0, "m.b")]), False),
        (Footprint(names=[(CLASSES, 0, "a")]), Footprint(writes=[(CLASSES, 0, WHOLE)]), True),
        (Footprint(reads=[(CLASSES, 0, WHOLE)]), Footprint(writes=[(CLASSES, 0, "a")]), True),
    ],
)
def test_what_one_wrote_and_the_other_touched_makes_them_dependent(
    first: Footprint, second: Footprint, expected: bool
) -> None:
    assert dependent(first, second) is expected
    assert dependent(second, first) is expected


def test_the_order_in_which_elements_came_matters_only_where_somebody_looks() -> None:
    one = Footprint(adds=[("set", 3)], changes=[FULL])
    other = Footprint(adds=[("set", 3)], changes=[FULL])
    assert not dependent(one, other)
    assert dependent(one, other, ordered={"set"})
    assert not dependent(one, other, ordered={"dict"})


def test_in_another_run_only_the_kind_of_a_later_object_is_known() -> None:
    step = Footprint(writes=[("Box", 7, "x")], owners=7)
    assert not dependent(step, Footprint(writes=[("Box", 8, "x")], owners=8))
    blurred = step.blurred(5)
    assert dependent(blurred, Footprint(writes=[("Box", 8, "x")], owners=8).blurred(5))
    assert not dependent(blurred, Footprint(writes=[("Box", 8, "y")], owners=8).blurred(5))
    assert not dependent(blurred, Footprint(writes=[("Box", 4, "x")], owners=8).blurred(5))
    assert step.blurred(7) is step


def test_an_element_known_by_a_later_number_is_any_element_in_another_run() -> None:
    step = Footprint(writes=[("set", 1, ("Task", 7))], owners=7).blurred(5)
    assert dependent(step, Footprint(reads=[("set", 1, ("Task", 3))], owners=5))


def test_a_union_touches_what_either_touched() -> None:
    both = Footprint(reads=[X], aside=Footprint(writes=[FULL])) | Footprint(writes=[Y], unseen=["C"], owners=4)
    assert both.reads == {X}
    assert both.writes == {Y}
    assert both.unknown
    assert both.owners == 4
    assert both.aside == Footprint(writes=[FULL])


class _Ear:
    def __init__(self) -> None:
        self.heard: list[object] = []

    def touched(self, obj: object, name: str | None, write: bool) -> None:
        self.heard.append((obj, name, write))

    def called(self, function: object, arguments: tuple[object, ...]) -> None:
        self.heard.append((function, arguments))

    def lost(self, what: str) -> None:
        self.heard.append(what)


def test_what_is_said_is_heard_while_somebody_watches() -> None:
    ear = _Ear()
    touch(1)
    watched_by(ear)
    try:
        touch(2, "part", write=False)
        touch_call(len, ("a",))
        lose_sight("the world")
    finally:
        watched_by(None)
    touch(3)
    lose_sight("nobody")
    assert ear.heard == [(2, "part", False), (len, ("a",)), "the world"]
