"""Runs the bodies of example drivers, and finds the line in them that carries a mark."""

import asyncio
import textwrap
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

import anyio
import trio

import asyncndis.base
import asyncndis.kernel
import asyncndis.memory
import asyncndis.ndis
import asyncndis.nic

__all__ = ["driver", "marked_line", "run_on"]

Main = Callable[[], Awaitable[None]]


def driver(body: str, file: str) -> Main:
    """A coroutine function with such a body, in which the names of asyncndis are known."""
    modules: tuple[ModuleType, ...] = (
        asyncndis.base,
        asyncndis.kernel,
        asyncndis.memory,
        asyncndis.nic,
        asyncndis.ndis,
    )
    names: dict[str, Any] = {"anyio": anyio}
    for module in modules:
        names.update({name: getattr(module, name) for name in module.__all__})
    exec(compile(f"async def main():\n{textwrap.indent(body, '    ')}", file, "exec"), names)
    main: Main = names["main"]
    return main


def marked_line(body: str, rule: str) -> int:
    """The number of the line that ends in an arrow and the rule's id, below the line of ``def``."""
    (line,) = [number for number, line in enumerate(body.splitlines(), 2) if line.endswith(f"# <- {rule}")]
    return line


def run_on(loop: str, main: Main) -> None:
    if loop == "trio":
        trio.run(main)
    else:
        asyncio.run(main())  # type: ignore[arg-type]  # a coroutine function's result is a coroutine
