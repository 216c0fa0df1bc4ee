"""A pair of examples: the driver that breaks a rule, and its twin that keeps it."""

from typing import NamedTuple

__all__ = ["Example"]


class Example(NamedTuple):
    """Two bodies of a coroutine; the names of asyncndis and ``anyio`` are in scope.

    :ivar guilty: breaks the rule; the guilty line ends in a comment with an arrow and the rule's id
    :ivar clean: does the same job and keeps all rules
    """

    guilty: str
    clean: str
