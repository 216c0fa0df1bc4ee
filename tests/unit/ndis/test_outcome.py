"""Waiting patiently: until it comes true, or its time is up, whoever moves the clock."""

from typing import Any

import pytest
from anyio import create_task_group

from asyncndis.kernel import Seat, VirtualClock, use_clock
from asyncndis.kernel.clock import SECOND
from asyncndis.ndis.outcome import wait_patiently

pytestmark = pytest.mark.every_loop


class Patient:
    """Waits for three seconds at most."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.is_true = False
        self.looks = 0
        self.seats: list[Seat[Any]] = []
        self.answers: list[tuple[bool, float]] = []

    def condition(self) -> bool:
        self.looks += 1
        return self.is_true

    async def wait(self) -> None:
        answer = await wait_patiently(self.clock, 3, self.condition, self.seats.append)
        self.answers.append((answer, self.clock.now() / SECOND))


async def test_it_moves_the_clock_where_nobody_else_does() -> None:
    with use_clock(VirtualClock()) as clock:
        patient = Patient(clock)
        await patient.wait()
    assert [(answer, round(at, 1)) for answer, at in patient.answers] == [(False, 3.0)]


async def test_it_leaves_the_clock_to_another_task_that_moves_it() -> None:
    with use_clock(VirtualClock()) as clock:
        patient = Patient(clock)
        async with create_task_group() as group:
            clock.call_at(SECOND, lambda: group.start_soon(patient.wait))
            await clock.advance(60)
    assert patient.answers == [(False, 4)]
    assert patient.looks < 10


async def test_it_goes_on_moving_a_clock_that_another_task_has_left() -> None:
    with use_clock(VirtualClock()) as clock:
        patient = Patient(clock)
        async with create_task_group() as group:
            clock.call_at(SECOND, lambda: group.start_soon(patient.wait))
            await clock.advance(2)
            assert patient.answers == []
    assert [(answer, round(at, 1)) for answer, at in patient.answers] == [(False, 4.0)]


async def test_who_makes_it_true_wakes_it() -> None:
    with use_clock(VirtualClock()) as clock:
        patient = Patient(clock)

        def make_true() -> None:
            patient.is_true = True
            patient.seats.pop().set_result(None)

        async with create_task_group() as group:
            clock.call_at(SECOND, lambda: group.start_soon(patient.wait))
            clock.call_at(2 * SECOND, make_true)
            await clock.advance(60)
    assert patient.answers == [(True, 2)]
