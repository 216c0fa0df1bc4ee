"""Who waits for what, held by whom: the sentences for a deadlock, an endless run, and tasks that outlive the program.

A task's chain of coroutines is walked to the program's own line that waits, and on to the primitive it waits for: a
lock, event, queue or the like of asyncio or anyio by its class and the name that the program knows it by.
"""

import asyncio
import gc
import inspect
from collections.abc import Iterator
from types import FrameType
from typing import Any

from .failures import FailureKind, Trouble
from .loop import ControlledLoop
from .sources import is_program, short_place

__all__ = ["Deadlock", "Endless", "TasksLeft", "deadlock", "endless_run", "tasks_left"]

_WAITING_CLASSES = (
    "Lock",
    "Semaphore",
    "BoundedSemaphore",
    "Event",
    "Condition",
    "Queue",
    "Barrier",
    "CapacityLimiter",
    "StreamReader",
    "StreamWriter",
    "Server",
    "SocketStream",
)
_STEPS_OF_GENERATORS = ("async_generator_asend", "async_generator_athrow")


class Deadlock(RuntimeError):
    """Nobody is ready, no timer is set, and the program is not over."""


class Endless(RuntimeError):
    """The bound of steps was reached."""


class TasksLeft(RuntimeError):
    """The program is over and tasks are not."""


def deadlock(loop: ControlledLoop) -> Trouble:
    """Nobody can go on: each task that is left, and what it waits for."""
    return Trouble(FailureKind.DEADLOCK, Deadlock(f"nobody can go on: {_sentences(loop)}"))


def endless_run(loop: ControlledLoop) -> Trouble:
    """The bound of steps was reached: somebody starves if it waits for a primitive, else nobody gets anywhere."""
    starves = any(_waits_for_primitive(task) for task in loop.tasks if not task.done())
    kind = FailureKind.STARVATION if starves else FailureKind.LIVELOCK
    return Trouble(kind, Endless(f"the run does not end: {_sentences(loop)}"))


def tasks_left(loop: ControlledLoop) -> Trouble:
    """The program is over and tasks are not."""
    return Trouble(FailureKind.LEFT, TasksLeft(f"the program ended before its tasks: {_sentences(loop)}"))


def _sentences(loop: ControlledLoop) -> str:
    return "; ".join(_sentence(loop, task) for task in loop.tasks if not task.done())


def _sentence(loop: ControlledLoop, task: "asyncio.Task[Any]") -> str:
    frames = list(_frames(task))
    place = next(
        (
            f" in {frame.f_code.co_name} ({short_place(frame.f_code.co_filename, frame.f_lineno)})"
            for frame in reversed(frames)
            if is_program(frame.f_code.co_filename)
        ),
        "",
    )
    waiter: Any = getattr(task, "_fut_waiter", None)
    if waiter is None:
        return f"{loop.name_of(task)} is ready{place}"
    return f"{loop.name_of(task)} waits for {_awaited(loop, frames, waiter)}{place}"


def _frames(task: "asyncio.Task[Any]") -> Iterator[FrameType]:
    """The frames of a suspended task, outermost first."""
    awaited: Any = task.get_coro()
    while awaited is not None:
        for kind in ("cr", "gi", "ag"):
            frame = getattr(awaited, f"{kind}_frame", None)
            if frame is not None:
                yield frame
        awaited = _awaited_by(awaited)


def _awaited_by(awaiting: Any) -> Any:
    """The next link of a chain of coroutines; None at its end."""
    for name in ("cr_await", "gi_yieldfrom", "ag_await"):
        found = getattr(awaiting, name, None)
        if found is not None:
            return found
    if type(awaiting).__name__ in _STEPS_OF_GENERATORS:
        return next((each for each in gc.get_referents(awaiting) if inspect.isasyncgen(each)), None)
    return None


def _primitive(frames: list[FrameType]) -> tuple[object, FrameType | None]:
    """The lock, event, queue or the like in which a chain of coroutines waits, and the frame that called it."""
    caller: FrameType | None = None
    for frame in frames:
        thing = frame.f_locals.get("self")
        if not is_program(frame.f_code.co_filename) and type(thing).__name__ in _WAITING_CLASSES:
            return thing, caller
        caller = frame
    return None, None


def _waits_for_primitive(task: "asyncio.Task[Any]") -> bool:
    return getattr(task, "_fut_waiter", None) is not None and _primitive(list(_frames(task)))[0] is not None


def _awaited(loop: ControlledLoop, frames: list[FrameType], waiter: Any) -> str:
    """What a task waits for, in words."""
    if issubclass(waiter.__class__, asyncio.Task):
        return loop.name_of(waiter)
    thing, caller = _primitive(frames)
    if thing is not None:
        name = "" if caller is None else _name_of(thing, caller)
        return f"{type(thing).__name__}{name and ' ' + name}{_held_by(loop, thing)}"
    children = getattr(waiter, "_children", ())  # of gather
    for frame in frames:
        group = frame.f_locals.get("self")
        if type(group).__name__ == "TaskGroup":
            children = getattr(group, "_tasks", ())
    tasks = [
        loop.name_of(other) for other in loop.tasks if not other.done() and (other in children or _wakes(other, waiter))
    ]
    if tasks:
        return " and ".join(tasks)
    due = loop.timers.due_for(waiter)
    return "a future that nobody has settled" if due is None else f"a timer, due in {due - loop.now:g} s"


def _wakes(task: "asyncio.Task[Any]", waiter: Any) -> bool:
    """Whether a task's end settles a future: gather and wait keep it in what they have called back."""
    for callback, _context in getattr(task, "_callbacks", None) or ():
        function = getattr(callback, "func", callback)
        cells = getattr(function, "__closure__", None) or ()
        if any(_content(cell) is waiter for cell in cells) or waiter in (getattr(callback, "args", None) or ()):
            return True
    return False


def _content(cell: Any) -> object:
    try:
        return cell.cell_contents
    except ValueError:
        return None


def _name_of(thing: object, frame: FrameType) -> str:
    """How the program calls a thing: a variable, or an attribute of ``self``."""
    for name, value in frame.f_locals.items():
        if value is thing and name != "self":
            return name
    owner = frame.f_locals.get("self")
    for name, value in getattr(owner, "__dict__", {}).items():
        if value is thing:
            return f"self.{name}"
    return next((name for name, value in frame.f_globals.items() if value is thing), "")


def _held_by(loop: ControlledLoop, thing: Any) -> str:
    number = loop.holders.get(id(thing))
    if number is not None:
        return f", held by {loop.names()[number]}"
    owner = getattr(thing.statistics(), "owner", None) if hasattr(thing, "statistics") else None  # anyio's know it
    holders = [loop.name_of(task) for task in loop.tasks if owner is not None and id(task) == owner.id]
    return f", held by {holders[0]}" if holders else ""
