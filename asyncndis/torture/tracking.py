"""Sees what the Python code of a step reads and writes, instruction by instruction.

A trace function (``sys.settrace``) is called before each instruction, and looks at the operands of those that can touch
shared state. That costs some 30 times the speed of the program, and is what partial-order reduction pays for knowing.
What it cannot see, such as C code that is in no table, makes a step unknown: it then depends on everything.
"""

import asyncio
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, Protocol

from .footprints import LOCAL_KINDS, WHOLE, Footprint, watched_by
from .tracking_calls import called
from .tracking_frames import slots_of, standing, supported
from .tracking_notes import Notes
from .tracking_plans import Plan, plan_of

__all__ = ["Tracker"]

_CORE = (
    "bookkeeping footprints injection lines loop naming points queueing recording running search simulation tasks"
    " timers waits"
)
_HERE = __name__.removesuffix("tracking")
_UNWATCHED_MODULES = (*(_HERE + name for name in _CORE.split()), f"{_HERE}tracking", f"{_HERE}strategies")
"""The explorer itself, which says by ``touch`` what its steps do; the network in memory is watched like a program."""
_IMPORTING = ("importlib", "_frozen_importlib")
_UNWATCHED = Plan(0, {}, {}, (), -1)
_COUNTING = frozenset(
    {
        "gather.<locals>._done_callback",
        "_wait.<locals>._on_completion",
        "TaskGroup._on_task_done",
        "TaskGroup._spawn.<locals>.task_done",
    }
)
"""Callbacks of asyncio and anyio that count who is done. Told of success, they come to the same in any order."""


class Loop(Protocol):
    """What a tracker needs to know of a loop."""

    ready: list[Any]

    def actor_of(self, entry: Any, /) -> int:
        """The actor that an entry of ``ready`` is a step of."""
        ...


class Tracker:
    """Tracks one run after another: ``start``, ``take`` after each step, ``stop``."""

    def __init__(self) -> None:
        self._notes = Notes()
        self._plans: dict[tuple[int, int], tuple[CodeType, dict[str, Any], Plan | None]] = {}
        self._before: Any = None
        self._running = False
        self._loop: Loop | None = None
        self._counted: set[int] = set()
        self._standing: dict[asyncio.Task[Any], tuple[Any, ...]] = {}
        self._supported = supported()

    def start(self, loop: Loop | None = None) -> None:
        """A run begins: watch from now on.

        :param loop: tells who becomes ready
        :raises RuntimeError: it is watching already
        """
        if self._running:
            raise RuntimeError("this tracker is watching a run already: stop it first")
        self._running = True
        self._loop = loop
        self._standing.clear()
        self._notes.begin_run()
        watched_by(self)
        if self._supported:
            self._before = sys.gettrace()
            sys._getframe().f_trace_opcodes = True  # 3.12 looks for one such frame when tracing begins
            sys.settrace(self._enter)

    def stop(self) -> None:
        """The run is over: watch no more, and let go of its objects."""
        if not self._running:
            return
        self._running = False
        watched_by(None)
        if self._supported:
            sys.settrace(self._before)
            self._before = None
        self._standing.clear()
        self._notes.begin_run()

    def take(self, task: "asyncio.Task[Any] | None" = None) -> Footprint:
        """What was touched since the last time, or since the start.

        :param task: whose step it was, if a task's; it read its own state, and changed it in its last step
        """
        if task is not None:
            self._notes.touch(task, WHOLE, write=task.done())
            waiter = getattr(task, "_fut_waiter", None)
            if waiter is not None and waiter.cancelled():
                self._notes.write(waiter)  # the task was cancelled before it came to wait
        if not self._supported:
            self._notes.unseen.add("everything: the layout of this interpreter's frames is not known")
        footprint = self._notes.take()
        footprint.counted = frozenset(self._counted)
        self._counted.clear()
        if task is not None and self._supported:
            footprint.still = self._stands_still(task, footprint)
        return footprint

    def _stands_still(self, task: "asyncio.Task[Any]", footprint: Footprint) -> bool:
        """Whether a task that changed nothing but its own coroutines stands where it stood before its step."""
        before = self._standing.pop(task, None)
        if footprint.unseen or any(kind not in LOCAL_KINDS for kind, _, _ in footprint.writes):
            return False
        now = standing(task.get_coro())
        if now is not None:
            self._standing[task] = now
        return now is not None and now == before

    def touched(self, obj: object, name: str | None, write: bool) -> None:
        """Somebody says that the running step touched an object."""
        self._notes.touch(obj, WHOLE if name is None else name, write)

    def called(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Somebody says that the running step calls a function."""
        called(self._notes, function, arguments)

    def lost(self, what: str) -> None:
        """Somebody says that the running step does something of which nobody can tell what it depends on."""
        self._notes.unseen.add(what)

    def _enter(self, frame: FrameType, _event: str, _argument: object) -> Any:
        """A function begins, or goes on: say how to trace it."""
        code = frame.f_code
        known = self._plans.get((id(code), id(frame.f_globals)))
        if known is None:
            known = (code, frame.f_globals, _plan(code, frame.f_globals))
            self._plans[id(code), id(frame.f_globals)] = known
        plan = known[2]
        if plan is None:
            self._notes.unseen.add(f"the code of {code.co_qualname}")
            return None
        if not plan.watches:
            return None
        counts = code.co_qualname in _COUNTING and _is_of_success(frame) and self._notes.begin_aside()
        watch = _watcher(self._notes, frame, plan, self._end_of_count() if counts else None)
        frame.f_trace = watch
        frame.f_trace_lines = False
        frame.f_trace_opcodes = True
        return watch

    def _end_of_count(self) -> Callable[[], None]:
        """What to do when a callback that counts returns."""
        loop = self._loop
        before = len(loop.ready) if loop is not None else 0

        def end() -> None:
            self._notes.end_aside()
            if loop is not None:
                self._counted.update(map(loop.actor_of, loop.ready[before:]))

        return end


def _plan(code: CodeType, names: dict[str, Any]) -> Plan | None:
    """The plan for a piece of code; an empty one for the explorer's own, None for what cannot be followed."""
    module = str(names.get("__name__", id(names)))
    if module.startswith(_UNWATCHED_MODULES) or module.startswith(_IMPORTING):
        return _UNWATCHED
    try:
        return plan_of(code, module)
    except (ValueError, KeyError):
        return None


def _is_of_success(frame: FrameType) -> bool:
    """Whether a library's callback was told of a future with a result."""
    if not str(frame.f_globals.get("__name__")).startswith(("asyncio.", "anyio.")):
        return False
    code, values = frame.f_code, frame.f_locals
    if values.get("return_when", asyncio.ALL_COMPLETED) != asyncio.ALL_COMPLETED:
        return False  # whoever comes first ends the wait: that is no counting
    told: Any = values[code.co_varnames[code.co_argcount - 1]]
    return told.done() and not told.cancelled() and told._exception is None


def _note_made(notes: Notes, slots: Any, top: int, kinds: tuple[type[Any], ...]) -> None:
    """What the last instruction made is on top of the stack, unless it raised an error."""
    if top:
        result = slots[top - 1]
        if type(result) in kinds:
            notes.birth(result)


def _watcher(
    notes: Notes, frame: FrameType, plan: Plan, at_end: Callable[[], None] | None
) -> Callable[[FrameType, str, object], Any]:
    find = plan.watches.get
    slots = slots_of(frame, plan.slots)
    tops = plan.tops
    if frame.f_lasti <= plan.start:
        for cell in plan.cells:
            notes.birth(slots[cell])
    made: tuple[type[Any], ...] | None = None

    def watch(frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal made
        if event == "opcode":
            if made is not None:
                _note_made(notes, slots, tops.get(frame.f_lasti, 0), made)
                made = None
            found = find(frame.f_lasti)
            if found is not None:
                look, top, argument = found
                try:
                    made = look(notes, frame, slots, top, argument)
                except Exception as error:  # noqa: BLE001 - tracing must not change what the program does
                    notes.unseen.add(f"an operand ({error!r})")
        elif event == "return" and at_end is not None:
            at_end()
        return watch

    return watch
