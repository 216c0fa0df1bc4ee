"""The two families of errors, apart on purpose: they share no base below ``Exception``.

``NdisError``: the environment said no; it carries the status that a C driver would have seen.
``RuleViolation``: the driver is wrong; it carries the rule, the object and both places. Code that handles a full
pool must never swallow a broken rule, hence two families. Every message names the culprit, then the way out.
"""

from .probe import current_probe
from .sites import Site, caller_site
from .status import NdisStatus

__all__ = [
    "IllegalTransition",
    "NdisError",
    "PoolClosed",
    "PoolExhausted",
    "RuleViolation",
    "StaleHandle",
]


class NdisError(Exception):
    """The environment refused: a full pool, a closed object, a missing resource.

    :ivar status: the status code that the NDIS call of the same meaning returns
    """

    default_status = NdisStatus.FAILURE

    def __init__(self, message: str, status: NdisStatus | None = None) -> None:
        super().__init__(message)
        self.status = self.default_status if status is None else status


class PoolExhausted(NdisError):
    """Every descriptor of a pool is out, and the caller did not want to wait."""

    default_status = NdisStatus.RESOURCES


class PoolClosed(NdisError):
    """The pool was closed, before the call or while it waited."""

    default_status = NdisStatus.CLOSING


class RuleViolation(Exception):
    """A driver broke a rule of the driver model.

    :ivar rule: the rule's id, as in ``asyncndis rules POOL-01``
    :ivar subject: the object that the rule is about, or None
    :ivar site: the guilty line
    :ivar other: the earlier line that it disagrees with (where the object was freed, the lock taken), or None
    """

    failure_kind = "rule violation"
    """What an explorer of schedules calls such a failure."""

    def __init__(
        self,
        rule: str,
        message: str,
        subject: object = None,
        *,
        site: Site | None = None,
        other: Site | None = None,
    ) -> None:
        self.rule = rule
        self.message = message
        self.subject = subject
        self.site = site or caller_site()
        self.other = other
        super().__init__(rule, message)
        probe = current_probe()
        if probe is not None:
            probe.violated(self)

    def __str__(self) -> str:
        earlier = "" if self.other is None else f"; before that: {self.other}"
        return f"{self.rule}: {self.message} [at {self.site}{earlier}]"


class StaleHandle(RuleViolation):
    """A handle was used after the object behind it was freed, or was never given out."""


class IllegalTransition(RuleViolation):
    """A state machine was asked for a step that its table does not have."""
