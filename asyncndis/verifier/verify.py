"""``with verify() as findings:`` runs a block under the verifier."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import cast

from asyncndis.base import RuleViolation, observe

from .catalogue import select_rules
from .findings import Findings
from .verifier import Verifier

__all__ = ["verify"]


@contextmanager
def verify(rules: str | Iterable[str] = "all", *, raises: bool = False) -> Generator[Findings]:
    """Hold what is made and done in a block against the rules.

    Objects made in the block, and in the tasks it starts, are watched; those made before are not. By default a broken
    rule is noted and the call goes on. A rule that its object checks always is raised in any case; it is noted when it
    leaves the block, so that code which swallows it is not found out. When the block ends, what it left open, held or
    lost is noted too: let it end when its drivers have.

    :param rules: which to check: "all", ids, families
    :param raises: raise each violation at the guilty call as well. Where nobody stands there any more, it is raised at
        the release of the lock it is about, or when the block ends
    :returns: the findings, which grow while the block runs
    :raises ValueError: for a rule that does not exist
    :raises RuleViolation: see ``raises``
    """
    verifier = Verifier(frozenset(rule.id for rule in select_rules(rules)), raises=raises)
    try:
        with observe(verifier):
            yield verifier.findings
    except BaseException as error:
        for violation in _violations_in(error):
            verifier.findings.add(violation)
        verifier.finish()
        raise
    verifier.finish()
    verifier.settle()


def _violations_in(error: BaseException) -> Iterator[RuleViolation]:
    """The violations in an error: itself, in its group, and those in whose clean-up it came up."""
    if error.__context__ is not None:
        yield from _violations_in(error.__context__)
    if isinstance(error, RuleViolation):
        yield error
    elif isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        for inner in group.exceptions:
            yield from _violations_in(inner)
