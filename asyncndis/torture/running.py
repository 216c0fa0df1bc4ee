"""Runs a program once on the controlled loop, and says what went wrong.

There are two ways to run, in which the same choices mean the same: ``walk`` draws bytes and records no more than the
tape, for speed; ``run`` asks a strategy at each point, injects, and records the steps for whoever wants them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import Any

from .bookkeeping import mark_bookkeeping
from .burying import bury
from .failures import FailureKind, InvariantBroken, Trouble, trouble_of
from .footprints import lose_sight
from .loop import ControlledLoop
from .points import Kind
from .recording import Recorder, Tracker
from .repeating import Chance
from .strategies.base import Redundant, Run, Strategy
from .strategies.random_walk import pick
from .waits import deadlock, endless_run, tasks_left

__all__ = ["Program", "Runner"]

Program = Callable[[], Awaitable[object]]


class Runner:
    """Runs one program again and again on one loop.

    :param program: called without arguments for each run; gives a coroutine
    :param loop: the loop to run on; the caller has made it the running one
    :param never_awaited: whoever hears of coroutines that are thrown away appends their names
    :param max_steps: after so many steps a run counts as endless
    :param injections: how many injections a run may have
    :param injects_faults: whether operations of the environment may fail
    """

    def __init__(
        self,
        program: Program,
        loop: ControlledLoop,
        never_awaited: list[str],
        max_steps: int = 20_000,
        injections: int = 0,
        injects_faults: bool = False,
    ) -> None:
        self.program = program
        self.loop = loop
        self.max_steps = max_steps
        self._never_awaited = never_awaited
        self._chance = Chance()
        self._injections = injections
        self._injects_faults = injects_faults
        self.is_plain = not injections and not injects_faults
        """Whether nothing but the order is chosen, so that bytes can decide."""

    @property
    def draws(self) -> bool:
        """Whether the program was seen to draw from the ``random`` module: then no search has seen all it can do."""
        return self._chance.is_drawn

    def walk(self, source: Iterator[int], record: Run) -> Trouble | None:
        """Run once on bytes, at full speed; nothing is injected.

        :param source: bytes without end
        :param record: takes the tape
        :returns: what went wrong, if anything
        """
        self.loop.choose = _chooser(source, record.tape)
        try:
            self._start()
            record.bounded = self._walk(source, record)
            trouble = self._judge(record.bounded)
            if trouble is None:
                self.loop.tasks.clear()  # all have ended well: there is nothing to bury
        except InvariantBroken as broken:
            trouble = trouble_of(broken)
        finally:
            self._clear()
        record.failed = trouble is not None
        return trouble

    def _walk(self, source: Iterator[int], record: Run) -> bool:
        loop = self.loop
        ready, settling, note = loop.ready, loop.settling, record.tape.append
        for record.length in range(self.max_steps):
            options = len(ready)
            if options > 1:
                choice = next(source) % options if options <= 256 else pick(source.__next__, options)
                note(choice)
                callback, argument, context = ready.pop(choice)
            elif options:
                callback, argument, context = ready.pop()
            elif loop.move_clock():
                if settling:
                    loop.settle()
                continue
            else:
                return False
            if argument is None:
                context.run(callback)
            else:
                context.run(callback, argument)
            if settling:
                loop.settle()
        record.length = self.max_steps
        return True

    def run(self, strategy: Strategy, record: Run, tracker: Tracker | None = None) -> Trouble | None:
        """Run once under a strategy that has begun the schedule.

        :param strategy: answers the choices
        :param record: takes the tape, and the steps if the strategy wants them
        :param tracker: says what each step read and wrote
        :returns: what went wrong, if anything
        """
        recorder = Recorder(self.loop, strategy, record, self._injections, tracker)
        self.loop.choose = recorder.choose
        try:
            self._start()
            record.bounded = recorder.take_steps(self.max_steps)
            trouble = self._judge(record.bounded, recorder.excused)
        except InvariantBroken as broken:
            trouble = trouble_of(broken)
        except Redundant:
            trouble, record.redundant = None, True
        finally:
            if strategy.wants_lines:
                record.names = self.loop.names()
            self._clear()
        record.failed = trouble is not None
        return trouble

    def _start(self) -> None:
        self._never_awaited.clear()
        self._chance.begin()
        self._asked: int | None = None
        self.loop.injects_faults = self._injects_faults
        main = self.loop.create_task(_as_coroutine(self.program()))
        main.add_done_callback(self._program_is_over)

    def _program_is_over(self, main: "asyncio.Task[Any]") -> None:
        self.loop.ending = True
        if main.cancelled() or main._exception is not None:
            lose_sight("the cancellation of all tasks")
            self._asked = len(self.loop.tasks)
            for task in self.loop.tasks:  # as asyncio.run does
                task.cancel()

    mark_bookkeeping(_program_is_over)

    def _judge(self, bounded: bool = False, excused: tuple[type[BaseException], ...] = ()) -> Trouble | None:
        """What went wrong in the run that is over.

        :param bounded: whether the bound of steps ended it
        :param excused: how the program may end because of what was injected
        """
        loop = self.loop
        main = loop.tasks[0]
        if not main.done():
            return endless_run(loop) if bounded else deadlock(loop)
        if main.cancelled():
            if asyncio.CancelledError not in excused:
                return Trouble(FailureKind.EXCEPTION, asyncio.CancelledError("the program was cancelled"))
        elif (error := main.exception()) is not None and not isinstance(error, excused):
            return trouble_of(error)
        return self._judge_what_is_left(excused)

    def _judge_what_is_left(self, excused: tuple[type[BaseException], ...]) -> Trouble | None:
        """What went wrong in a run whose program ended well."""
        loop = self.loop
        for holds, message in loop.expected:
            if not holds():
                return trouble_of(InvariantBroken(message))
        for complaint in loop.complaints:
            if not isinstance(complaint.get("exception"), excused):
                return _trouble_of_complaint(complaint)
        for number, task in enumerate(loop.tasks):
            if not task.done():
                if self._asked is not None and number >= self._asked:
                    continue  # born when the others were cancelled: a server that still took a connection
                return tasks_left(loop)
            if task._log_traceback and not isinstance(error := task.exception(), excused):
                assert error is not None
                return trouble_of(error, FailureKind.UNRETRIEVED)
        if self._never_awaited:
            return Trouble(FailureKind.NEVER_AWAITED, RuntimeError(f"{self._never_awaited[0]} was never awaited"))
        return None

    def _clear(self) -> None:
        """End what is still alive, quietly, and make the loop ready for the next run."""
        self.loop.reset_network()  # first: an abandoned connection need not be closed
        for task in self.loop.tasks:
            if not task.done():
                bury(self.loop, task)
            elif task._log_traceback:
                task._log_traceback = False
        self.loop.reset()
        self._chance.end()
        interruption, self.loop.interruption = self.loop.interruption, None
        if interruption is not None:
            raise interruption


def _chooser(source: Iterator[int], tape: list[int]) -> Callable[[Kind, int, str], int]:
    """Let bytes answer the choices that are not about who runs."""

    def choose(_kind: Kind, options: int, _name: str) -> int:
        choice = pick(source.__next__, options)
        tape.append(choice)
        return choice

    return choose


def _as_coroutine(awaitable: Any) -> Coroutine[Any, Any, object]:
    if asyncio.iscoroutine(awaitable):
        return awaitable
    if not issubclass(awaitable.__class__, Awaitable):
        raise TypeError(f"the program gave {awaitable!r}, which cannot be awaited: let it be an `async def` function")

    async def wait() -> object:
        return await awaitable

    return wait()


def _trouble_of_complaint(complaint: dict[str, Any]) -> Trouble:
    error: BaseException | None = complaint.get("exception")
    if error is None:
        return Trouble(FailureKind.UNRETRIEVED, RuntimeError(str(complaint.get("message"))))
    return trouble_of(error, FailureKind.UNRETRIEVED)
