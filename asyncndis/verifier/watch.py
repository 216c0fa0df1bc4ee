"""What a watch is: the checks of some rules, by the calls that they want to hear of.

Most checks have something to say about few objects, such as packets that were given back, or in few moments. They are
guarded by the container in which these stand, so that a call on any other object costs one look into it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple, Protocol

__all__ = ["Check", "Checks", "Guarded", "Wanted", "Watch", "WhileAny", "together"]

Check = Callable[..., None]


class Guarded(NamedTuple):
    """A check that is made where the subject of the call stands in a container; that is never replaced by another."""

    container: Collection[Any]
    check: Check


class WhileAny(NamedTuple):
    """A check that is made while there is anything in a container; that is never replaced by another."""

    container: Collection[Any]
    check: Check


Wanted = Check | Guarded | WhileAny | tuple[Guarded | WhileAny, ...]
"""What a watch has to say about one call."""


class Watch(Protocol):
    """Checks, by the name of the call."""

    @property
    def before(self) -> Mapping[str, Wanted]:
        """Those made before a call, which may refuse it."""
        ...

    @property
    def after(self) -> Mapping[str, Wanted]:
        """Those made after it."""
        ...

    def finish(self) -> None:
        """The run is over: say what has been left behind."""


class Checks(NamedTuple):
    """The checks of one call, of all watches."""

    guarded: tuple[Guarded, ...] = ()
    while_any: tuple[WhileAny, ...] = ()
    always: tuple[Check, ...] = ()


def together(wanted: Iterable[Wanted]) -> Checks:
    """The checks of one call that several watches want."""
    guarded: list[Guarded] = []
    while_any: list[WhileAny] = []
    always: list[Check] = []
    for one in wanted:
        for check in (one,) if callable(one) or isinstance(one, Guarded | WhileAny) else one:
            if isinstance(check, Guarded):
                guarded.append(check)
            elif isinstance(check, WhileAny):
                while_any.append(check)
            else:
                always.append(check)
    return Checks(tuple(guarded), tuple(while_any), tuple(always))
