"""What tells one kind of pool from another: its NDIS names and rule ids."""

from dataclasses import dataclass

__all__ = ["PoolRules"]


@dataclass(frozen=True, slots=True)
class PoolRules:
    """The NDIS names and the rule ids under which a kind of pool works."""

    kind: str
    create: str
    close: str
    allocate: str
    free: str
    freed_twice: str
