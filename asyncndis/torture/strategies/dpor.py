"""Dynamic partial-order reduction: one schedule of each class of schedules that nobody could tell apart.

Source sets with sleep sets: Abdulla, Aronis, Jonsson and Sagonas, "Optimal dynamic partial order reduction", POPL 2014,
algorithm 1; after Flanagan and Godefroid, "Dynamic partial-order reduction for model checking software", POPL 2005.
After each run its races are turned round: where two steps could have come the other way, an actor that leads there is
added to the choices of that point. An actor whose step was tried already sleeps until a step comes that depends on it.
"""

from collections.abc import Collection

from asyncndis.torture.footprints import LOCAL_KINDS, Footprint, dependent
from asyncndis.torture.points import INJECTOR, Kind, Point, Step

from .base import Redundant, Run, Strategy
from .happened import Happened, Taken

__all__ = ["Dpor"]

_LONGEST = 3000
"""Races of longer runs are not looked for: the time grows with the square of the length."""


class _Sleeper:
    """Why an actor sleeps.

    :ivar footprint: what its next step touches
    :ivar owners: how many owners had a number where it fell asleep
    :ivar spins: its step leads back to where it began
    """

    __slots__ = ("footprint", "owners", "spins")

    def __init__(self, footprint: Footprint, owners: int, spins: bool = False) -> None:
        self.footprint = footprint.blurred(owners)
        self.owners = owners
        self.spins = spins

    def sleeps_on(self, footprint: Footprint, ordered: Collection[str]) -> bool:
        """Whether a step of somebody else leaves it asleep."""
        return not dependent(self.footprint, footprint.blurred(self.owners), ordered)


class _Node:
    """A choice on the current path.

    :ivar step: how many steps came before
    :ivar runs: it is about who runs
    :ivar answers: what can be chosen: for who runs, actors and below them numbers for injections; else 0, 1, ...
    :ivar todo: the answers that have to be tried
    :ivar tried: the answers that were tried, the current one last
    :ivar asleep: who slept when the point was reached
    :ivar footprints: what the step of each answer touched
    :ivar sleepers: those whose answers were tried to the end
    """

    __slots__ = ("answers", "asleep", "footprints", "runs", "sleepers", "step", "todo", "tried")

    def __init__(self, step: int, answers: tuple[int, ...], asleep: dict[int, _Sleeper], runs: bool = True) -> None:
        self.step = step
        self.runs = runs
        self.answers = answers
        self.asleep = asleep
        self.todo: set[int] = set()
        self.tried: list[int] = []
        self.footprints: dict[int, Footprint] = {}
        self.sleepers: dict[int, _Sleeper] = {}

    def next_answer(self) -> int | None:
        """An answer that has to be tried still."""
        for answer in self.answers:
            if answer in self.todo and answer not in self.tried and not (self.runs and answer in self.asleep):
                return answer
        return None


class Dpor(Strategy):
    """Runs one schedule of each class of equivalent ones; complete when nothing is left.

    Injections, values and failures are tried all, and where injections are possible, all interleavings are.

    :ivar redundant: how many schedules were given up because they only repeat others
    :ivar restarts: how often the search began anew, because the order of elements turned out to matter
    """

    name = "dpor"
    systematic = True
    wants_footprints = True

    def __init__(self, seed: int = 0, schedules: int = 1000) -> None:
        super().__init__(seed, schedules)
        self.redundant = 0
        self.restarts = 0
        self._path: list[_Node] = []
        self._place = 0
        self._happened = Happened()
        self._taken = 0
        self._known = 0
        self._asleep: dict[int, _Sleeper] = {}
        self._node: _Node | None = None
        self._repeats = False
        self._has_begun = False
        self._is_partial = False

    @property
    def covers_all(self) -> bool:
        """Whether nothing had to be left out so far."""
        return not self._is_partial

    def begin(self, number: int) -> bool:
        """Go back to the last point that has an answer to try still."""
        if self._has_begun and not self._go_back():
            return False
        self._has_begun = True
        self._place = 0
        self._taken = 0
        self._known = self._path[-1].step if self._path else 0
        self._repeats = False
        self._asleep = dict(self._path[-1].asleep) if self._path else {}
        self._node = None
        return True

    def _go_back(self) -> bool:
        while self._path:
            node = self._path[-1]
            answer = node.next_answer()
            if answer is not None:
                node.tried.append(answer)
                self._happened.cut(node.step)
                return True
            self._path.pop()
        return False

    def choose(self, point: Point) -> int:
        """Follow the path; beyond its end, take the oldest who does not sleep."""
        if self._place == len(self._path):
            self._path.append(self._new_node(point))
        node = self._path[self._place]
        self._place += 1
        if point.kind is Kind.RUN:
            self._node = node
        if node.tried[-1] not in node.answers or len(node.answers) != point.options:
            self._is_partial = True  # the program went another way than the last time
            return 0
        return node.answers.index(node.tried[-1])

    def _new_node(self, point: Point) -> _Node:
        if self._repeats:
            raise Redundant
        if point.kind is not Kind.RUN:
            node = _Node(self._taken, tuple(range(point.options)), dict(self._asleep), runs=False)
            node.todo.update(node.answers)
            node.tried.append(0)
            return node
        injections = range(point.options - point.first_injection)
        if injections:
            node = _Node(self._taken, (*point.actors, *(INJECTOR - 1 - each for each in injections)), {})
            node.todo.update(node.answers)
            node.tried.append(node.answers[0])
            return node
        awake = [actor for actor in point.actors if actor not in self._asleep]
        if not awake and not all(self._asleep[actor].spins for actor in point.actors):
            raise Redundant
        node = _Node(self._taken, point.actors, dict(self._asleep))
        first = awake[0] if awake else point.actors[0]
        node.todo.add(first)
        node.tried.append(first)
        return node

    def stepped(self, step: Step) -> None:
        """Find out who sleeps on."""
        taken = Taken.of(step)
        place = self._taken
        self._taken = place + 1
        self._note(place, taken)
        node, self._node = self._node, None
        if place < self._known:
            return
        asleep = dict(self._asleep)
        if node is None and taken.actor in asleep and not asleep[taken.actor].spins:
            self._repeats = True  # nobody else could take the step
        owners = self._happened.owners(place)
        if node is not None:
            asleep = dict(node.asleep)
            answer = node.tried[-1]
            node.footprints[answer] = node.footprints.get(answer, taken.footprint) | taken.footprint
            if len(node.answers) == len(step.ready):
                for other in node.tried[:-1]:
                    if other not in node.sleepers and other in node.footprints:
                        node.sleepers[other] = _Sleeper(node.footprints[other], owners)
                asleep |= node.sleepers
        self._asleep = {
            actor: sleeper
            for actor, sleeper in asleep.items()
            if actor != taken.actor and sleeper.sleeps_on(taken.footprint, self._happened.ordered)
        }
        if self._leads_back(place, taken):
            self._asleep[taken.actor] = _Sleeper(taken.footprint, taken.footprint.owners, spins=True)

    def _note(self, place: int, taken: Taken) -> None:
        steps = self._happened.steps
        if place < len(steps) and steps[place] != taken:
            if steps[place][:2] != taken[:2]:
                self._is_partial = True  # the program went another way than the last time
            # Objects may have other numbers than in the runs before: what was learnt there is not comparable.
            self._happened.cut(place)
            for node in self._path:
                if node.step > place:
                    node.asleep = {}
                    node.sleepers = {}
                    node.footprints = dict.fromkeys(node.footprints, _ANYTHING)
        if place == len(steps):
            steps.append(taken)

    def _leads_back(self, place: int, taken: Taken) -> bool:
        """Whether a step changed nothing, so that its actor may as well wait until somebody else does."""
        footprint = taken.footprint
        if not footprint.still or footprint.unseen or taken.woke != (taken.actor,):
            return False
        written = {location[:2] for location in footprint.writes}
        if any(kind not in LOCAL_KINDS for kind, _ in written):
            return False
        return not any(
            written & other.footprint.owners_touched
            for other in self._happened.steps[:place]
            if other.actor != taken.actor
        )

    def end(self, run: Run) -> None:
        """Turn the races of the run round."""
        self._happened.cut(self._taken)
        run.redundant = run.redundant or self._repeats
        self.redundant += run.redundant
        if len(run.steps) > self._taken:
            self._is_partial = True  # a step broke off, and what it touched is not known
        if run.bounded or self._taken > _LONGEST:
            self._is_partial = True
            return
        if self._begins_anew():
            return
        nodes = {node.step: node for node in self._path if node.runs}
        for earlier, later in self._happened.races():
            node = nodes.get(earlier)
            if node is not None:
                self._turn_round(node, earlier, later)

    def _begins_anew(self) -> bool:
        """Forget everything if an order of elements was looked at that was taken for one that nobody sees."""
        seen = self._happened.orders_seen()
        if seen <= self._happened.ordered:
            return False
        self._happened.ordered |= seen
        self._happened.cut(0)
        self._path.clear()
        self._has_begun = False
        self.restarts += 1
        return True

    def _turn_round(self, node: _Node, earlier: int, later: int) -> None:
        """See that some schedule lets the later step of a race come first."""
        initials = self._happened.initials(earlier, later) & set(node.answers)
        if not initials:
            node.todo.update(node.answers)  # whoever made it possible is not known: try all
        elif initials.isdisjoint(node.todo):
            actor = self._happened.steps[later].actor
            node.todo.add(actor if actor in initials else min(initials))


_ANYTHING = Footprint(unseen=("another run",))
