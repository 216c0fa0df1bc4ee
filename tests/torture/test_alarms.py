"""The alarm of a test runner ends a search."""

import asyncio
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from asyncndis.torture import explore


class TooLate(BaseException):
    """Raised by the alarm, like pytest's own outcomes no Exception."""


def give_up(*_: object) -> None:
    raise TooLate


@pytest.mark.timeout(60, method="thread")  # SIGALRM is the test's
@pytest.mark.parametrize("in_a_task", [False, True])
def test_an_alarm_in_the_middle_of_a_program_ends_the_search(*, in_a_task: bool) -> None:
    async def spin() -> None:
        signal.raise_signal(signal.SIGALRM)
        while True:
            pass

    async def program() -> None:
        if not in_a_task:
            await spin()
        await asyncio.wait([asyncio.create_task(spin())])

    before = signal.signal(signal.SIGALRM, give_up)
    try:
        with pytest.raises(TooLate):
            explore(program, schedules=3)
        assert signal.getsignal(signal.SIGALRM) is give_up
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.timeout(60, method="thread")
@pytest.mark.parametrize("handler", [signal.SIG_DFL, signal.SIG_IGN, give_up])
def test_the_handler_is_as_before_when_the_search_is_over(handler: signal.Handlers) -> None:
    async def program() -> None: ...

    before = signal.signal(signal.SIGALRM, handler)
    try:
        assert explore(program, schedules=1).failure is None
        assert signal.getsignal(signal.SIGALRM) is handler
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_search_in_another_thread_needs_no_handler() -> None:
    async def program() -> None: ...

    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(explore, program, schedules=1).result().failure is None
