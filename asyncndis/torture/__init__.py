"""A tower: runs any asyncio or anyio program under every schedule that matters, and says what breaks it.

It controls an event loop and knows nothing of drivers; imports nothing else of asyncndis.
"""

from .decorating import torture
from .escapes import LeftSimulation, allow
from .exploring import explore, replay, shrink
from .failures import FailureKind, InvariantBroken
from .footprints import touch
from .histories import History, recorded
from .hooks import always, choose, eventually, fault, injects_faults
from .linearizability import NotLinearizable, assert_linearizable
from .outcome import Failure, Progress, Result, Statistics
from .points import Kind, Point
from .replaystring import StaleReplay

__all__ = [
    "Failure",
    "FailureKind",
    "History",
    "InvariantBroken",
    "Kind",
    "LeftSimulation",
    "NotLinearizable",
    "Point",
    "Progress",
    "Result",
    "StaleReplay",
    "Statistics",
    "allow",
    "always",
    "assert_linearizable",
    "choose",
    "eventually",
    "explore",
    "fault",
    "injects_faults",
    "recorded",
    "replay",
    "shrink",
    "torture",
    "touch",
]
