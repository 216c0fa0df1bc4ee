"""What the verbs have in common that run until they are told to end: the choice of a loop, READY, and the signals."""

import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Literal

import anyio
import click

from asyncndis.ndis.grouping import plain_task_group

__all__ = ["Loop", "loop_option", "say_ready", "until_signal"]

Loop = Literal["uvloop", "asyncio", "trio"]

loop_option = click.option(
    "--loop",
    "loop",
    default="uvloop",
    show_default=True,
    type=click.Choice(["uvloop", "asyncio", "trio"]),
    help="The event loop to run on.",
)


@asynccontextmanager
async def until_signal() -> AsyncGenerator[anyio.Event]:
    """An event that is set by SIGTERM and by SIGINT, which are caught until the block ends."""
    told = anyio.Event()
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:

        async def listen() -> None:
            async for _ in signals:
                told.set()

        async with plain_task_group() as tasks:
            tasks.start_soon(listen)
            try:
                yield told
            finally:
                tasks.cancel_scope.cancel()


def say_ready(*, as_json: bool = False) -> None:
    """Tell whoever started this program that it serves now; beside its JSON, on the other output."""
    click.echo("READY", err=as_json)
