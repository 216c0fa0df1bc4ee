"""Keeps the log of a program silent while thousands of its schedules run: each would say the same once more."""

import logging
from collections.abc import Generator
from contextlib import contextmanager

__all__ = ["silent_log"]


@contextmanager
def silent_log() -> Generator[None]:
    """Let nothing be logged while a block runs, also by processes that are forked in it."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)
