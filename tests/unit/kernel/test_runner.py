"""Running a program on a loop of choice."""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import anyio
import pytest
import sniffio
import uvloop

from asyncndis.kernel import current_host, run

LOOPS = ("uvloop", "asyncio", "trio")


async def running_loop(*arguments: object) -> tuple[object, ...]:
    with anyio.move_on_after(0.0):  # anyio's machinery is there
        await anyio.sleep_forever()
    library = sniffio.current_async_library()
    is_uvloop = library == "asyncio" and isinstance(asyncio.get_running_loop(), uvloop.Loop)
    return (*arguments, "uvloop" if is_uvloop else library)


def test_uvloop_is_the_default() -> None:
    assert run(running_loop) == ("uvloop",)


@pytest.mark.parametrize("loop", LOOPS)
def test_the_chosen_loop_runs_main_with_its_arguments(loop: str) -> None:
    assert run(running_loop, 1, "two", loop=loop) == (1, "two", loop)  # type: ignore[arg-type]  # one of the literals


@pytest.mark.parametrize("loop", LOOPS)
def test_an_error_of_main_comes_out_as_it_is(loop: str) -> None:
    async def fails() -> None:
        raise KeyError(current_host().name)

    with pytest.raises(KeyError):
        run(fails, loop=loop)  # type: ignore[arg-type]  # one of the literals


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_debug_mode(loop: str) -> None:
    async def in_debug_mode() -> bool:
        return asyncio.get_running_loop().get_debug()

    assert run(in_debug_mode, loop=loop, debug=True)  # type: ignore[arg-type]  # one of the literals
    assert not run(in_debug_mode, loop=loop)  # type: ignore[arg-type]  # one of the literals


def test_trio_has_no_debug_mode() -> None:
    with pytest.raises(ValueError, match="trio has no debug mode; leave debug out"):
        run(running_loop, loop="trio", debug=True)


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_that_is_missing_is_named(loop: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, loop, None)
    with pytest.raises(RuntimeError, match=rf"{loop} is not installed here: pip install {loop}, or run\(main, loop="):
        run(running_loop, loop=loop)  # type: ignore[arg-type]  # one of the literals


@pytest.mark.parametrize(
    ("main", "sentence"),
    [
        (lambda: running_loop(1), r"write run\(main, argument\), not run\(main\(argument\)\)"),
        (lambda: 7, "main is a coroutine function, not int"),
    ],
)
def test_what_is_no_main_is_refused(main: Callable[[], Callable[[], Awaitable[None]]], sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        run(main())


def test_an_unknown_loop_is_refused() -> None:
    with pytest.raises(ValueError, match="loop is one of uvloop, asyncio, trio, not 'curio'"):
        run(running_loop, loop="curio")  # type: ignore[arg-type]  # that is the test


@pytest.mark.asyncio
async def test_no_loop_inside_another() -> None:
    with pytest.raises(RuntimeError, match="lready running asyncio"):
        run(running_loop)
