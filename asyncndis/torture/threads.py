"""Functions for worker threads, run inline: a job of an executor is one step that nothing interrupts.

asyncio's ``to_thread`` needs nothing but the loop's own ``run_in_executor``. Anyio keeps threads of its own, so while
a search runs, its asyncio backend is given another ``run_sync_in_worker_thread``, which does the same (limiter, scope,
context) with a job of the loop. A job cannot wait for its loop, so ``from_thread.run`` is refused.
Anyio also keeps the scopes and tasks to cancel in sets, which follow addresses; here they follow the order of entry.
"""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from functools import partial, wraps
from typing import Any

from .escapes import Simulated, back_from_job, in_job, left_simulation
from .patches import Patch, Patches

__all__ = ["anyio_inline"]


def _anyio_patches() -> Iterator[Patch]:
    if "anyio" not in sys.modules:
        return
    from anyio import from_thread
    from anyio._backends import _asyncio

    backend = _asyncio.AsyncIOBackend
    yield Patch(backend, "run_sync_in_worker_thread", classmethod(_run_sync_in_job(_asyncio)))
    yield Patch(backend, "run_async_from_thread", classmethod(_run_async_from_job(_asyncio)))
    yield Patch(backend, "run_sync_from_thread", classmethod(_run_sync_from_job(_asyncio)))
    yield Patch(from_thread.BlockingPortal, "_check_running", _check_running(from_thread))
    yield Patch(_asyncio.CancelScope, "__init__", _in_order(_asyncio.CancelScope.__init__))


anyio_inline = Patches(_anyio_patches).applied
"""Makes anyio's threads jobs of the loop, and its cancellation deterministic: ``with anyio_inline():``."""


def _run_sync_in_job(asyncio_backend: Any) -> Callable[..., Any]:
    original = asyncio_backend.AsyncIOBackend.run_sync_in_worker_thread.__func__

    def in_worker(loop: object, scope: object, function: Callable[[], Any]) -> Any:
        with asyncio_backend.claim_worker_thread(asyncio_backend.AsyncIOBackend, loop):
            asyncio_backend.threadlocals.current_cancel_scope = scope
            try:
                return function()
            finally:
                del asyncio_backend.threadlocals.current_cancel_scope

    @wraps(original)
    async def run_sync_in_worker_thread(
        cls: Any, func: Callable[..., Any], args: Any, abandon_on_cancel: bool = False, limiter: Any = None
    ) -> Any:
        loop = asyncio.get_running_loop()
        if not isinstance(loop, Simulated):
            return await original(cls, func, args, abandon_on_cancel=abandon_on_cancel, limiter=limiter)
        await cls.checkpoint()
        async with limiter or cls.current_default_thread_limiter():
            with asyncio_backend.CancelScope(shield=not abandon_on_cancel) as scope:
                seen = scope if abandon_on_cancel or scope._parent_scope is None else scope._parent_scope
                context = _context_for(asyncio_backend, None)
                return await loop.run_in_executor(None, in_worker, loop, seen, partial(context.run, func, *args))

    return run_sync_in_worker_thread


def _context_for(asyncio_backend: Any, library: str | None) -> Context:
    """A copy of the context, in which anyio knows where it runs; newer ones say so only if sniffio is there."""
    context = copy_context()
    if hasattr(asyncio_backend, "set_current_async_library"):
        context.run(asyncio_backend.set_current_async_library, library)
    else:
        context.run(asyncio_backend.sniffio.current_async_library_cvar.set, library)
    return context


def _run_async_from_job(asyncio_backend: Any) -> Callable[..., Any]:
    original = asyncio_backend.AsyncIOBackend.run_async_from_thread.__func__

    @wraps(original)
    def run_async_from_thread(cls: Any, func: Callable[..., Any], args: Any, token: object) -> Any:
        if in_job():
            raise left_simulation(
                "from_thread.run()",
                "would wait for the event loop in the middle of a thread's function, which runs as one step here,",
                "return to the coroutine and await there, or use from_thread.run_sync",
            )
        return original(cls, func, args, token)

    return run_async_from_thread


def _run_sync_from_job(asyncio_backend: Any) -> Callable[..., Any]:
    original = asyncio_backend.AsyncIOBackend.run_sync_from_thread.__func__

    @wraps(original)
    def run_sync_from_thread(cls: Any, func: Callable[..., Any], args: Any, token: object) -> Any:
        if not in_job():
            return original(cls, func, args, token)
        with back_from_job():
            return _context_for(asyncio_backend, "asyncio").run(func, *args)

    return run_sync_from_thread


def _check_running(from_thread: Any) -> Callable[[Any], None]:
    original = from_thread.BlockingPortal._check_running

    @wraps(original)
    def _check_running(portal: Any) -> None:
        """In a job, the thread is the loop's own, and that is right."""
        if portal._event_loop_thread_id is None or not in_job():
            original(portal)

    return _check_running


class _InOrder(dict[object, None]):
    """As much of a set as anyio uses, walked in the order of entry; the methods that it uses often are C's own."""

    add: Any = dict[object, None].setdefault
    remove: Any = dict[object, None].__delitem__

    def discard(self, member: object) -> None:
        self.pop(member, None)


def _in_order(original: Callable[..., None]) -> Callable[..., None]:
    @wraps(original)
    def begin(scope: Any, *args: Any, **kwargs: Any) -> None:
        original(scope, *args, **kwargs)
        if isinstance(asyncio._get_running_loop(), Simulated):
            scope._child_scopes = _InOrder()
            scope._tasks = _InOrder()

    return begin
