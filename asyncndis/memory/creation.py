"""Creating a pool: awaited, and refused while the caller holds a spin lock.

Source: the NdisAllocateBufferPool page of Windows CE. The page asks a caller to release any spin lock first; NDIS
takes a lock of its own here. So does this module, an anyio lock per event loop, and it looks at the caller's locks
before it (POOL-01, POOL-11). The returned object can be awaited, or entered with ``async with`` at once.
"""

from collections.abc import Callable, Generator
from types import TracebackType
from typing import Any, Generic, NoReturn, TypeVar
from weakref import WeakKeyDictionary

from anyio import Lock

from asyncndis.base import RuleViolation, current_probe
from asyncndis.kernel.host import current_host
from asyncndis.kernel.processors import Irql, current_processor, irql_name
from asyncndis.kernel.waiting import preempt

from .pool import DescriptorPool

__all__ = ["PoolCreation"]

P = TypeVar("P", bound=DescriptorPool[Any])

_locks: WeakKeyDictionary[Any, Lock] = WeakKeyDictionary()


class PoolCreation(Generic[P]):
    """A pool about to be created: ``pool = await creation``, or ``async with creation as pool``."""

    __slots__ = ("_build", "_kind", "_name", "_operation", "_pool", "_rule")

    def __init__(self, build: Callable[[], P], *, kind: str, name: str, operation: str, rule: str) -> None:
        self._build = build
        self._kind = kind
        self._name = name
        self._operation = operation
        self._rule = rule
        self._pool: P | None = None

    def __await__(self) -> Generator[Any, None, P]:
        return self._create().__await__()

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{name}: {self._kind} pool {self._name!r} is not created yet; write await create()")

    async def __aenter__(self) -> P:
        self._pool = await self._create()
        return self._pool

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._pool is not None
        await self._pool.aclose()

    async def _create(self) -> P:
        self._check_caller()
        probe = current_probe()
        if probe is not None:
            probe.before(self._operation, self._name)
            await preempt(probe, self._operation, self._name)
        async with _creation_lock():
            pool = self._build()
        if probe is not None:
            probe.after(self._operation, pool)
        return pool

    def _check_caller(self) -> None:
        processor = current_processor()
        if processor.top is not None:
            held = ", ".join(lock.name for lock in processor.held_locks)
            raise RuleViolation(
                self._rule,
                f"{self._kind} pool {self._name!r} is allocated while {processor.name} holds {held}; "
                "release every spin lock first, and allocate pools during initialization",
                self._name,
            )
        if processor.irql > Irql.DISPATCH:
            raise RuleViolation(
                "IRQL-01",
                f"{self._kind} pool {self._name!r} is allocated at {irql_name(processor.irql)}; "
                "pools are allocated at or below DISPATCH_LEVEL, during initialization",
                self._name,
            )


def _creation_lock() -> Lock:
    """The lock of this loop under which pools come into being."""
    loop = current_host().loop
    lock = _locks.get(loop)
    if lock is None:
        lock = _locks[loop] = Lock(fast_acquire=True)
    return lock
