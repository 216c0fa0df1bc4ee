"""Lets a test runner's alarm end the search, not just the task in whose step it rings.

pytest-timeout and its like raise from a handler of SIGALRM, which may run in the middle of an explored program. The
task there takes the exception for its own; the search must end nevertheless, or the next schedule hangs without alarm.
"""

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["alarms_heard"]


@contextmanager
def alarms_heard(hear: Callable[[BaseException], object]) -> Generator[None]:
    """Hear of each exception that the handler of an alarm raises while the block runs; it is raised all the same.

    :param hear: takes the exception
    """
    number: int | None = getattr(signal, "SIGALRM", None)
    is_main = threading.current_thread() is threading.main_thread()
    handler: Any = signal.getsignal(number) if number is not None and is_main else None
    if number is None or not callable(handler):
        yield
        return

    def ring(rung: int, frame: FrameType | None) -> None:
        try:
            handler(rung, frame)
        except BaseException as error:
            hear(error)
            raise

    signal.signal(number, ring)
    try:
        yield
    finally:
        if signal.getsignal(number) is ring:
            signal.signal(number, handler)
