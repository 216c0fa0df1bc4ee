"""What the kernel tells the towers (see ``asyncndis.base.context``); registered when the kernel is imported."""

from collections.abc import Callable
from functools import partial
from types import FrameType

from asyncndis.base import Site, is_driver_code
from asyncndis.base.context import set_context

from .clock import current_clock
from .host import current_host, current_task
from .processors import Processor, irql_name, raised

__all__ = ["KernelContext"]

_FRAMES = ("cr_frame", "gi_frame", "ag_frame")
_AWAITED = ("cr_await", "gi_yieldfrom", "ag_await")


class KernelContext:
    """Answers for the task that runs now, on whichever loop."""

    def raised_processor(self) -> Processor | None:
        """The processor of the current task; None where that is at PASSIVE_LEVEL, without a lock."""
        return raised.get(current_task()) if raised else None

    def current_task(self) -> object:
        """The task that runs now; None in a callback of the event loop."""
        return current_task()

    def after_step(self, callback: Callable[[], object]) -> None:
        """Run a callback when the current task has given way, and before it goes on."""
        host = current_host()
        if host.name == "trio":  # whose call_soon may come late
            from ._trio_steps import after_step

            after_step(callback)
        else:
            host.call_soon(partial(_call, callback))

    def irql_name(self, level: int) -> str:
        """A level as the documentation writes it."""
        return irql_name(level)

    def now(self) -> int:
        """The time of the clock that is used here, in units of 100 ns."""
        return current_clock().now()

    def awaiting_site(self, task: object) -> Site | None:
        """The driver's line at which a task that does not run now awaits; None when it has ended, or is no task."""
        of_asyncio = getattr(task, "get_coro", None)
        frames = _frames_of(of_asyncio() if of_asyncio is not None else getattr(task, "coro", None))
        drivers = [frame for frame in frames if is_driver_code(frame.f_code.co_filename)]
        return Site.of_frame((drivers or frames)[-1]) if frames else None


def _call(callback: Callable[[], object]) -> None:
    callback()


setattr(_call, "__runs_at_once__", True)  # noqa: B010 - an explorer of schedules is told that it is no step of the driver


def _frames_of(awaited: object) -> list[FrameType]:
    """Where a suspended coroutine stands, the outermost frame first; none when it has ended."""
    frames: list[FrameType] = []
    while awaited is not None:
        frame = _first(awaited, _FRAMES)
        if isinstance(frame, FrameType):
            frames.append(frame)
        awaited = _first(awaited, _AWAITED)
    return frames


def _first(awaited: object, names: tuple[str, ...]) -> object:
    """The attribute of a coroutine, or of a generator that acts as one."""
    return next((found for name in names if (found := getattr(awaited, name, None)) is not None), None)


set_context(KernelContext())
