"""What is known of one rule: its meaning, where it was read, what breaking it does in NDIS, and who checks it."""

from dataclasses import dataclass
from enum import Enum

__all__ = ["DOCUMENTATION", "HEADER", "KNOWLEDGE", "POOL_PAGE", "SDV", "CheckedBy", "Harm", "Rule"]

POOL_PAGE = "NdisAllocateBufferPool page"
DOCUMENTATION = "documentation"
HEADER = "header"
KNOWLEDGE = "general knowledge"
SDV = "Static Driver Verifier"


class Harm(Enum):
    """What happens in the original when a rule is broken."""

    BUGCHECK = "bugcheck"
    HANG = "hang"
    CORRUPT = "corrupt"
    LEAK = "leak"
    STATUS = "status"
    PERF = "perf"
    NONE = "none"


class CheckedBy(Enum):
    """Who sees that a rule is broken.

    ``ALWAYS``: the object itself, with or without the verifier. ``VERIFIER``: the verifier alone. ``NOBODY``: it cannot
    be seen from inside Python; the rule's note says why.
    """

    ALWAYS = "always"
    VERIFIER = "verifier"
    NOBODY = "not observable"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of the driver model.

    :ivar id: family and number, as "POOL-01"
    :ivar statement: what holds in a driver that keeps it
    :ivar source: where it was read, in words
    :ivar harm: what breaking it does in the original
    :ivar detail: that in more detail: the bugcheck code and its reason, the status
    :ivar remedy: the way out
    :ivar checked_by: who sees it broken
    :ivar floor: the floor from which on it is checked
    :ivar microsoft: the rules of Driver Verifier and Static Driver Verifier of the same meaning, by their names
    :ivar note: how far the check goes
    """

    id: str
    statement: str
    source: str
    harm: Harm
    remedy: str
    checked_by: CheckedBy
    floor: str
    detail: str = ""
    microsoft: tuple[str, ...] = ()
    note: str = ""

    @property
    def family(self) -> str:
        """The part of the id before its number: "POOL"."""
        return self.id.partition("-")[0]

    @property
    def severity(self) -> str:
        """What breaking it does in the original, in one line: "bugcheck (0x7C/0x14)"."""
        return f"{self.harm.value} ({self.detail})" if self.detail else self.harm.value
