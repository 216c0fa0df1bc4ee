"""A tower: holds what drivers do against the rules of NDIS, through the probe; see ``verify`` and ``RULES``."""

from ._examples import EXAMPLES, Example
from ._rules.rule import CheckedBy, Harm, Rule
from .catalogue import RULES, explain, rules_page, select_rules
from .findings import Finding, Findings
from .levels import LEVELS, Levels
from .lockfree import LOCK_FREE
from .order import LockOrder, Step
from .verifier import Verifier
from .verify import verify

__all__ = [
    "EXAMPLES",
    "LEVELS",
    "LOCK_FREE",
    "RULES",
    "CheckedBy",
    "Example",
    "Finding",
    "Findings",
    "Harm",
    "Levels",
    "LockOrder",
    "Rule",
    "Step",
    "Verifier",
    "explain",
    "rules_page",
    "select_rules",
    "verify",
]
