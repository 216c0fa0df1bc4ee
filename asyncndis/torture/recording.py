"""A run under a strategy: each choice is put to it, and what was chosen is written down."""

import asyncio
from typing import Any, Protocol

from .footprints import Footprint
from .injection import Injection, possible_injections
from .lines import LineTracer
from .loop import ControlledLoop
from .points import CLOCK, INJECTOR, Decision, Kind, Point, Step
from .strategies.base import Run, Strategy

__all__ = ["Recorder", "Tracker"]


class Tracker(Protocol):
    """Sees what the code of each step reads and writes."""

    def start(self, loop: ControlledLoop) -> object:
        """The run begins."""
        ...

    def stop(self) -> object:
        """The run is over."""
        ...

    def take(self, task: "asyncio.Task[Any] | None") -> Footprint:
        """What was touched since the last time.

        :param task: whose step it was
        """
        ...


class Recorder:
    """Takes the steps of one run.

    :param loop: the loop, with the program's first step ready
    :param strategy: answers the choices
    :param record: takes the tape and, if the strategy wants them, the steps
    :param injections: how many injections are left
    :param tracker: says what each step touched
    :ivar excused: how the program may end because of what was injected
    """

    def __init__(
        self, loop: ControlledLoop, strategy: Strategy, record: Run, injections: int, tracker: Tracker | None
    ) -> None:
        self.loop = loop
        self.excused: tuple[type[BaseException], ...] = ()
        self._strategy = strategy
        self._record = record
        self._left = injections
        self._tracker = tracker
        self._keeps_steps = strategy.wants_steps or strategy.wants_footprints
        self._lines = LineTracer(loop) if strategy.wants_lines else None
        self._point = Point()
        self._queued: list[int] = []
        """The actors of the loop's ready entries, as far as they have been asked for."""
        self._step: Step | None = None

    def choose(self, kind: Kind, options: int, name: str) -> int:
        """Answer a choice that is not about who runs, and write it down."""
        point = self._point
        point.kind, point.options, point.name = kind, options, name
        point.first_injection = options
        decision = self._decide(point)
        if self._step is not None:
            self._step.inner.append(decision)
        return decision.choice

    def _decide(self, point: Point) -> Decision:
        choice = self._strategy.choose(point)
        tape = self._record.tape
        tape.append(choice)
        return Decision(point.kind, point.name, point.options, choice, len(tape) - 1)

    def take_steps(self, max_steps: int) -> bool:
        """Run the program until it is over or can go no further.

        :param max_steps: the bound of steps
        :returns: whether the bound ended it
        """
        if self._tracker is not None:
            self._tracker.start(self.loop)
        if self._lines is not None:
            self._lines.start()
        try:
            return self._take_steps(max_steps)
        finally:
            if self._lines is not None:
                self._lines.stop()
            if self._tracker is not None:
                self._tracker.stop()

    def _take_steps(self, max_steps: int) -> bool:
        loop, record = self.loop, self._record
        while record.length < max_steps:
            injections = possible_injections(loop) if self._left and not loop.ending else []
            if not loop.ready and not loop.can_move_clock():
                return False
            record.length += 1
            self._take_step(injections)
        return True

    def _take_step(self, injections: list[Injection]) -> None:
        loop, record = self.loop, self._record
        ready = loop.ready
        decision: Decision | None = None
        queued = self._queued
        if len(queued) < len(ready):
            queued.extend(map(loop.actor_of, ready[len(queued) :]))
        actors = tuple(queued) or (CLOCK,)
        choice = 0
        if len(actors) + len(injections) > 1:
            point = self._point
            point.kind, point.name, point.step = Kind.RUN, "", record.length
            point.actors, point.first_injection = actors, len(actors)
            point.options = len(actors) + len(injections)
            decision = self._decide(point)
            choice = decision.choice
        injection = injections[choice - len(actors)] if choice >= len(actors) else None
        actor = INJECTOR if injection is not None else actors[choice]
        self._point.last = actor
        step = self._begin(actor, actors, decision, injection) if self._keeps_steps else None
        task: object = None
        if injection is not None:
            self._inject(injection)
        elif actor == CLOCK:
            loop.move_clock()
        else:
            del queued[choice]
            callback, argument, context = ready.pop(choice)
            task = getattr(callback, "__self__", None)
            if argument is None:
                context.run(callback)
            else:
                context.run(callback, argument)
        before = len(actors) - 1 if actor not in {INJECTOR, CLOCK} else len(actors)
        if loop.settling:
            loop.settle()
        if step is not None:
            self._finish(step, 0 if actor == CLOCK else before, task)

    def _inject(self, injection: Injection) -> None:
        self._left -= 1
        injection.act()
        error = asyncio.CancelledError if injection.target >= 0 else TimeoutError
        self.excused = (*self.excused, error)

    def _begin(
        self, actor: int, actors: tuple[int, ...], decision: Decision | None, injection: Injection | None
    ) -> Step:
        step = Step(actor, actors, decision)
        if injection is not None:
            step.injected, step.target = injection.text(self.loop), injection.target
        self._step = step
        self.loop.told = step.told
        self._record.steps.append(step)
        return step

    def _finish(self, step: Step, before: int, task: object) -> None:
        """Write down what came of a step.

        :param before: how many entries were ready already
        :param task: the task that took the step, if one did
        """
        loop = self.loop
        step.woke = [loop.actor_of(entry) for entry in loop.ready[before:]]
        if self._tracker is not None:
            step.footprint = self._tracker.take(_as_task(task))
        if self._lines is not None:
            step.lines = self._lines.take(step.actor)
        self._step = self.loop.told = None
        self._strategy.stepped(step)


def _as_task(found: Any) -> "asyncio.Task[Any] | None":
    return found if issubclass(found.__class__, asyncio.Task) else None
