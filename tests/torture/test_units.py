"""Units of work: what goes to a worker and what comes back can be sent."""

import asyncio
import pickle
from functools import partial
from typing import Any

import pytest

from asyncndis.torture.search import Plan
from asyncndis.torture.units import RemoteError, Unit, inherited, portable_program, run_unit
from tests.torture import faulty


async def quick() -> None:
    await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))


class Unsendable(Exception):
    """Has something in its hands that no process can give to another."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.wires = (wire for wire in "ab")


async def raises_what_cannot_be_sent() -> None:
    raise Unsendable("cut wires")


def test_a_unit_runs_its_schedules_and_no_others() -> None:
    alone, rest = (
        run_unit(Unit(quick, Plan("random", 100, seed=5), first, count)) for first, count in ((0, 30), (30, 70))
    )
    assert (alone.result.schedules, rest.result.schedules) == (30, 70)
    alone.saturation.merge(rest.saturation)
    whole = run_unit(Unit(quick, Plan("random", 100, seed=5), 0, 100))
    assert alone.saturation.statistics() == whole.saturation.statistics()


def test_a_failure_has_the_number_of_its_schedule_in_the_whole_search() -> None:
    found = run_unit(Unit(faulty.lost_update, Plan("random", 1000), 500, 500)).result.failure
    assert found is not None
    assert found.schedule >= 500


def test_an_inherited_program_is_found_by_its_number() -> None:
    assert run_unit(Unit(inherited(quick), Plan("random", 10), 0, 10)).result.schedules == 10


def test_an_error_that_cannot_be_sent_is_told_in_words() -> None:
    unit = run_unit(Unit(raises_what_cannot_be_sent, Plan("random", 10), 0, 10))
    sent: Any = pickle.loads(pickle.dumps(unit))
    assert type(sent.result.failure.error) is RemoteError
    assert str(sent.result.failure.error) == "Unsendable: cut wires"


def test_a_program_must_have_a_name_that_can_be_sent() -> None:
    program = partial(faulty.lost_update)
    assert portable_program(program) is program

    async def inner() -> None:
        await quick()

    with pytest.raises(ValueError, match="make it a function at the top of a module"):
        portable_program(inner)
