"""Handles find their object, and stop doing so when its use ends."""

import pytest

from asyncndis.base import HandleTable, RuleViolation, StaleHandle


@pytest.fixture
def table() -> HandleTable[str]:
    return HandleTable("buffer", "BUF-05")


def test_a_handle_finds_its_object(table: HandleTable[str]) -> None:
    handles = {table.open(name): name for name in "abc"}
    assert len(handles) == len(table) == 3
    assert {handle: table.resolve(handle) for handle in handles} == handles


def test_a_handle_is_never_null(table: HandleTable[str]) -> None:
    assert table.open("a") != 0
    with pytest.raises(StaleHandle):
        table.resolve(0)


def test_closing_returns_the_object_and_ends_the_handle(table: HandleTable[str]) -> None:
    handle = table.open("a")
    assert table.close(handle) == "a"
    assert len(table) == 0
    for use in (table.resolve, table.close):
        with pytest.raises(StaleHandle):
            use(handle)


def test_a_slot_is_used_again_under_another_handle(table: HandleTable[str]) -> None:
    first = table.open("a")
    table.close(first)
    second = table.open("b")
    assert first != second
    assert first & 0xFFFFFFFF == second & 0xFFFFFFFF
    assert table.resolve(second) == "b"
    with pytest.raises(StaleHandle):
        table.resolve(first)


def test_one_object_can_have_two_handles(table: HandleTable[str]) -> None:
    first, second = table.open("a"), table.open("a")
    table.close(first)
    assert table.resolve(second) == "a"


@pytest.mark.parametrize("handle", [-1, 0, 1, 2**32, 1 << 32 | 1, 2**63, 2**64, 2**200])
def test_a_handle_that_was_never_given_out_is_stale(table: HandleTable[str], handle: int) -> None:
    table.close(table.open("a"))
    with pytest.raises(StaleHandle):
        table.resolve(handle)


def test_a_stale_handle_names_the_kind_the_rule_and_the_way_out(table: HandleTable[str]) -> None:
    with pytest.raises(
        RuleViolation, match=r"^BUF-05: buffer handle 0x100000000 is stale: .*take a new handle"
    ) as caught:
        table.resolve(1 << 32)
    assert caught.value.site.file == __file__


@pytest.mark.parametrize("handle", [None, 1.5, "1", b"1", []])
def test_what_is_no_handle_is_refused(table: HandleTable[str], handle: object) -> None:
    with pytest.raises(TypeError, match=r"^a buffer handle is a int, not"):
        table.resolve(handle)  # type: ignore[arg-type]  # the point of the test
