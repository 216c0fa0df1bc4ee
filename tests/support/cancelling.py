"""Cancels a scenario at each of its awaits, in every way there is, and looks at what is left afterwards.

A first run counts the suspensions of the scenario's task. Then it runs once more for each of them, on a fresh loop, and
is cancelled there: natively or by a scope, when it falls asleep or in the moment between being served and running on.
Suspension 0 is the start: the scenario begins with a cancellation already pending.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from itertools import product
from types import CodeType, FrameType, coroutine
from typing import Any, Generic, TypeVar, cast

import anyio
import trio

from tests.support.loops import run_on

__all__ = ["Means", "Moment", "Record", "Scenario", "cancel_at_each_await", "undisturbed"]

W = TypeVar("W")
T = TypeVar("T")


@dataclass(frozen=True)
class Scenario(Generic[W]):
    """Something a task does, and what has to be right after it was cancelled anywhere in it.

    :ivar make: makes a world at rest
    :ivar act: what is cancelled; it tidies up behind itself, as a driver must
    :ivar help: what the others do meanwhile, so that ``act`` is served in the end
    :ivar check: fails where something was lost
    """

    name: str
    make: Callable[[], Awaitable[W]]
    act: Callable[[W], Coroutine[Any, Any, object]]
    help: Callable[[W], Awaitable[object]]
    check: Callable[[W], Awaitable[object]]

    def __str__(self) -> str:
        return self.name


class Means(Enum):
    """How a task is cancelled."""

    NATIVE = "task.cancel()"
    SCOPE = "CancelScope.cancel()"


class Moment(Enum):
    """When: as the task falls asleep, or when it was served and has not run since."""

    ASLEEP = "asleep"
    SERVED = "served"


@dataclass
class Record:
    """What the runs of a scenario went through.

    :ivar suspensions: suspensions of one undisturbed run
    :ivar runs: how often it was cancelled
    :ivar interrupted: how often that ended it; a task that was served just before may finish its work
    :ivar called: the functions that it went through, by qualified name
    :ivar slept: those of them in which it slept
    """

    suspensions: int = 0
    runs: int = 0
    interrupted: int = 0
    called: set[str] = field(default_factory=set[str])
    slept: set[str] = field(default_factory=set[str])


def cancel_at_each_await(scenario: Scenario[Any], loop: str) -> Record:
    """Run ``scenario`` on ``loop``, cancel it at each of its suspensions in turn, and check what is left each time."""
    record = undisturbed(scenario, loop)
    means = [Means.SCOPE] if loop == "trio" else list(Means)
    for number, means_, moment in product(range(record.suspensions + 1), means, Moment):
        record.runs += 1
        record.interrupted += run_on(loop, partial(_cancelled, scenario, number, means_, moment))
    return record


def undisturbed(scenario: Scenario[Any], loop: str) -> Record:
    """Run ``scenario`` on ``loop`` once and cancel nothing."""
    record = Record()
    run_on(loop, lambda: _undisturbed(scenario, record))
    return record


async def _undisturbed(scenario: Scenario[W], record: Record) -> None:
    world = await scenario.make()

    def asleep(coroutine: object, _request: object) -> None:
        record.suspensions += 1
        record.slept.update(_coroutine_names(coroutine))

    async def act() -> None:
        await _watched(scenario.act(world), asleep, lambda: _recording_calls(record.called))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(act)
        await scenario.help(world)
    await scenario.check(world)


async def _cancelled(scenario: Scenario[W], number: int, means: Means, moment: Moment) -> bool:
    """One run with one cancellation; whether that ended ``act``."""
    world = await scenario.make()
    scope = anyio.CancelScope()
    ended = interrupted = False

    async def act() -> None:
        nonlocal ended, interrupted
        cancel = _canceller(means, scope)
        sleeps = 0

        def asleep(_coroutine: object, request: object) -> None:
            nonlocal sleeps
            sleeps += 1
            if sleeps == number:
                _arrange(cancel, moment, request)

        if number == 0:
            cancel()
        try:
            await _watched(scenario.act(world), asleep)
        except anyio.get_cancelled_exc_class():
            interrupted = True
            raise
        finally:
            ended = True

    if means is Means.NATIVE:
        task = asyncio.create_task(act())
        await scenario.help(world)
        await asyncio.wait([task])
        assert task.cancelled() or task.exception() is None, task.exception()
    else:
        await _beside(scope, act, partial(scenario.help, world))
    assert ended, f"{scenario} was never run"
    await scenario.check(world)
    return interrupted


async def _beside(
    scope: anyio.CancelScope, act: Callable[[], Awaitable[None]], others: Callable[[], Awaitable[object]]
) -> None:
    """``act`` within ``scope``, the others outside of it."""

    async def within_scope() -> None:
        with scope:
            await act()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(within_scope)
        await others()


def _canceller(means: Means, scope: anyio.CancelScope) -> Callable[[], object]:
    if means is Means.SCOPE:
        return scope.cancel
    task = asyncio.current_task()
    assert task is not None
    return task.cancel


def _arrange(cancel: Callable[[], object], moment: Moment, request: object) -> None:
    """Cancel now, or when what the task asked for is there and the task has not run yet."""
    if moment is Moment.ASLEEP:
        cancel()
    elif isinstance(request, asyncio.Future):
        served = cast("asyncio.Future[object]", request)
        served.add_done_callback(lambda _: cancel())  # called before the task's own, which is added after it
    elif request is None:
        asyncio.get_running_loop().call_soon(cancel)  # a bare yield of asyncio: the task is next in line
    else:
        trio.lowlevel.add_instrument(_WhenServed(trio.lowlevel.current_task(), cancel))


class _WhenServed(trio.abc.Instrument):
    """Cancels once a task of trio was rescheduled."""

    def __init__(self, task: trio.lowlevel.Task, cancel: Callable[[], object]) -> None:
        self._task = task
        self._cancel = cancel

    def task_scheduled(self, task: trio.lowlevel.Task) -> None:
        if task is self._task:
            trio.lowlevel.remove_instrument(self)
            self._cancel()


@coroutine
def _watched(
    watched: Coroutine[Any, Any, T],
    asleep: Callable[[object, object], object],
    running: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Generator[Any, Any, T]:
    """Drive a coroutine as its loop would, and tell ``asleep`` what it asks for whenever it suspends."""
    step: Callable[[], Any] = partial(watched.send, None)
    while True:
        try:
            with running():
                request = step()
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # StopIteration does not know the type of its value
        asleep(watched, request)
        try:
            answer = yield request
        except BaseException as error:  # noqa: BLE001 - whatever the loop throws goes on to the coroutine
            step = partial(watched.throw, error)
        else:
            step = partial(watched.send, answer)


def _coroutine_names(outermost: object) -> Iterator[str]:
    """The coroutines that stand behind a suspension, by qualified name."""
    awaited: Any = outermost
    while hasattr(awaited, "cr_await"):  # the driver of a handler has it, too
        code: CodeType | None = getattr(awaited, "cr_code", None)
        if code is not None:
            yield code.co_qualname
        awaited = awaited.cr_await


@contextmanager
def _recording_calls(names: set[str]) -> Generator[None]:
    def profile(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            names.add(frame.f_code.co_qualname)

    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(None)
