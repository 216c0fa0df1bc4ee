"""Ways out of the simulation, each closed with an error at the line that takes it.

What a real socket, thread or process does next no schedule decides, so a program that uses one cannot be replayed.
While a search runs, ``guarded`` puts a guard before every function that leads outside. A guard refuses only what the
explored program does: the call must come from the thread whose running loop is a simulated one. Other threads, signal
handlers of test runners between two runs, debuggers and coverage pass. ``allow`` opens a way for one block of code.
"""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from pathlib import Path
from types import FrameType
from typing import Any, Literal, NamedTuple, get_args

from .patches import Patch, Patches
from .sources import is_program

__all__ = [
    "LeftSimulation",
    "Simulated",
    "Way",
    "allow",
    "allowed_ways",
    "back_from_job",
    "guarded",
    "in_job",
    "in_simulation",
    "inside_job",
    "left_simulation",
    "outside",
]

Way = Literal["sockets", "threads", "processes", "signals", "sleep"]
"""What leads out of a simulation."""


class LeftSimulation(RuntimeError):
    """The program did something that no schedule controls; the text names the line and the way to do without."""


class Simulated:
    """Marks the event loops whose programs must not leave them."""


WAYS_OUT: dict[Way, str] = {
    "sockets": "use asyncio streams or anyio.connect_tcp, which have a network in memory",
    "threads": "use asyncio.to_thread, run_in_executor or anyio.to_thread, whose functions run as steps here",
    "processes": "replace the process by a coroutine in the test",
    "signals": "call the handler from a task",
    "sleep": "await asyncio.sleep, whose time is virtual",
}


class Exit(NamedTuple):
    """A function that leads outside: where it is, how the program calls it, and what that does."""

    way: Way
    module: str
    name: str
    shown: str
    does: str


_REAL_LOOP = "makes an event loop that waits for real files"
_WAITING = "would wait for a thread that no schedule runs"
EXITS = (
    Exit("sockets", "socket", "socket.__init__", "socket.socket()", "opens a real socket"),
    Exit("sockets", "socket", "socket.accept", "socket.accept()", "waits for a real connection"),
    Exit("sockets", "socket", "create_connection", "socket.create_connection()", "opens a real socket"),
    Exit("sockets", "socket", "socketpair", "socket.socketpair()", "opens real sockets"),
    Exit("sockets", "socket", "fromfd", "socket.fromfd()", "opens a real socket"),
    Exit("sockets", "socket", "getaddrinfo", "socket.getaddrinfo()", "asks the real resolver"),
    Exit("sockets", "socket", "gethostbyname", "socket.gethostbyname()", "asks the real resolver"),
    Exit("sockets", "asyncio", "new_event_loop", "asyncio.new_event_loop()", _REAL_LOOP),
    Exit("sockets", "asyncio.events", "new_event_loop", "asyncio.new_event_loop()", _REAL_LOOP),
    Exit("threads", "threading", "Thread.start", "Thread.start()", "starts a real thread"),
    Exit("threads", "threading", "Condition.wait", "a wait of threading", _WAITING),
    Exit("threads", "_thread", "start_new_thread", "start_new_thread()", "starts a real thread"),
    Exit("threads", "_thread", "start_new", "start_new()", "starts a real thread"),
    Exit("threads", "_thread", "start_joinable_thread", "start_joinable_thread()", "starts a real thread"),
    Exit("threads", "concurrent.futures.thread", "ThreadPoolExecutor.submit", "submit()", "starts a real thread"),
    Exit("processes", "concurrent.futures.process", "ProcessPoolExecutor.submit", "submit()", "starts a process"),
    Exit("processes", "multiprocessing.process", "BaseProcess.start", "Process.start()", "starts a process"),
    Exit("processes", "subprocess", "Popen.__init__", "subprocess.Popen()", "starts a process"),
    Exit("processes", "_posixsubprocess", "fork_exec", "fork_exec()", "starts a process"),
    Exit("processes", "os", "fork", "os.fork()", "starts a process"),
    Exit("processes", "os", "forkpty", "os.forkpty()", "starts a process"),
    Exit("processes", "os", "posix_spawn", "os.posix_spawn()", "starts a process"),
    Exit("processes", "os", "posix_spawnp", "os.posix_spawnp()", "starts a process"),
    Exit("processes", "os", "system", "os.system()", "starts a process"),
    Exit("signals", "signal", "signal", "signal.signal()", "waits for real signals"),
    Exit("signals", "signal", "setitimer", "signal.setitimer()", "waits for real signals"),
    Exit("signals", "signal", "alarm", "signal.alarm()", "waits for real signals"),
    Exit("sleep", "time", "sleep", "time.sleep()", "blocks the event loop"),
)

_allowed: ContextVar[frozenset[str]] = ContextVar("allowed ways out", default=frozenset())


class _Here(threading.local):
    """What is so in this thread: the loop whose job runs, if one does."""

    job_of: asyncio.AbstractEventLoop | None = None


_here = _Here()


def left_simulation(shown: str, does: str, way_out: str) -> LeftSimulation:
    """The error for something that leaves the simulation; it names the line of the program that is being run.

    :param shown: the call, as a program writes it
    :param does: what that would do
    :param way_out: what to write instead
    """
    return LeftSimulation(f"{shown}{_place()} {does} and leaves the simulation: {way_out}")


@contextmanager
def allow(*ways: Way) -> Generator[None]:
    """Let the code of a block leave the simulation; what it does there is not replayed.

    :param ways: any of "sockets", "threads", "processes", "signals", "sleep"
    :raises ValueError: for another name
    """
    unknown = sorted(set(ways) - set(get_args(Way)))
    if unknown:
        raise ValueError(f"allow() does not know {unknown[0]!r}: it takes {', '.join(map(repr, get_args(Way)))}")
    before = _allowed.get()
    _allowed.set(before | set(ways))
    try:
        yield
    finally:
        _allowed.set(before)  # not by token: a generator's block may end in another context


def allowed_ways() -> frozenset[str]:
    """What is allowed here."""
    return _allowed.get()


@contextmanager
def outside() -> Generator[None]:
    """Run a block of the explorer's own code, such as a report of progress, as if no simulation were there."""
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)


@contextmanager
def inside_job(allowed: frozenset[str] = frozenset()) -> Generator[None]:
    """Run a block as a thread of an executor would: no loop runs there, and it may sleep, which takes no time.

    :param allowed: what was allowed where the job was made
    """
    before = _here.job_of
    _here.job_of = asyncio._get_running_loop()
    token = _allowed.set(allowed)
    try:
        with outside():
            yield
    finally:
        _allowed.reset(token)
        _here.job_of = before


@contextmanager
def back_from_job() -> Generator[None]:
    """Run a block of a job as the loop would, to which the job gave it."""
    loop = _here.job_of
    _here.job_of = None
    asyncio._set_running_loop(loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(None)
        _here.job_of = loop


def in_job() -> bool:
    """Whether a job runs in this thread, in a simulation."""
    return isinstance(_here.job_of, Simulated)


def in_simulation() -> bool:
    """Whether this thread runs code of an explored program."""
    return isinstance(asyncio._get_running_loop(), Simulated) or in_job()


# The guards


def _guards() -> Iterator[Patch]:
    for exit_ in EXITS:
        owner: Any = sys.modules.get(exit_.module)
        *path, name = exit_.name.split(".")
        for step in path:
            owner = getattr(owner, step, None)
        original = getattr(owner, name, None)
        if original is not None:
            yield Patch(owner, name, _guard(original, exit_))
    guard: Any = time.sleep
    for module in _who_imported("sleep", guard.__wrapped__, len(sys.modules)):
        yield Patch(module, "sleep", guard)


@lru_cache(maxsize=1)
def _who_imported(name: str, function: object, _modules: int) -> list[Any]:
    """The modules that took a function by ``from ... import name``; looked for again when there are more modules."""
    return [module for module in [*sys.modules.values()] if getattr(module, "__dict__", {}).get(name) is function]


@lru_cache(maxsize=64)
def _guard(original: Callable[..., Any], exit_: Exit) -> Callable[..., Any]:
    @wraps(original)
    def guard(*args: Any, **kwargs: Any) -> Any:
        if not in_simulation() or exit_.way in _allowed.get():
            return original(*args, **kwargs)
        if exit_.way == "sleep" and in_job():
            return None
        if _is_tools():
            return original(*args, **kwargs)
        way_out = f'{WAYS_OUT[exit_.way]}, or write `with allow("{exit_.way}"):` around it'
        raise left_simulation(exit_.shown, exit_.does, way_out)

    return guard


guarded = Patches(_guards).applied
"""Guards all ways out for as long as a block runs: ``with guarded():``."""


# Whose line it is

_RUNNERS = {str(Path(__file__).with_name(name)) for name in ("recording.py", "running.py")}
"""What calls the program: the calls before that are not its own."""
_TOOLS = {"IPython", "_pydev_bundle", "_pydevd_bundle", "_pytest", "bdb", "coverage", "debugpy", "pdb", "pydevd"}
"""Debuggers and the like: they may stop in the middle of a program and wait for real signals, sockets and threads."""


def _calls() -> Iterator[FrameType]:
    """The calls that lead here within the run, innermost first."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename not in _RUNNERS:
        yield frame
        frame = frame.f_back


def _is_tools() -> bool:
    """Whether a tool called, not the program."""
    for frame in _calls():
        if str(frame.f_globals.get("__name__")).partition(".")[0] in _TOOLS:
            return True
        if is_program(frame.f_code.co_filename):
            return False
    return False


def _place() -> str:
    """The line of the program that leads here, or else of an installed library; empty if there is none."""
    library = ""
    for frame in _calls():
        filename = frame.f_code.co_filename
        if is_program(filename):
            path = Path(filename)
            shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
            return f" at {shown}:{frame.f_lineno}"
        if not library and "/site-packages/" in filename:
            library = f" in {filename.rpartition('/site-packages/')[2]}:{frame.f_lineno}"
    return library
