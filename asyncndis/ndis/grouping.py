"""A task group whose only error comes out as itself, and not in a group of one."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from anyio import create_task_group
from anyio.abc import TaskGroup

__all__ = ["plain_task_group"]


@asynccontextmanager
async def plain_task_group() -> AsyncGenerator[TaskGroup]:
    """A task group; where a single error comes out of it, it is raised alone, with its own context."""
    alone: BaseException | None = None
    try:
        async with create_task_group() as group:
            yield group
    except BaseExceptionGroup as errors:
        alone, *others = errors.exceptions
        if others:
            raise
    if alone is not None:
        raise alone
