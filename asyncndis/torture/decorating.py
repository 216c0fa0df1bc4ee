"""``@torture``: makes of an ``async def`` test a plain one that runs it under many schedules.

What comes out is an ordinary function with the same parameters, so that pytest's fixtures and parametrize work, and
neither pytest-asyncio nor anyio's plugin takes it for theirs. Command line and configuration reach it through
``settings_in_force``, which the pytest plugin fills; without the plugin the decorator works just the same.
"""

import inspect
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, ParamSpec, overload

from .exploring import Faults, explore, replay
from .outcome import Failure
from .replaystring import StaleReplay

__all__ = ["TestSettings", "settings_in_force", "torture"]

P = ParamSpec("P")
Test = Callable[P, Coroutine[Any, Any, object]]


@dataclass(frozen=True)
class TestSettings:
    """What surrounds a test: overrides beat the decorator's arguments, defaults stand in for those it does not give.

    :ivar overrides: values of the command line and the environment, by argument name of ``explore``
    :ivar defaults: values of the configuration
    :ivar replay: a line to replay instead of searching
    :ivar recall: the lines of earlier failures, to be replayed first
    :ivar remember: keeps the line of a failure; called with None when the test passes
    :ivar tell: takes the replay line of a failure
    """

    __test__ = False  # no test of pytest's, in spite of its name

    overrides: dict[str, Any]
    defaults: dict[str, Any]
    replay: str | None = None
    recall: Callable[[], list[str]] = list
    remember: Callable[[str | None], object] = lambda _line: None
    tell: Callable[[str], object] = lambda _line: None


_settings: ContextVar[TestSettings | None] = ContextVar("asyncndis_torture", default=None)


@contextmanager
def settings_in_force(settings: TestSettings) -> Generator[None]:
    """Let settings hold for the tests that run in a block."""
    token = _settings.set(settings)
    try:
        yield
    finally:
        _settings.reset(token)


@overload
def torture(test: Test[P], /) -> Callable[P, None]: ...
@overload
def torture(
    *,
    strategy: str = ...,
    schedules: int = ...,
    seed: int = ...,
    max_steps: int = ...,
    cancel: bool = ...,
    faults: Faults | None = ...,
    jobs: int = ...,
    timeout: float | None = ...,
) -> Callable[[Test[P]], Callable[P, None]]: ...
def torture(test: Any = None, /, **arguments: Any) -> Any:
    """Run an ``async def`` test under many schedules: ``@torture`` or ``@torture(schedules=5000, cancel=True)``.

    :param test: the test
    :param arguments: as for :func:`explore`
    :returns: a plain function with the test's parameters; it raises what the first failing schedule raised, with the
        report as a note
    :raises TypeError: what is decorated is no coroutine function, or an argument is not known
    """
    known = set(inspect.signature(explore).parameters) - {"program", "executor", "progress"}
    unknown = sorted(set(arguments) - known)
    if unknown:
        raise TypeError(f"torture() does not know {unknown[0]!r}: it takes {', '.join(sorted(known))}")
    return partial(_decorate, arguments=arguments) if test is None else _decorate(test, arguments)


def _decorate(test: Any, arguments: dict[str, Any]) -> Any:
    handle = getattr(test, "hypothesis", None)
    if handle is not None:  # @torture over @given: hypothesis calls what is tortured
        handle.inner_test = _decorate(handle.inner_test, arguments)
        return test
    if not inspect.iscoroutinefunction(test):
        raise TypeError(f"@torture goes over an `async def` test, and {test!r} is none")

    @wraps(test)
    def tortured(*args: Any, **kwargs: Any) -> None:
        _run(partial(test, *args, **kwargs), arguments)

    tortured.__tortured__ = True  # type: ignore[attr-defined]  # by this the pytest plugin knows it
    return tortured


def _run(program: Callable[[], Coroutine[Any, Any, object]], arguments: dict[str, Any]) -> None:
    settings = _settings.get() or TestSettings({}, {})
    if settings.replay is not None:
        failure = replay(settings.replay, program)
    else:
        chosen = {**settings.defaults, **arguments, **settings.overrides}
        failure = _replay_earlier(settings, program) or explore(program, **chosen).failure
        settings.remember(None if failure is None else failure.replay)
    if failure is not None:
        settings.tell(failure.replay)
        failure.error.add_note(f"\n{failure.report()}")
        raise failure.error


def _replay_earlier(settings: TestSettings, program: Callable[[], Coroutine[Any, Any, object]]) -> Failure | None:
    for line in settings.recall():
        try:
            failure = replay(line, program)
        except StaleReplay:
            continue  # the test was changed: search anew
        if failure is not None:
            return failure
    return None
