"""For each rule that can be seen broken: a driver that breaks it, and its clean twin."""

from . import bind, buffer, dma, irql, life, lock, memory, oid, owner, packet, pool, receive, send
from .example import Example

__all__ = ["EXAMPLES", "Example"]

EXAMPLES = (
    pool.EXAMPLES
    | buffer.EXAMPLES
    | packet.EXAMPLES
    | memory.EXAMPLES
    | owner.EXAMPLES
    | send.EXAMPLES
    | receive.EXAMPLES
    | irql.EXAMPLES
    | lock.EXAMPLES
    | life.EXAMPLES
    | dma.EXAMPLES
    | bind.EXAMPLES
    | oid.EXAMPLES
)
"""A pair of examples: the driver that breaks a rule, and its twin that keeps it."""
