"""Transition tables: every state machine of the model is data.

A table maps (state, event) to the next state, and what it does not hold is illegal. Code asks it, the diagrams in
the docs are drawn from it, and the property tests walk each edge and try each non-edge, so that the three cannot
drift apart.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Generic, TypeVar

from .checks import check_instance
from .errors import IllegalTransition

__all__ = ["TransitionTable"]

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)


class TransitionTable(Generic[S, E]):
    """The legal steps of one kind of object.

    :param name: what the table is about, in messages and diagrams
    :param initial: the state in which objects start
    :param edges: for each state, the events it allows and the states they lead to
    :param rule: the rule that an illegal step breaks
    """

    __slots__ = ("_edges", "initial", "name", "rule")

    def __init__(self, name: str, initial: S, edges: Mapping[S, Mapping[E, S]], rule: str) -> None:
        check_instance("edges", edges, Mapping)
        self.name = name
        self.initial = initial
        self.rule = rule
        self._edges = {(state, event): after for state, row in edges.items() for event, after in row.items()}

    def __iter__(self) -> Iterator[tuple[S, E, S]]:
        return ((state, event, after) for (state, event), after in self._edges.items())

    def allows(self, state: S, event: E) -> bool:
        """Whether ``event`` is legal in ``state``."""
        return (state, event) in self._edges

    def after(self, state: S, event: E) -> S:
        """The state that ``event`` leads to.

        :raises IllegalTransition: when the table has no such step
        """
        try:
            return self._edges[state, event]
        except KeyError:
            check_instance("a state", state, Enum)
            check_instance("an event", event, Enum)
            legal = ", ".join(f"{e.value}" for s, e in self._edges if s is state) or "nothing"
            raise IllegalTransition(
                self.rule, f"{self.name}: {event.value} is not legal while {state.value}; legal now: {legal}"
            ) from None
