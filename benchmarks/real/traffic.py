"""TCP and ping of the kernel through programs that carry frames, each a process of its own between two namespaces.

Unlike elsewhere, time is that of the clock, since what is carried, and by whom, includes the kernel: all sides stand
ready beside each other, and are used in turns.
"""

import asyncio
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from statistics import median
from threading import Thread
from time import perf_counter

from benchmarks.harness import FULL, Effort, Sample, Turns, take_turns
from benchmarks.results import Row, at_least, at_most

from .places import LEFT, RIGHT, ip, lack, namespaces, set_up, socket_in

__all__ = ["Line", "lines", "ping", "round_trip", "throughput", "transfer"]

PLAIN, WHOLE = "asyncndis bridge, plain TAPs", "asyncndis bridge"
BARE, BARE_WHOLE = "a bare loop in batches", "that loop with offload headers"
PYTUNTAP, SCAPY, SCAPY_AS_IT_IS = "python-pytuntap", "scapy, dissecting nothing", "scapy as it is"
KERNEL = "the kernel's bridge"
_PROGRAMS = {
    BARE: "bare",
    BARE_WHOLE: "offloading",
    PYTUNTAP: "pytuntap",
    SCAPY: "scapy",
    SCAPY_AS_IT_IS: "dissecting",
}
_PACKAGES = {PYTUNTAP: "tuntap", SCAPY: "scapy", SCAPY_AS_IT_IS: "scapy"}
_ROOT = Path(__file__).parents[2]
_PORT = 5001
_CHUNK = 1 << 17
_ECHO, _ECHO_REPLY = 8, 0
_PATIENCE_S = 5.0


@dataclass(frozen=True)
class Line:
    """Two namespaces with something between them.

    :ivar left: where ``LEFT`` is
    :ivar right: where ``RIGHT`` is
    """

    left: str
    right: str


def throughput(effort: Effort) -> Iterator[Row]:
    """TCP through them."""
    goals = {
        (PLAIN, BARE): at_least(0.67, 0.85),
        (PLAIN, PYTUNTAP): at_least(1),
        (PLAIN, SCAPY): at_least(40),
        (PLAIN, SCAPY_AS_IT_IS): None,
        (WHOLE, KERNEL): at_least(0.4, 0.6),
        (WHOLE, PYTUNTAP): at_least(6),
        (WHOLE, BARE_WHOLE): None,
        (BARE_WHOLE, KERNEL): None,
    }
    seconds = 0.5 if effort == FULL else 0.3
    turns, reason = _measured(goals, effort, partial(transfer, seconds=seconds))
    for (name, against), goal in goals.items():
        row = turns.speed(f"TCP, {name}", name, against, goal)
        speeds = [f"{8e-6 / median(turns.seconds[one]):.3g}" for one in (name, against) if one in turns.seconds]
        yield replace(row, note=reason or f"{' : '.join(speeds)} Mbit/s")


def round_trip(effort: Effort) -> Iterator[Row]:
    """A ping through them."""
    goals = {
        (PLAIN, BARE): at_most(1.5),
        (WHOLE, BARE): at_most(1.5),
        (SCAPY, WHOLE): at_least(20),
        (SCAPY_AS_IT_IS, WHOLE): None,
    }
    turns, reason = _measured(goals, effort, partial(ping, count=200 if effort == FULL else 30))
    for (name, against), goal in goals.items():
        row = turns.cost(f"ping, {name}", name, against, goal)
        yield replace(row, note=reason or row.note)


def _measured(pairs: Iterable[tuple[str, str]], effort: Effort, measure: "partial[float]") -> tuple[Turns, str]:
    """Measure all who occur in a comparison; the reason, where that cannot be done."""
    reason = lack()
    if reason:
        return Turns({}), reason

    async def take() -> Turns:
        with lines(dict.fromkeys(chain.from_iterable(pairs))) as found:
            samples = {name: _sample(measure, line) for name, line in found.items()}
            return await take_turns(samples, effort.scene_rounds * (3 if effort == FULL else 1))

    return asyncio.run(take()), ""


def _sample(measure: "partial[float]", line: Line) -> Sample:
    async def sample() -> float:
        return measure(line)

    return sample


def transfer(line: Line, *, seconds: float) -> float:
    """Send by TCP for so many seconds; how many of them a byte takes."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket_in(line.right, socket.AF_INET, socket.SOCK_STREAM))
        sender = stack.enter_context(socket_in(line.left, socket.AF_INET, socket.SOCK_STREAM))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((RIGHT, _PORT))
        listener.listen()
        sender.connect((RIGHT, _PORT))
        receiver = stack.enter_context(listener.accept()[0])
        for end in (sender, receiver):  # what is on its way at the end is thrown away
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        receiver.settimeout(_PATIENCE_S)
        thread = Thread(target=_send, args=(sender,), daemon=True)
        thread.start()
        memory = bytearray(1 << 20)
        received, started = receiver.recv_into(memory), perf_counter()
        while (taken := perf_counter() - started) < seconds:
            received += receiver.recv_into(memory)
        receiver.close()
        with suppress(OSError):  # it may know already
            sender.shutdown(socket.SHUT_RDWR)
        thread.join()
        return taken / received


def _send(sender: socket.socket) -> None:
    data = bytes(_CHUNK)
    with suppress(OSError):
        while True:
            sender.sendall(data)


def ping(line: Line, *, count: int) -> float:
    """Ask for so many echoes, one after another; the median of the seconds until they come."""
    taken: list[float] = []
    with socket_in(line.left, socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as asking:
        asking.settimeout(_PATIENCE_S)
        asking.connect((RIGHT, 0))
        for number in range(count):
            request = _echo_request(number)
            started = perf_counter()
            asking.send(request)
            while True:
                answer = asking.recv(256)[20:]  # behind the header of IP
                if answer[0] == _ECHO_REPLY and answer[4:] == request[4:]:
                    break
            taken.append(perf_counter() - started)
    return median(taken)


def _echo_request(number: int) -> bytes:
    rest = struct.pack(">HH", os.getpid() & 0xFFFF, number) + bytes(48)
    checksum = 0xFFFF - (_ECHO * 256 + int.from_bytes(rest, "big")) % 0xFFFF
    return struct.pack(">BBH", _ECHO, 0, checksum) + rest


@contextmanager
def lines(names: Iterable[str]) -> Generator[Mapping[str, Line]]:
    """A line for each side whose package is here."""
    with ExitStack() as stack:
        here = [name for name in names if find_spec(_PACKAGES.get(name, "asyncndis")) is not None]
        yield {name: stack.enter_context(_line(name)) for name in here}


@contextmanager
def _line(name: str) -> Generator[Line]:
    with namespaces(3) as (hub, left, right), ExitStack() as stack:
        if name == KERNEL:
            _join_by_kernel(hub, left, right)
        else:
            stack.enter_context(_carrier(hub, _command(name, left, right)))
        set_up(left, "a", LEFT)
        set_up(right, "b", RIGHT)
        yield Line(left, right)


def _command(name: str, left: str, right: str) -> list[str]:
    if name in (PLAIN, WHOLE):
        options = ",plain" if name == PLAIN else ""
        return ["asyncndis.cli", "bridge", f"tap:a@{left}{options}", f"tap:b@{right}{options}"]
    return ["benchmarks.real.carrier", _PROGRAMS[name], left, "a", right, "b"]


@contextmanager
def _carrier(hub: str, command: Sequence[str]) -> Generator[None]:
    """A program that carries frames, from the moment that it is ready until the block ends."""
    words = ["ip", "netns", "exec", hub, sys.executable, "-m", *command]
    with subprocess.Popen(  # noqa: S603 - all words are ours
        words, cwd=_ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as program:
        try:
            assert program.stdout is not None
            if not any(b"READY" in line for line in program.stdout):
                raise RuntimeError(f"{' '.join(command)} has ended with status {program.wait()}")
            yield
        finally:
            program.kill()


def _join_by_kernel(hub: str, left: str, right: str) -> None:
    ip("-n", hub, "link", "add", "name", "bridge", "type", "bridge")
    ip("-n", hub, "link", "set", "dev", "bridge", "up")
    for place, device in ((left, "a"), (right, "b")):
        ip("-n", hub, "link", "add", "name", device, "type", "veth", "peer", "name", f"far-{device}")
        ip("-n", hub, "link", "set", "dev", f"far-{device}", "netns", place, "name", device)
        ip("-n", hub, "link", "set", "dev", device, "master", "bridge", "up")
