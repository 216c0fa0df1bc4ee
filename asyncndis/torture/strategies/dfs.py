"""Depth-first search through all schedules, or through those within a bound.

Unbounded it visits every schedule once. The bounds: preemptions (an actor is left though it could go on: Musuvathi
and Qadeer, "Iterative context bounding for systematic testing of multithreaded programs", PLDI 2007), delays (ready
actors that are passed over: Emmi, Qadeer and Rakamaric, "Delay-bounded scheduling", POPL 2011), and steps (only the
first ones of a run are chosen).
"""

from asyncndis.torture.points import Kind, Point

from .base import Run, Strategy

__all__ = ["Dfs"]


class _Branch:
    """A choice on the current path.

    :ivar left: the answers not tried yet, the next one last, each with what it costs
    :ivar answer: the answer of the current schedule
    :ivar spent: what the answers up to and with this one cost
    """

    __slots__ = ("answer", "before", "left", "spent")

    def __init__(self, left: list[tuple[int, int]], before: int) -> None:
        self.left = left
        self.before = before
        self.answer = 0
        self.spent = before

    def advance(self) -> bool:
        """Take the next answer; False if there is none."""
        if not self.left:
            return False
        self.answer, cost = self.left.pop()
        self.spent = self.before + cost
        return True


class Dfs(Strategy):
    """Visits schedule after schedule in order.

    :param preemptions: how often a schedule may leave an actor that could go on; None: as often as it likes
    :param delays: how many ready actors it may pass over, all in all; None: as many as it likes
    :param steps: after how many steps it stops choosing; None: never
    """

    name = "dfs"
    systematic = True

    def __init__(
        self,
        seed: int = 0,
        schedules: int = 1000,
        *,
        preemptions: int | None = None,
        delays: int | None = None,
        steps: int | None = None,
    ) -> None:
        super().__init__(seed, schedules)
        if preemptions is not None and delays is not None:
            raise ValueError("give a bound of preemptions or of delays, not both")
        self._bound = delays if preemptions is None else preemptions
        self._counts_delays = delays is not None
        self._steps = steps
        self._path: list[_Branch] = []
        self._place = 0
        self._has_begun = False
        self._is_partial = False

    @property
    def covers_all(self) -> bool:
        """Whether no bound cut anything off so far."""
        return not self._is_partial

    def begin(self, number: int) -> bool:
        """Go back to the last choice that has an answer left."""
        self._place = 0
        if not self._has_begun:
            self._has_begun = True
            return True
        while self._path and not self._path[-1].advance():
            self._path.pop()
        return bool(self._path)

    def choose(self, point: Point) -> int:
        """Follow the path; beyond its end, take the cheapest answer."""
        if self._place == len(self._path):
            self._path.append(self._new_branch(point))
        branch = self._path[self._place]
        self._place += 1
        if branch.answer >= point.options:  # the program went another way than the last time
            self._is_partial = True
            return 0
        return branch.answer

    def end(self, run: Run) -> None:
        """A schedule is over; one that was cut short may have had more choices."""
        self._is_partial = self._is_partial or run.bounded

    def _new_branch(self, point: Point) -> _Branch:
        spent = self._path[-1].spent if self._path else 0
        answers = range(point.options)
        if point.kind is Kind.RUN and self._steps is not None and point.step >= self._steps:
            self._is_partial = True
            answers = range(1)
        costs = [(self._cost(point, answer), answer) for answer in answers]
        within = [(cost, answer) for cost, answer in costs if self._bound is None or spent + cost <= self._bound]
        self._is_partial = self._is_partial or len(within) < len(costs)
        branch = _Branch([(answer, cost) for cost, answer in sorted(within, reverse=True)], spent)
        branch.advance()
        return branch

    def _cost(self, point: Point, answer: int) -> int:
        """What an answer takes from the bound; injections, values and failures are free."""
        if self._bound is None or point.kind is not Kind.RUN or answer >= point.first_injection:
            return 0
        if self._counts_delays:
            return answer
        return int(point.last in point.actors and point.actors[answer] != point.last)
