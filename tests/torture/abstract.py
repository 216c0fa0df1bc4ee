"""Abstract programs, for strategies: actors that take one operation on shared variables per step, and nothing else.

An operation is "r x", "w x", "rw x" (adds to it), "-" (nothing), "? x" (does nothing until x is set), "wait e" and
"set e" (an event: who waits leaves the queue), "choose" (one of two values, which only the actor sees).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from asyncndis.torture.footprints import Footprint, Location, dependent
from asyncndis.torture.points import CLOCK, Decision, Kind, Point, Step
from asyncndis.torture.strategies.base import Redundant, Run, Strategy

Taken = tuple[int, int, tuple[int, ...]]
"""A step: its actor, its number among the actor's, and the values chosen in it."""
Program = Sequence[Sequence[str]]


@dataclass
class Outcome:
    """What came of one run."""

    values: tuple[tuple[str, int], ...]
    seen: tuple[tuple[int, ...], ...]
    stuck: tuple[int, ...]


@dataclass
class Machine:
    """Runs an abstract program under a strategy."""

    program: Program
    strategy: Strategy
    max_steps: int = 200
    ready: list[int] = field(default_factory=list[int])
    values: dict[str, int] = field(default_factory=dict[str, int])
    seen: list[list[int]] = field(default_factory=list[list[int]])
    places: list[int] = field(default_factory=list[int])
    waiting: dict[str, list[int]] = field(default_factory=dict[str, list[int]])

    def run(self, number: int) -> tuple[Run, Outcome]:
        run = Run(number)
        self.ready = [actor for actor, operations in enumerate(self.program) if operations]
        self.values = {}
        self.seen = [[] for _ in self.program]
        self.places = [0 for _ in self.program]
        self.waiting = {}
        point = Point()
        point.last = CLOCK
        try:
            while self.ready and len(run.steps) < self.max_steps:
                self._step(run, point)
            run.bounded = bool(self.ready)
        except Redundant:
            run.redundant = True
        run.length = len(run.steps)
        self.strategy.end(run)
        stuck = tuple(sorted(actor for actors in self.waiting.values() for actor in actors))
        return run, Outcome(tuple(sorted(self.values.items())), tuple(map(tuple, self.seen)), stuck)

    def _ask(self, run: Run, point: Point, kind: Kind, options: int, actors: tuple[int, ...] = ()) -> Decision:
        point.kind, point.options, point.first_injection, point.actors = kind, options, options, actors
        point.step = len(run.steps)
        choice = self.strategy.choose(point)
        run.tape.append(choice)
        return Decision(kind, "", options, choice, len(run.tape) - 1)

    def _step(self, run: Run, point: Point) -> None:
        actors = tuple(self.ready)
        decision = self._ask(run, point, Kind.RUN, len(actors), actors) if len(actors) > 1 else None
        actor = self.ready.pop(decision.choice if decision else 0)
        point.last = actor
        step = Step(actor, actors, decision)
        run.steps.append(step)
        before = len(self.ready)
        step.footprint = self._operate(run, point, step, actor)
        step.woke = self.ready[before:]
        self.strategy.stepped(step)

    def _operate(self, run: Run, point: Point, step: Step, actor: int) -> Footprint:  # noqa: C901 - one case after the other
        operation, _, name = self.program[actor][self.places[actor]].partition(" ")
        reads: set[Location] = set()
        writes: set[Location] = set()
        still = stays = False
        location = ("variable", 0, name)
        if operation in {"r", "rw", "?"}:
            reads.add(location)
        if operation in {"w", "rw"}:
            writes.add(location)
        if operation == "r":
            self.seen[actor].append(self.values.get(name, 0))
        elif operation == "w":
            self.values[name] = actor + 1
        elif operation == "rw":
            self.values[name] = self.values.get(name, 0) * 3 + actor + 1
        elif operation == "?":
            still = stays = not self.values.get(name)
        elif operation == "choose":
            inner = self._ask(run, point, Kind.VALUE, 2)
            step.inner.append(inner)
            self.seen[actor].append(inner.choice)
        elif operation == "set":
            writes.add(("event", 0, name))
            self.values[name] = 1
            self.ready += self.waiting.pop(name, [])
        elif operation == "wait":
            reads.add(("event", 0, name))
            if not self.values.get(name):
                self.waiting.setdefault(name, []).append(actor)
                return Footprint(reads, writes)
        if not stays:
            self.places[actor] += 1
        if self.places[actor] < len(self.program[actor]):
            self.ready.append(actor)
        return Footprint(reads, writes, still=still)


def runs_of(program: Program, strategy: Strategy, most: int = 20_000) -> Iterator[tuple[Run, Outcome]]:
    """All runs that a strategy makes of a program."""
    machine = Machine(program, strategy)
    for number in range(most):
        if not strategy.begin(number):
            return
        yield machine.run(number)
    raise AssertionError(f"no end after {most} schedules")


def trace_of(run: Run) -> frozenset[tuple[Taken, Taken]]:
    """The class of equivalent runs that a run belongs to: which of two dependent steps came first."""
    counts: dict[int, int] = {}
    steps: list[tuple[Taken, Footprint]] = []
    for step in run.steps:
        counts[step.actor] = counts.get(step.actor, 0) + 1
        values = tuple(decision.choice for decision in step.inner)
        steps.append(((step.actor, counts[step.actor], values), step.footprint or Footprint()))
    return frozenset(
        (one, other)
        for place, (one, touched) in enumerate(steps)
        for other, touches in steps[place:]
        if one[0] == other[0] or dependent(touched, touches)
    )
