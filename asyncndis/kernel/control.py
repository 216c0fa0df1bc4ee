"""Control of the event loop: what only the seam of handlers and the virtual clock need, apart from the host.

An await can be refused: what it asked of the loop is called off, and the violation is raised where it stood. And one
can wait until everybody else waits. The module for each loop is imported when a program runs on that loop.
"""

from typing import Protocol

from asyncndis.base import RuleViolation

from .host import current_host

__all__ = ["Control", "loop_control"]


class Control(Protocol):
    """What a loop's module offers."""

    @property
    def RefusedAwait(self) -> type[RuleViolation]:  # noqa: N802 - a class of the module
        """What is thrown into a coroutine at the await that is refused."""
        ...

    def call_off(self, request: object, refusal: RuleViolation, /) -> bool:
        """Undo what an await asked of the loop; False where that cannot be undone."""
        ...

    async def settle(self) -> None:
        """Let the other tasks run until each of them waits for something."""
        ...


def loop_control() -> Control:
    """The control of the loop that runs now."""
    if current_host().name == "trio":
        from . import _trio_control

        return _trio_control
    from . import _asyncio_control

    return _asyncio_control
