"""The scenarios that come with the package, by name: ``await SCENARIOS["reset_under_send"].run(seed=7)``.

Named after the jobs of NDISTest: two computers on a wire, each a bus-master NIC, its miniport and a protocol.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from .endings import ENDINGS
from .filters import FILTERS
from .information import INFORMATION
from .life import LIFE
from .links import LINKS
from .losses import LOSSES
from .resets import RESETS
from .traffic import TRAFFIC

if TYPE_CHECKING:
    from asyncndis.testing.playing import Scenario

__all__ = ["SCENARIOS"]

SCENARIOS: Mapping[str, "Scenario"] = MappingProxyType(
    {
        scenario.name: scenario
        for scenarios in (LINKS, RESETS, ENDINGS, INFORMATION, FILTERS, TRAFFIC, LOSSES, LIFE)
        for scenario in scenarios
    }
)
"""All of them, by name."""
