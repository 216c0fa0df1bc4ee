"""Checkpoints: whether a block gives way, as ``trio.testing`` asks, on every loop.

A checkpoint is an await that gives way: other tasks get a turn, and a cancellation can strike there. On asyncio the
two are one, so the block counts when its task has given way to the loop once, shielded from cancellation or not. On
trio a checkpoint is what trio counts as one: a schedule point and a cancel point.
"""

from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module

from asyncndis.base.context import running_context
from asyncndis.kernel import current_host

__all__ = ["assert_checkpoints", "assert_no_checkpoints"]


@contextmanager
def assert_checkpoints() -> Generator[None]:
    """A block that ends by an exception, or gives way at least once. IRQL: PASSIVE.

    ``with assert_checkpoints(): await pool.aclose()`` proves that the call lets others run though it need not wait.

    :raises AssertionError: when it ends well, and its task has not given way
    """
    with _watch("assert_checkpoints") as given_way:
        yield
        if given_way == []:
            raise AssertionError("the block has not given way: it has no checkpoint; await checkpoint() of anyio there")


@contextmanager
def assert_no_checkpoints() -> Generator[None]:
    """A block that never gives way, so that no task sees it half done and no cancellation strikes it. IRQL: any.

    :raises AssertionError: when its task has given way, also when the block ends by an exception
    """
    with _watch("assert_no_checkpoints") as given_way:
        try:
            yield
        finally:
            if given_way:
                raise AssertionError("the block has given way: other tasks ran, and it could have been cancelled")


@contextmanager
def _watch(name: str) -> Generator[list[bool] | None]:
    """Note that the current task gives way; on trio, let trio judge by itself: None."""
    if current_host().name == "trio":
        with getattr(import_module("trio.testing"), name)():
            yield None
        return
    given_way: list[bool] = []
    running_context().after_step(lambda: given_way.append(True))
    yield given_way
