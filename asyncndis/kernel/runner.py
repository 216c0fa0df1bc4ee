"""Running a program: the one place that chooses and imports an event loop.

uvloop is the default, since it is the fastest; nothing else takes its place silently. The loop is started by anyio, so
that task groups, cancel scopes and time-outs of anyio work on each of them.
"""

import inspect
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, Literal, TypeVar, TypeVarTuple

import anyio

__all__ = ["run"]

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")

_LOOPS = ("uvloop", "asyncio", "trio")


def run(
    main: Callable[[*Arguments], Awaitable[T]],
    *args: *Arguments,
    loop: Literal["uvloop", "asyncio", "trio"] = "uvloop",
    debug: bool = False,
) -> T:
    """Run ``main(*args)`` on an event loop of its own, until it ends.

    :param main: a coroutine function
    :param args: what it is called with
    :param loop: which event loop
    :param debug: asyncio's debug mode, on asyncio and uvloop; trio has none
    :returns: what ``main`` returns
    :raises RuntimeError: when a loop runs in this thread already, or the chosen one is not installed
    """
    _check(main, loop, debug=debug)
    backend = "trio" if loop == "trio" else "asyncio"
    options: dict[str, Any] = {} if loop == "trio" else {"debug": debug, "use_uvloop": loop == "uvloop"}
    return anyio.run(main, *args, backend=backend, backend_options=options)


def _check(main: object, loop: object, *, debug: bool) -> None:
    if inspect.iscoroutine(main):
        main.close()
        raise TypeError("main is called by run: write run(main, argument), not run(main(argument))")
    if not callable(main):
        raise TypeError(f"main is a coroutine function, not {type(main).__name__}")
    if loop not in _LOOPS:
        raise ValueError(f"loop is one of {', '.join(_LOOPS)}, not {loop!r}")
    if loop == "trio" and debug:
        raise ValueError("trio has no debug mode; leave debug out, or run on asyncio or uvloop")
    try:
        import_module(str(loop))
    except ImportError as error:
        raise RuntimeError(f"{loop} is not installed here: pip install {loop}, or run(main, loop='asyncio')") from error
