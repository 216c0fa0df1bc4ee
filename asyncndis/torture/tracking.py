"""Sees what the Python code of a step reads and writes, instruction by instruction.

A trace function (``sys.settrace``) is called before each instruction, and looks at the operands of those that can touch
shared state. That costs some 30 times the speed of the program, and is what partial-order reduction pays for knowing.
What it cannot see, such as C code that is in no table, makes a step unknown: it then depends on everything.
"""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from .footprints import WHOLE, Footprint, watched_by
from .tracking_calls import called
from .tracking_frames import slots_of, supported
from .tracking_notes import Notes
from .tracking_opcodes import Plan, plan_of

__all__ = ["Tracker"]

_OURS = str(Path(__file__).parent)
_IMPORTING = (importlib.__file__, "<frozen importlib._bootstrap>", "<frozen importlib._bootstrap_external>")
_UNWATCHED = Plan(0, {})


class Tracker:
    """Tracks one run after another: ``start``, ``take`` after each step, ``stop``."""

    def __init__(self) -> None:
        self._notes = Notes()
        self._plans: dict[tuple[int, int], tuple[CodeType, dict[str, Any], Plan | None]] = {}
        self._before: Any = None
        self._running = False
        self._supported = supported()

    def start(self) -> None:
        """A run begins: watch from now on.

        :raises RuntimeError: it is watching already
        """
        if self._running:
            raise RuntimeError("this tracker is watching a run already: stop it first")
        self._running = True
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
        self._notes.begin_run()

    def take(self) -> Footprint:
        """What was touched since the last time, or since the start."""
        if not self._supported:
            self._notes.unseen.add("everything: the layout of this interpreter's frames is not known")
        return self._notes.take()

    def touched(self, obj: object, name: str | None, write: bool) -> None:
        """Somebody says that the running step touched an object."""
        self._notes.touch(obj, WHOLE if name is None else name, write)

    def called(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Somebody says that the running step calls a function."""
        called(self._notes, function, arguments)

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
        watch = _watcher(self._notes, frame, plan)
        frame.f_trace = watch
        frame.f_trace_lines = False
        frame.f_trace_opcodes = True
        return watch


def _plan(code: CodeType, names: dict[str, Any]) -> Plan | None:
    """The plan for a piece of code; an empty one for the explorer's own, None for what cannot be followed."""
    if code.co_filename.startswith(_OURS) or code.co_filename in _IMPORTING:
        return _UNWATCHED
    try:
        return plan_of(code, str(names.get("__name__", id(names))))
    except (ValueError, KeyError):
        return None


def _watcher(notes: Notes, frame: FrameType, plan: Plan) -> Callable[[FrameType, str, object], Any]:
    find = plan.watches.get
    slots = slots_of(frame, plan.slots)

    def watch(frame: FrameType, event: str, _argument: object) -> Any:
        if event == "opcode":
            found = find(frame.f_lasti)
            if found is not None:
                look, top, argument = found
                try:
                    look(notes, frame, slots, top, argument)
                except Exception as error:  # noqa: BLE001 - tracing must not change what the program does
                    notes.unseen.add(f"an operand ({error!r})")
        return watch

    return watch
