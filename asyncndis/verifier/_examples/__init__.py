"""For each rule that the floors built so far can see broken: a driver that breaks it, and its clean twin."""

from . import buffer, irql, lock, memory, packet, pool
from .example import Example

__all__ = ["EXAMPLES", "Example"]

EXAMPLES = pool.EXAMPLES | buffer.EXAMPLES | packet.EXAMPLES | memory.EXAMPLES | irql.EXAMPLES | lock.EXAMPLES
