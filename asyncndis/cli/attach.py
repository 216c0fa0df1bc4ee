"""Finding the stack that a verb is to look at, among those that run with a monitor."""

from collections.abc import Sequence

from asyncndis.base import NdisError, NdisStatus
from asyncndis.ndis.monitoring import Monitor, find_monitors
from asyncndis.ndis.snapshots import SCHEMA, StackView

from .suggest import unknown

__all__ = ["choose", "look"]

_NOT_FOUND = NdisStatus.ADAPTER_NOT_FOUND


def choose(name: str | None) -> Sequence[Monitor]:
    """The stacks that are meant: one or, where no name says which, all that run.

    :param name: of a stack, or the number of a process
    :raises NdisError: when none runs
    :raises click.UsageError: when none of that name does
    """
    monitors = find_monitors()
    if not monitors:
        raise NdisError("no stack with a monitor runs; open one with open_stack(..., monitor=True)", _NOT_FOUND)
    if name is None:
        return monitors
    chosen = [monitor for monitor in monitors if monitor.is_called(name)]
    if not chosen:
        raise unknown("running stack", name, [monitor.name for monitor in monitors])
    return chosen


def look(monitor: Monitor, *, details: bool = False) -> StackView | None:
    """A snapshot of a stack; None when it has ended.

    :raises OSError: when it does not answer, in a sentence
    """
    try:
        view = monitor.ask(details=details)
    except ConnectionError:
        return None
    except TimeoutError as error:
        raise OSError(f"{monitor} does not answer: its event loop is held up") from error
    except PermissionError as error:
        raise OSError(f"{monitor} does not let you look: {monitor.path} is another user's") from error
    if view["schema"] != SCHEMA:
        raise OSError(
            f"{monitor} speaks version {view['schema']} of snapshots, and this command version {SCHEMA}; use the "
            "asyncndis that it uses"
        )
    return view
