"""What counts as the same failure, and which error of a group is told."""

import json

import pytest

from asyncndis.torture.failures import FailureKind, InvariantBroken, trouble_of


def raised(error: BaseException) -> BaseException:
    with pytest.raises(type(error)) as caught:
        raise error
    return caught.value


def test_a_group_of_one_is_told_by_that_one_and_a_group_of_more_as_it_is() -> None:
    inner = ValueError("x")
    assert trouble_of(ExceptionGroup("", [ExceptionGroup("", [inner])])).error is inner
    several = ExceptionGroup("", [inner, KeyError()])
    assert trouble_of(several).error is several
    assert trouble_of(several).identity == trouble_of(inner).identity


def test_an_error_knows_its_kind_better() -> None:
    assert trouble_of(InvariantBroken()).kind is FailureKind.INVARIANT
    assert trouble_of(ExceptionGroup("", [InvariantBroken()]), FailureKind.UNRETRIEVED).kind is FailureKind.INVARIANT
    assert trouble_of(ValueError(), FailureKind.UNRETRIEVED).kind is FailureKind.UNRETRIEVED


def test_two_failures_are_the_same_by_kind_type_and_place_not_by_message() -> None:
    one, other = (trouble_of(raised(ValueError(text))) for text in "ab")
    assert one.identity == other.identity
    assert one.place.startswith("raised (")
    assert trouble_of(ValueError("a")).identity != one.identity
    assert trouble_of(raised(KeyError())).identity != one.identity


def test_the_place_is_the_programs_not_the_librarys() -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads("[")
    assert trouble_of(caught.value).place.startswith("test_the_place_is_the_programs")
