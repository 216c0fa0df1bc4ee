"""Timers by their NDIS names."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from asyncndis.ddi import (
    NdisCancelTimer,
    NdisInitializeTimer,
    NdisMCancelTimer,
    NdisMInitializeTimer,
    NdisMSetPeriodicTimer,
    NdisMSetTimer,
    NdisSetTimer,
    NdisSetTimerEx,
)
from asyncndis.kernel import Irql, Kernel, Timer, VirtualClock, current_irql, use_clock
from tests.support.words import WordsMiniport, words_machine

pytestmark = pytest.mark.every_loop


class Watch:
    """A timer function, and what it was called with."""

    def __init__(self) -> None:
        self.contexts: list[object] = []

    def __call__(self, specific1: None, context: object, specific2: None, specific3: None) -> None:
        assert current_irql() == Irql.DISPATCH
        self.contexts.append(context)


@asynccontextmanager
async def virtual_kernel() -> AsyncGenerator[tuple[Kernel, VirtualClock]]:
    with use_clock(VirtualClock()) as clock:
        async with Kernel() as kernel:
            yield kernel, clock


async def test_a_timer_fires_once() -> None:
    watch = Watch()
    async with virtual_kernel() as (_, clock):
        timer = NdisInitializeTimer(watch, "context", name="watchdog")
        NdisSetTimer(timer, 10)
        NdisSetTimer(timer, 20)
        await clock.advance(0.019)
        assert watch.contexts == []
        await clock.advance(1)
        assert watch.contexts == ["context"]
        assert not NdisCancelTimer(timer)


async def test_another_context() -> None:
    watch = Watch()
    async with virtual_kernel() as (_, clock):
        timer = NdisInitializeTimer(watch, "context")
        NdisSetTimerEx(timer, 10, "another")
        await clock.advance(1)
    assert watch.contexts == ["another"]


async def test_a_timer_is_cancelled() -> None:
    watch = Watch()
    async with virtual_kernel() as (_, clock):
        timer = NdisInitializeTimer(watch, None)
        NdisSetTimer(timer, 10)
        assert NdisCancelTimer(timer)
        await clock.advance(1)
    assert watch.contexts == []


async def test_timers_of_a_miniport() -> None:
    watch = Watch()
    timers: list[Timer] = []
    with use_clock(VirtualClock()) as clock:
        miniport = WordsMiniport(lambda handle: timers.append(NdisMInitializeTimer(handle, watch, "adapter")))
        async with words_machine(miniport):
            timer = timers[0]
            NdisMSetTimer(timer, 5)
            await clock.advance(0.005)
            assert watch.contexts == ["adapter"]
            NdisMSetPeriodicTimer(timer, 10)
            await clock.advance(0.030)
            assert watch.contexts == ["adapter"] * 4
            assert NdisMCancelTimer(timer)
