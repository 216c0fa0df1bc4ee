"""``with verify() as findings:`` runs a block under the verifier."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from functools import cache

from asyncndis.base import observe

from .catalogue import select_rules
from .findings import Findings
from .verifier import Verifier

__all__ = ["verify"]


@contextmanager
def verify(rules: str | Iterable[str] = "all", *, raises: bool = False) -> Generator[Findings]:
    """Hold what is made and done in a block against the rules.

    Objects made in the block, and in the tasks it starts, are watched; those made before are not. By default a broken
    rule is noted and the call goes on. A rule that its object checks always is noted, too, and raised in any case. When
    the block ends, what it left open, held or lost is noted as well: let it end when its drivers have.

    :param rules: which to check: "all", ids, families
    :param raises: raise each violation at the guilty call as well. Where nobody stands there any more, it is raised at
        the release of the lock it is about, or when the block ends
    :returns: the findings, which grow while the block runs
    :raises ValueError: for a rule that does not exist
    :raises RuleViolation: see ``raises``
    """
    verifier = Verifier(_ids(frozenset([rules] if isinstance(rules, str) else rules)), raises=raises)
    try:
        with observe(verifier):
            yield verifier.findings
    except BaseException:
        verifier.finish()
        raise
    verifier.finish()
    verifier.settle()


@cache
def _ids(chosen: frozenset[str]) -> frozenset[str]:
    """The ids of the rules that a choice names; worked out once, since an explorer verifies many short runs."""
    return frozenset(rule.id for rule in select_rules(chosen))
