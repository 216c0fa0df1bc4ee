"""Floor 6: what drivers are tested with: scenarios, invariants, virtual time. Imported when first used."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .checkpoints import assert_checkpoints, assert_no_checkpoints
    from .computers import ETHER_TYPE, Computer, Hoarder, Talker, numbered_frame, open_computer, open_pair
    from .invariants import assert_frames_conserved, assert_pool_at_rest, assert_stack_at_rest, no_leaks
    from .playing import Play, Scenario, scenario
    from .times import let_pass, virtual_time
    from .torturing import Exposed, cancel_everywhere, exposed, fail_every_allocation

_HOMES = {
    "checkpoints": ("assert_checkpoints", "assert_no_checkpoints"),
    "computers": ("ETHER_TYPE", "Computer", "Hoarder", "Talker", "numbered_frame", "open_computer", "open_pair"),
    "invariants": ("assert_frames_conserved", "assert_pool_at_rest", "assert_stack_at_rest", "no_leaks"),
    "playing": ("Play", "Scenario", "scenario"),
    "times": ("let_pass", "virtual_time"),
    "torturing": ("Exposed", "cancel_everywhere", "exposed", "fail_every_allocation"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ETHER_TYPE",
    "Computer",
    "Exposed",
    "Hoarder",
    "Play",
    "Scenario",
    "Talker",
    "assert_checkpoints",
    "assert_frames_conserved",
    "assert_no_checkpoints",
    "assert_pool_at_rest",
    "assert_stack_at_rest",
    "cancel_everywhere",
    "exposed",
    "fail_every_allocation",
    "let_pass",
    "no_leaks",
    "numbered_frame",
    "open_computer",
    "open_pair",
    "scenario",
    "virtual_time",
]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'asyncndis.testing' has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
