"""Replay strings: what goes in comes out, all else is refused in words, and a fingerprint outlives Python versions."""

import base64
import functools
import importlib.util
import string
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asyncndis.torture import replaystring
from asyncndis.torture.replaystring import (
    DECISIONS_MAX,
    Fingerprint,
    Settings,
    StaleReplay,
    decode,
    encode,
    fingerprint,
)

SOMEBODY = Fingerprint(b"abc", b"def")
TAPES = st.lists(st.one_of(st.just(0), st.integers(0, 5), st.integers(0, 2**63 - 1)))
SETTINGS = st.builds(
    Settings,
    st.builds(Fingerprint, st.binary(min_size=3, max_size=3), st.binary(min_size=3, max_size=3)),
    st.booleans(),
    st.sampled_from([None, "nth", "sites", "random"]),
    st.integers(0, 2**63 - 1),
)
GOLDEN = "asyncndis1:jFHvAJc_jpKxzqCcAQcE"

Load = Callable[[str], Callable[..., object]]


async def golden_program() -> None:
    """Stay as you are: GOLDEN was recorded with this."""
    for index in range(3):
        text = f"{index!r:>{3}} of {[2 * other for other in range(index)]}"
        assert text != "", "never"


async def other_program(size: int = 0) -> None: ...


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write a module of a given text and hand out what it calls ``program``."""

    def load(text: str) -> Callable[..., object]:
        path = tmp_path / f"module{len(list(tmp_path.iterdir()))}.py"
        path.write_text(text)
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        program: Callable[..., object] = module.program
        return program

    return load


def without_last_zeros(tape: list[int]) -> tuple[int, ...]:
    while tape and tape[-1] == 0:
        tape = tape[:-1]
    return tuple(tape)


@given(TAPES, SETTINGS)
@example([0] * 100_000 + [1], Settings(SOMEBODY))
@example([1, 2] * 5_000, Settings(SOMEBODY))
def test_what_goes_in_comes_out(tape: list[int], valid: Settings) -> None:
    line = encode(tape, valid)
    assert decode(line) == decode(f"  {line}\n") == (valid, without_last_zeros(tape))
    assert set(line) <= {*string.ascii_letters, *string.digits, *":-_"}


@given(st.one_of(st.text(), st.from_regex(r"asyncndis[0-9]+:[\w-]*", fullmatch=True)))
@example("asyncndis1:")
@example("asyncndis1:A")
@example("asyncndis1:AAAA")
@example("asyncndis1:" + "AAAA" * 10)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(StaleReplay, match=r"not a replay string|damaged|version"):
        decode(text)


@given(TAPES, SETTINGS, st.data())
def test_a_changed_letter_is_noticed(tape: list[int], valid: Settings, data: st.DataObject) -> None:
    line = encode(tape, valid)
    place = data.draw(st.integers(len("asyncndis1:"), len(line) - 2))  # the last letter may have bits that say nothing
    letter = data.draw(st.sampled_from(sorted({*string.ascii_letters} - {line[place]})))
    with pytest.raises(StaleReplay, match="damaged"):
        decode(line[:place] + letter + line[place + 1 :])
    with pytest.raises(StaleReplay, match="damaged"):
        decode(line[: max(place, len("asyncndis1:"))])


@settings(deadline=None)
@given(st.binary())
def test_a_hostile_body_is_refused_or_read(body: bytes) -> None:
    line = replaystring.PREFIX + base64.urlsafe_b64encode(replaystring._checksum(body) + body).decode().rstrip("=")
    try:
        read, tape = decode(line)
    except StaleReplay:
        return
    if len(tape) < 10_000:  # a run of millions of zeros takes a few letters to write, but seconds to write again
        assert decode(encode(tape, read)) == (read, without_last_zeros(list(tape)))


def test_a_line_is_short() -> None:
    assert len(encode([], Settings(SOMEBODY))) <= 30
    assert len(encode([0] * 900 + [2] + [0] * 50 + [1, 1], Settings(SOMEBODY))) <= 38
    assert len(encode([0, 1, 0, 2] * 1_000, Settings(SOMEBODY))) <= 64


@pytest.mark.parametrize("tape", [[-1], [2**63], [0] * (DECISIONS_MAX + 1)])
def test_what_is_no_tape_is_refused(tape: list[int]) -> None:
    with pytest.raises(ValueError, match=r"at (least 0|most)"):
        encode(tape, Settings(SOMEBODY))


def test_unknown_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="faults must be one of None, 'nth', 'sites', 'random', not 'often'"):
        encode([], Settings(SOMEBODY, faults="often"))


def test_another_version_is_refused() -> None:
    with pytest.raises(StaleReplay, match="has version 2, and this asyncndis reads version 1 only"):
        decode("asyncndis2:whatever-it_says")


def test_a_line_of_any_python_is_good_for_this_one() -> None:
    read, tape = decode(GOLDEN)
    read.program.require(golden_program)
    assert (read, tape) == (Settings(fingerprint(golden_program)), (0, 0, 0, 0, 2))


def test_another_program_is_refused() -> None:
    with pytest.raises(StaleReplay, match="another program than other_program"):
        fingerprint(golden_program).require(other_program)


def test_a_changed_program_is_refused(load: Load) -> None:
    before = fingerprint(load("async def program():\n    assert 1 > 0\n"))
    with pytest.raises(StaleReplay, match="program was changed since"):
        before.require(load("async def program():\n    assert 2 > 0\n"))


def test_the_looks_of_a_program_do_not_count(load: Load) -> None:
    before = fingerprint(load("async def program():\n    assert 1 > 0\n"))
    decorated = '@staticmethod\nasync  def program( ):\n  """Try it."""\n  # really\n\n  assert (1>\n     0)\n'
    before.require(load(decorated))


@pytest.mark.parametrize("change", ["0", "False", "''", "None", "...", "0.0", "b''"])
def test_constants_count(load: Load, change: str) -> None:
    prints = [fingerprint(load(f"async def program():\n    return {value}\n")) for value in (change, "1")]
    assert prints[0].source != prints[1].source


def test_bound_values_count() -> None:
    sizes: list[Callable[..., object]] = [
        functools.partial(other_program, 3),
        functools.partial(other_program, size=3),
        other_program,
    ]
    assert len({fingerprint(program).source for program in sizes}) == len(sizes)
    fingerprint(sizes[0]).require(functools.partial(other_program, 3))


def test_a_program_without_source_is_known_by_its_name() -> None:
    space: dict[str, Any] = {}
    exec("async def other_program(): ...", space)
    program: Callable[..., object] = space["other_program"]
    fingerprint(program).require(other_program)
    fingerprint(other_program).require(program)


def test_anything_callable_has_a_fingerprint() -> None:
    class Program:
        async def __call__(self) -> None: ...
        async def method(self) -> None: ...

    @functools.wraps(other_program)
    def wrapped() -> object:
        return other_program()

    assert fingerprint(Program()) == fingerprint(Program()) != fingerprint(Program().method)
    assert fingerprint(wrapped) == fingerprint(other_program)
    assert fingerprint(sys.exit) == fingerprint(sys.exit)


def test_a_lambda_in_the_middle_of_a_call_counts() -> None:
    def first(program: Callable[..., object], *_: int) -> bytes:
        return fingerprint(program).source

    sources = [
        first(lambda: (1, other_program),
              1),
        first(lambda: (2, other_program),
              1),
    ]  # fmt: skip
    assert sources[0] != sources[1]
