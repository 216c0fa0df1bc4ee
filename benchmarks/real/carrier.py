"""Programs that carry frames between two TAPs, each in the way that its package is fastest.

``python -m benchmarks.real.carrier NAME PLACE DEVICE PLACE DEVICE`` prints READY, and carries until it is ended.
"""

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from threading import Thread
from typing import Any

from .places import inside
from .taps import LONGEST, bare_tap, carry_batch, pytuntap, scapy_tap

__all__ = ["main"]


def _run_bare(left: int, right: int) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(left, carry_batch, left, right)
        loop.add_reader(right, carry_batch, right, left)
        print("READY", flush=True)
        await loop.create_future()

    asyncio.run(run())


def _run_pytuntap(left: Any, right: Any) -> None:
    def carry(source: Any, target: Any) -> None:
        while True:
            try:
                target.write(source.read(LONGEST))
            except OSError:  # the link is down; its lock is still held
                source.read_lock.release()

    Thread(target=carry, args=(left, right), daemon=True).start()
    print("READY", flush=True)
    carry(right, left)


def _run_scapy(left: Any, right: Any) -> None:
    print("READY", flush=True)
    import_module("scapy.all").bridge_and_sniff(left, right, store=False)


_PROGRAMS: dict[str, tuple[Callable[[str], Any], Callable[[Any, Any], None]]] = {
    "bare": (bare_tap, _run_bare),
    "offloading": (partial(bare_tap, headers=True), _run_bare),
    "pytuntap": (pytuntap, _run_pytuntap),
    "scapy": (scapy_tap, _run_scapy),
    "dissecting": (partial(scapy_tap, dissects=True), _run_scapy),
}


def main(name: str, *ends: str) -> None:
    """Open the two ends, and carry."""
    open_tap, run = _PROGRAMS[name]
    taps: list[Any] = []
    for place, device in zip(ends[::2], ends[1::2], strict=True):
        with inside(place):
            taps.append(open_tap(device))
    run(*taps)


if __name__ == "__main__":
    main(*sys.argv[1:])
