"""Concurrency bugs with fixed twins: what an explorer of schedules has to find, and what it must not report.

Each family of bugs is a module here, which registers its cases as it is imported.
"""

from importlib import import_module
from pkgutil import iter_modules

from .cases import REGISTERED, Case

__all__ = ["CASES", "Case"]

for _family in sorted(module.name for module in iter_modules(__path__)):
    import_module(f"{__name__}.{_family}")

CASES: tuple[Case, ...] = tuple(REGISTERED)
