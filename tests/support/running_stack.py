"""A stack with a monitor in a process of its own: run as a module, with the names of stacks, until its input ends."""

import subprocess
import sys
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager

import anyio
from anyio import to_thread

from asyncndis.ndis import open_stack
from asyncndis.nic import SimpleNic, Wire
from tests.house.sources import ROOT
from tests.support.echoing import Keeper, Plain

__all__ = ["running_stacks"]


@contextmanager
def running_stacks(*names: str) -> Generator[subprocess.Popen[str]]:
    """Have stacks run in another process while the block lasts."""
    command = [sys.executable, "-m", "tests.support.running_stack", *names]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


async def _main(*names: str) -> None:
    async with AsyncExitStack() as stacks:
        for name in names:
            nic = SimpleNic(f"nic of {name}")
            Wire().attach(nic)
            await stacks.enter_async_context(open_stack(Keeper(), Plain(), nic=nic, name=name, monitor=True))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await to_thread.run_sync(sys.stdin.read)


if __name__ == "__main__":
    anyio.run(_main, *sys.argv[1:])
