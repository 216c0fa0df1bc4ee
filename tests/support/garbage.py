"""Garbage of one test alone: a test run has thousands of tests in memory, and to look through them takes its time."""

import gc
from collections.abc import Generator
from contextlib import contextmanager

__all__ = ["only_new_garbage"]


@contextmanager
def only_new_garbage() -> Generator[None]:
    """What was there before this block is neither collected in it nor listed."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
