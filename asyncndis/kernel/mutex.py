"""Mutexes: mutual exclusion at PASSIVE_LEVEL, for code that waits while it holds one.

Source: the NDIS_INIT_MUTEX page, which calls an NDIS mutex a wrapper of the kernel's mutex. So it belongs to the task
that took it, which may take it again and then releases it as often. It is built on ``anyio.Lock``: first come, first
served, and a cancelled waiter that was handed the mutex passes it on. It does not raise the IRQL and is no spin lock.
"""

from dataclasses import dataclass
from types import TracebackType

from anyio import Lock

from asyncndis.base import RuleViolation, check_instance, current_probe

from .host import current_host, current_task
from .waiting import check_may_wait, preempt

__all__ = ["Mutex", "MutexStatistics"]


@dataclass(frozen=True, slots=True)
class MutexStatistics:
    """The state of a mutex at one moment.

    :ivar depth: how often its owner has taken it, 0 when it is free
    :ivar waiting: how many tasks wait for it
    """

    depth: int
    waiting: int


class Mutex:
    """A mutex, free at first (NDIS_INIT_MUTEX); ``async with mutex:`` takes it. IRQL: any.

    :param name: for messages
    """

    __slots__ = ("__weakref__", "_depth", "_lock", "_owner", "_probe", "name")

    def __init__(self, name: str = "mutex") -> None:
        check_instance("name", name, str)
        self.name = name
        self._probe = current_probe()
        self._lock = Lock(fast_acquire=True)
        self._owner: object = None
        self._depth = 0

    def __repr__(self) -> str:
        state = f"held {self._depth} deep" if self._depth else "free"
        return f"<Mutex {self.name!r} {state}, {self.statistics().waiting} waiting>"

    def statistics(self) -> MutexStatistics:
        """The state of the mutex. IRQL: any."""
        return MutexStatistics(self._depth, self._lock.statistics().tasks_waiting)

    async def acquire(self) -> None:
        """Take the mutex, after those who asked before (NDIS_WAIT_FOR_MUTEX). IRQL: PASSIVE, no spin lock held.

        :raises RuleViolation: IRQL-02 above PASSIVE_LEVEL; LOCK-11 with a spin lock held; LOCK-04 its owner ended
            without releasing it
        """
        probe = self._probe
        if probe is not None:
            await preempt(probe, "NDIS_WAIT_FOR_MUTEX", self)
        check_may_wait(f"waits for mutex {self.name!r}", self, "use a spin lock there")
        if probe is not None:
            probe.before("NDIS_WAIT_FOR_MUTEX", self)
        task = current_task()
        if self._owner is not task:
            self._refuse_a_dead_owner()
            await self._lock.acquire()
            self._owner = task
        self._depth += 1
        if probe is not None:
            probe.after("NDIS_WAIT_FOR_MUTEX", self)

    __aenter__ = acquire

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Release the mutex; the last of its owner's releases frees it (NDIS_RELEASE_MUTEX). IRQL: PASSIVE.

        :raises RuleViolation: LOCK-03 not held; LOCK-10 held by another task
        """
        if not self._depth:
            raise RuleViolation("LOCK-03", f"{self.name} is released, but nobody holds it", self)
        if self._owner is not current_task():
            host = current_host()
            releaser, owner = host.task_name(current_task()), host.task_name(self._owner)
            raise RuleViolation("LOCK-10", f"{self.name} is released by {releaser}, but {owner} holds it", self)
        if self._probe is not None:
            self._probe.before("NDIS_RELEASE_MUTEX", self)
        self._depth -= 1
        if not self._depth:
            self._owner = None
            self._lock.release()
        if self._probe is not None:
            self._probe.after("NDIS_RELEASE_MUTEX", self)

    def _refuse_a_dead_owner(self) -> None:
        host = current_host()
        if self._depth and host.task_is_done(self._owner):
            raise RuleViolation(
                "LOCK-04",
                f"{self.name} can never be acquired: its owner, {host.task_name(self._owner)}, ended without "
                "releasing it",
                self,
            )
