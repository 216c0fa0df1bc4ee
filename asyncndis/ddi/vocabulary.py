"""The NDIS vocabulary as data: what every call's page says of it, and the object form that it stands for.

``ddi`` notes a call; ``answer`` and ``attempt`` are where an error of the object form becomes a status, so that the
calls themselves have neither state nor branches. Parameters in NDIS spelling are those of the page; lower-case keywords
are additions of this package. Outputs come back in the order of the page, the status first, and are None on failure. A
broken rule is not a status: ``RuleViolation`` is raised in both vocabularies.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ParamSpec, TypeVar

from asyncndis.base import NdisError, NdisStatus

__all__ = ["Ddi", "answer", "answer_later", "attempt", "attempt_later", "ddi", "families", "lookup"]

P = ParamSpec("P")
T = TypeVar("T")
Call = TypeVar("Call", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Ddi:
    """What is known of one NDIS call or macro.

    :ivar function: the call itself; its signature and its docstring are part of the reference
    :ivar page: the source page by its name
    :ivar irql: the levels at which it may be called, and whether a spin lock may be held
    :ivar rules: the ids of the rules that it is about
    :ivar maps_to: the object form, as "BufferPool.create"
    """

    function: Callable[..., object]
    page: str
    irql: str
    rules: tuple[str, ...]
    maps_to: str

    @property
    def name(self) -> str:
        """The name in NDIS."""
        return self.function.__name__

    @property
    def family(self) -> str:
        """The group of calls that it belongs to: the name of its module."""
        return self.function.__module__.rpartition(".")[2]

    @property
    def awaited(self) -> bool:
        """Whether it can wait in this model, and so is awaited."""
        return inspect.iscoroutinefunction(self.function)

    @property
    def signature(self) -> str:
        """The call as a driver writes it: ``await NdisWaitEvent(Event, MsToWait)``."""
        parameters = ", ".join(inspect.signature(self.function).parameters)
        return f"{'await ' if self.awaited else ''}{self.name}({parameters})"

    @property
    def summary(self) -> str:
        """The first line of its docstring."""
        return (self.function.__doc__ or "").partition("\n")[0]


_vocabulary: dict[str, Ddi] = {}


def ddi(*, page: str, irql: str, maps_to: str, rules: tuple[str, ...] = ()) -> Callable[[Call], Call]:
    """Enter a function into the vocabulary, and what is noted of it into its docstring.

    The parameters are the fields of :class:`Ddi`.
    """

    def note(function: Call) -> Call:
        entry = Ddi(function, page, irql, rules, maps_to)
        lines = [
            inspect.getdoc(function) or "",
            f":IRQL: {irql}",
            f":Rules: {', '.join(rules)}" if rules else "",
            f":Object form: ``{maps_to}``",
            f":Source: {page}",
        ]
        function.__doc__ = "\n".join(filter(None, lines))
        _vocabulary[entry.name] = entry
        return function

    return note


def lookup(name: str) -> Ddi:
    """Find a call by its NDIS name.

    :raises LookupError: when there is none
    """
    if name not in _vocabulary:
        raise LookupError(f"{name} is no call of this vocabulary; families() lists all that are")
    return _vocabulary[name]


def families() -> Mapping[str, tuple[Ddi, ...]]:
    """The whole vocabulary: the calls of each family, in the order of the reference."""
    grouped: dict[str, tuple[Ddi, ...]] = {}
    for entry in _vocabulary.values():
        grouped[entry.family] = (*grouped.get(entry.family, ()), entry)
    return MappingProxyType(grouped)


def answer(
    failure: NdisStatus, form: Callable[P, T], *arguments: P.args, **options: P.kwargs
) -> tuple[NdisStatus, T | None]:
    """Call an object form: SUCCESS and its result, or ``failure`` and None where the environment refuses."""
    try:
        return NdisStatus.SUCCESS, form(*arguments, **options)
    except NdisError:
        return failure, None


async def answer_later(
    failure: NdisStatus, form: Callable[P, Awaitable[T]], *arguments: P.args, **options: P.kwargs
) -> tuple[NdisStatus, T | None]:
    """The :func:`answer` of an object form that is awaited."""
    try:
        return NdisStatus.SUCCESS, await form(*arguments, **options)
    except NdisError:
        return failure, None


def attempt(form: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> tuple[NdisStatus, T | None]:
    """Call an object form: SUCCESS and its result, or the status by which the environment refuses, and None."""
    try:
        return NdisStatus.SUCCESS, form(*arguments, **options)
    except NdisError as error:
        return error.status, None


async def attempt_later(
    form: Callable[P, Awaitable[T]], *arguments: P.args, **options: P.kwargs
) -> tuple[NdisStatus, T | None]:
    """The :func:`attempt` of an object form that is awaited."""
    try:
        return NdisStatus.SUCCESS, await form(*arguments, **options)
    except NdisError as error:
        return error.status, None
