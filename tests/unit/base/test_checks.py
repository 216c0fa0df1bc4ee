"""Checks of arguments say what an argument should be and what it was."""

import math

import pytest

from asyncndis.base import check_instance, check_integer


@pytest.mark.parametrize("value", [0, 7, 0xFFFFFFFF])
def test_an_unsigned_integer_of_32_bits_passes(value: int) -> None:
    check_integer("count", value)


@pytest.mark.parametrize("value", [None, True, 1.0, math.nan, "1", b"1", [1], 1j])
def test_what_is_no_integer_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=rf"^count is an integer, not {type(value).__name__}$"):
        check_integer("count", value)


@pytest.mark.parametrize("value", [-1, 2**32, 2**63, -(2**63)])
def test_an_integer_out_of_bounds_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match=rf"^count is from 0 to 0xffffffff, not {value}$"):
        check_integer("count", value)


@pytest.mark.parametrize(("value", "passes"), [(4, False), (5, True), (6, True), (7, False)])
def test_bounds_are_inclusive(value: int, *, passes: bool) -> None:
    if passes:
        check_integer("level", value, 5, 6)
    else:
        with pytest.raises(ValueError, match=r"^level is from 5 to 0x6, not"):
            check_integer("level", value, 5, 6)


def test_an_instance_passes() -> None:
    check_instance("name", "rx", str)
    check_instance("flag", True, int)


@pytest.mark.parametrize("value", [None, b"rx", 3])
def test_what_is_no_instance_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match=rf"^name is a str, not {type(value).__name__}$"):
        check_instance("name", value, str)
