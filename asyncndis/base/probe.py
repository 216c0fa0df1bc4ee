"""The probe: one nullable slot per object through which the model can be watched and refused.

Objects take the probe of the context they are made in and keep it. An operation is named by its NDIS call
("NdisFreeBuffer"), whichever vocabulary was used: that name is the key to IRQL, rules and documentation alike.
``before`` may raise ``RuleViolation``, and nothing has changed yet; ``fails`` may have the environment say no;
``after`` sees a consistent state and only observes. A probe that has ``preempt`` turns every awaited call into a
scheduling point. An object without a probe pays one test of a slot at most; pools pay nothing.
"""

from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["Probe", "ProbeChain", "current_probe", "observe"]

Preempt = Callable[[str, object], Coroutine[object, object, None]]


class Probe:
    """Watches operations on the objects of the model; the base class watches nothing."""

    preempt: Preempt | None = None
    """Awaited before each awaited call with (operation, subject), where a scheduler wants to step in."""

    def before(self, operation: str, subject: object, *arguments: object) -> None:
        """An operation is about to happen; raise ``RuleViolation`` to refuse it."""

    def fails(self, operation: str, subject: object) -> bool:
        """Whether the environment is to refuse this operation now, as under low resources."""
        return False

    def after(self, operation: str, subject: object, *arguments: object) -> None:
        """An operation has happened, and the state is consistent again."""

    def violated(self, violation: Exception) -> None:
        """A rule was found broken, by whoever saw it; the violation is about to be raised."""


class ProbeChain(Probe):
    """Several probes as one, asked in order; what a probe does not watch costs nothing."""

    def __init__(self, *probes: Probe) -> None:
        self.probes = probes
        schedulers = [probe.preempt for probe in probes if probe.preempt is not None]
        if len(schedulers) > 1:
            raise ValueError("two probes of one chain want to schedule; only one may have preempt")
        self.preempt = schedulers[0] if schedulers else None
        self._before = [probe.before for probe in probes if type(probe).before is not Probe.before]
        self._fails = [probe.fails for probe in probes if type(probe).fails is not Probe.fails]
        self._after = [probe.after for probe in probes if type(probe).after is not Probe.after]

    def before(self, operation: str, subject: object, *arguments: object) -> None:
        """Ask each probe; the first that refuses decides."""
        for before in self._before:
            before(operation, subject, *arguments)

    def fails(self, operation: str, subject: object) -> bool:
        """Ask each probe, so that each counts the call; one is enough to make it fail."""
        failed = False
        for fails in self._fails:
            failed |= fails(operation, subject)
        return failed

    def after(self, operation: str, subject: object, *arguments: object) -> None:
        """Tell each probe."""
        for after in self._after:
            after(operation, subject, *arguments)

    def violated(self, violation: Exception) -> None:
        """Tell each probe."""
        for probe in self.probes:
            probe.violated(violation)


_current: ContextVar[Probe | None] = ContextVar("asyncndis_probe", default=None)


def current_probe() -> Probe | None:
    """The probe that an object made now belongs to."""
    return _current.get()


@contextmanager
def observe(probe: Probe) -> Generator[Probe]:
    """Give every object made in this context ``probe``, after any probe that is already there."""
    outer = _current.get()
    if outer is None:
        token = _current.set(probe)
    else:
        token = _current.set(ProbeChain(*(outer.probes if isinstance(outer, ProbeChain) else (outer,)), probe))
    try:
        yield probe
    finally:
        _current.reset(token)
