"""The scenarios that come with the package, by name: ``await SCENARIOS["reset_under_send"].run(seed=7)``.

First small ones, for pools and for locks, which an explorer searches to the end. Then whole stacks, named after the
jobs of NDISTest: two computers on a wire, each a bus-master NIC, its miniport and a protocol.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from .endings import ENDINGS
from .filters import FILTERS
from .information import INFORMATION
from .life import LIFE
from .links import LINKS
from .locks import LOCKS
from .losses import LOSSES
from .pools import POOLS
from .resets import RESETS
from .traffic import TRAFFIC

if TYPE_CHECKING:
    from asyncndis.testing.playing import Scenario

__all__ = ["SCENARIOS"]

SCENARIOS: Mapping[str, "Scenario"] = MappingProxyType(
    {
        scenario.name: scenario
        for scenarios in (POOLS, LOCKS, LINKS, RESETS, ENDINGS, INFORMATION, FILTERS, TRAFFIC, LOSSES, LIFE)
        for scenario in scenarios
    }
)
"""All of them, by name."""
