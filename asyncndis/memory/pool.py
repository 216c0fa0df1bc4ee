"""The engine of every descriptor pool: shelf, limit, waiters, and the books.

Descriptors are made when first needed and kept on a shelf, last in, first out. Three numbers rule it: ``_rest``, how
many are kept for reuse; ``_limit``, how many ordinary requests may have out; ``_capacity``, which adds the emergency
reserve. A descriptor beyond ``_rest`` is dropped when it comes back: overflow, a pool that shrank, and the reserve are
one rule. A live waiter exists only while the shelf is empty; what comes back goes to the oldest waiter directly.

``_free`` is what the fast path pops: the shelf itself, or in a watched pool (probe, tracking, watermarks) a list that
stays empty, so that every request goes the careful way. ``_returns`` takes what comes back: the shelf in quiet times,
the waiters through a hand-off in busy ones, the careful way where more is to be done.
"""

import logging
import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from anyio.lowlevel import checkpoint_if_cancelled

from asyncndis.base import (
    HandleTable,
    NdisStatus,
    PoolClosed,
    PoolExhausted,
    Profile,
    RuleViolation,
    Site,
    caller_site,
    check_instance,
    check_integer,
    current_probe,
)
from asyncndis.kernel.host import Seat, current_host
from asyncndis.kernel.waiters import Bulk
from asyncndis.kernel.waiting import preempt

from .descriptor import AWAY, Descriptor, Special
from .poolrules import PoolRules
from .returns import CarefulReturns, HandOff
from .statistics import LeakReport, PoolStatistics
from .waiting import WaitingRoom
from .watermarks import Watermarks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

__all__ = ["DescriptorPool"]

logger = logging.getLogger("asyncndis.memory")

D = TypeVar("D", bound=Descriptor)


class DescriptorPool(Generic[D]):
    """A pool of descriptors; see ``BufferPool`` and ``PacketPool``."""

    __slots__ = (
        "__weakref__",
        "_above_high",
        "_capacity",
        "_careful_returns",
        "_closed",
        "_denied",
        "_enforced",
        "_free",
        "_hand_off",
        "_handles",
        "_limit",
        "_made",
        "_nominal",
        "_peak",
        "_probe",
        "_queue",
        "_reserve",
        "_rest",
        "_returns",
        "_room",
        "_shelf",
        "_sites",
        "_static",
        "_watermarks",
        "name",
        "profile",
    )

    rules: ClassVar[PoolRules]

    def __new__(cls, *_: Any, **how: Any) -> "Self":
        """Tell those who call the class itself what to write instead."""
        if not how:
            raise TypeError(f"a pool is created by awaiting: pool = await {cls.__name__}.create(count)")
        return super().__new__(cls)

    def __init__(
        self,
        count: int,
        *,
        name: str,
        profile: Profile,
        overflow: int,
        reserve: int,
        enforced: bool,
        watermarks: Watermarks | None,
        track: bool,
        starvation_seconds: float,
    ) -> None:
        self.name = name
        self.profile = profile
        self._probe = current_probe()
        self._nominal = count + overflow
        self._reserve = reserve
        self._enforced = enforced
        self._static = count
        self._watermarks = watermarks
        self._set_limits()
        self._made = 0
        self._peak = 0
        self._shelf: list[D] = []
        self._above_high = False
        self._sites: dict[D, Site] | None = {} if track or self._probe is not None else None
        watched = self._sites is not None or watermarks is not None
        self._free: list[D] = [] if watched else self._shelf
        self._room: WaitingRoom[D] = WaitingRoom(name, current_host(), starvation_seconds, self.leaks)
        self._queue = self._room.queue
        self._careful_returns = CarefulReturns(self)
        self._hand_off = HandOff(self)
        self._returns: list[D] | HandOff[D] | CarefulReturns[D] = self._shelf
        self._settle()
        self._handles: HandleTable[D] | None = None
        self._closed = False
        self._denied = 0

    def _set_limits(self) -> None:
        if self._enforced:
            self._capacity = self._nominal
            self._limit = self._nominal - self._reserve
        else:
            self._capacity = self._limit = sys.maxsize
        # A pool under a probe never reuses a descriptor object, so that every use after free is seen as such; nor does
        # one with watermarks, whose callback may allocate while the descriptor that is being freed is not done yet.
        reuses = self._probe is None and self._watermarks is None
        self._rest = min(self._static, self._limit) if reuses else 0

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return (
            f"<{type(self).__name__} {self.name!r} {state}, {self.outstanding} of {self._nominal} out, "
            f"{len(self._queue)} waiting>"
        )

    async def __aenter__(self) -> "Self":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def capacity(self) -> int:
        """The number of descriptors that may be out at once."""
        return self._nominal

    @property
    def outstanding(self) -> int:
        """The number of descriptors that are out."""
        return self._made - len(self._shelf) - self._queue.in_hand

    @property
    def closed(self) -> bool:
        """Whether the pool was closed."""
        return self._closed

    def statistics(self) -> PoolStatistics:
        """The state of the pool now, in O(1). IRQL: any."""
        outstanding, in_hand = self.outstanding, self._queue.in_hand
        return PoolStatistics(
            capacity=self._nominal,
            free=max(0, self._nominal - outstanding - in_hand),
            outstanding=outstanding,
            in_hand=in_hand,
            waiting=max(0, len(self._queue)),
            max_outstanding=max(self._peak, self._made),
            denied=self._denied,
            delayed=self._room.delayed,
            longest_wait=self._room.waits.longest,
            waits=self._room.waits.buckets(),
        )

    def leaks(self) -> LeakReport:
        """What is out now, by the line that allocated it where the pool tracks that. IRQL: any."""
        return LeakReport.of(self.name, self.outstanding, (self._sites or {}).values())

    def resize(self, count: int) -> None:
        """Change the number of descriptors. IRQL: <= DISPATCH.

        Growing serves waiters at once. Shrinking drops free descriptors now and the others as they come back; who waits
        for more descriptors than the pool has left gets ``PoolExhausted``.

        :param count: the new number, above the emergency reserve
        :raises ValueError: when it does not leave room for the reserve
        :raises PoolClosed: when the pool is closed
        """
        check_integer("count", count)
        if count < self._reserve:
            raise ValueError(f"{self.name!r} keeps {self._reserve} for emergencies; {count} descriptors are too few")
        if self._closed:
            raise self._closed_error()
        self._nominal += count - self._static
        self._static = count
        self._set_limits()
        for descriptor in self._queue.refuse(self._limit):
            self._put_back(descriptor)
        self._make_for_waiters()
        while self._made > self._rest and self._shelf:
            self._shelf.pop()
            self._drop()
        self._settle()

    async def aclose(self) -> LeakReport:
        """Close the pool, if it is open (see :meth:`close`).

        :returns: what is still out
        """
        if not self._closed:
            await self._preempt(self.rules.close)
        return self.leaks() if self._closed else self.close()

    def close(self) -> LeakReport:
        """Close the pool for good: waiters get ``PoolClosed``. IRQL: <= DISPATCH, no spin lock held.

        A descriptor that is still out is a leak in NDIS (POOL-07, POOL-14); here it may still be freed later.

        :returns: what is still out
        :raises RuleViolation: POOL-10 when the pool was closed before
        """
        if self._closed:
            raise RuleViolation("POOL-10", f"{self.rules.kind} pool {self.name!r} is freed twice", self)
        if self._probe is not None:
            self._probe.before(self.rules.close, self)
        self._closed = True
        self._peak = max(self._peak, self._made)
        self._made -= len(self._room.close()) + len(self._shelf)
        self._shelf.clear()
        self._rest = 0
        self._settle()
        report = self.leaks()
        if report:
            logger.warning("closed with descriptors out: %s", report)
        if self._probe is not None:
            self._probe.after(self.rules.close, self)
        return report

    def handle(self, descriptor: D) -> int:
        """A handle for a descriptor that is out: it stops being valid when the descriptor is freed. IRQL: any.

        :raises RuleViolation: when it is free, or belongs to another pool
        """
        self._own(descriptor)
        descriptor._require_live()
        special = self.special(descriptor)
        if self._handles is None:
            self._handles = HandleTable(self.rules.kind, self.rules.freed_twice)
        if not special.handle:
            special.handle = self._handles.open(descriptor)
        return special.handle

    def resolve(self, handle: int) -> D:
        """Find the descriptor of a handle. IRQL: any.

        :raises StaleHandle: when the descriptor was freed since
        """
        handles: HandleTable[D] = self._handles or HandleTable(self.rules.kind, self.rules.freed_twice)
        return handles.resolve(handle)

    def special(self, descriptor: D) -> Special:
        """The special state of a live descriptor, made on demand; freeing it goes the careful way from now on."""
        if descriptor._special is None:
            descriptor._special = Special()
            descriptor._home = AWAY
        return descriptor._special

    def _make(self) -> D:
        raise AssertionError("each kind of pool makes its own descriptors")

    def _take(self, *, emergency: bool = False, operation: str = "") -> D | None:
        """A descriptor at once, made if need be; None when the limit is reached or others wait."""
        self._admit(operation or self.rules.allocate)
        if self._shelf:
            return self._shelf.pop()
        if self._made < (self._capacity if emergency else self._limit) and (emergency or not self._queue):
            self._made += 1
            self._settle()
            return self._make()
        return None

    def _admit(self, operation: str) -> None:
        """Refuse an allocation when the pool is closed, a rule forbids it, or the fault plan lets it fail."""
        if self._closed:
            raise self._closed_error()
        if self._probe is not None:
            self._probe.before(operation, self)
            if self._probe.fails(operation, self):
                self._denied += 1
                raise PoolExhausted(f"{self.name!r}: allocation refused by the fault plan", NdisStatus.RESOURCES)

    def _take_or_deny(self, *, emergency: bool = False, operation: str = "") -> D:
        descriptor = self._take(emergency=emergency, operation=operation)
        if descriptor is None:
            raise self._deny(1)
        return descriptor

    async def _wait_for_many(self, count: int) -> list[D]:
        """Take ``count`` descriptors the careful way: those that are there, or all of them after a wait."""
        if self._probe is not None:
            await self._preempt(self.rules.allocate)
        if self._closed:
            raise self._closed_error()
        if count > self._limit:
            raise self._deny(count)
        if not count or (not self._queue and len(self._shelf) + self._limit - self._made >= count):
            return self._take_all(count)
        for _ in range(count):
            self._admit(self.rules.allocate)
        return await self._collect(count)

    def _take_all(self, count: int) -> list[D]:
        """Take ``count`` descriptors at once; where one is refused, those before it go back."""
        descriptors: list[D] = []
        try:
            for _ in range(count):
                descriptors.append(self._take_or_deny())  # noqa: PERF401  # what was taken must be known on failure
        except BaseException:
            for descriptor in descriptors:
                self._put_back(descriptor)
            raise
        return descriptors

    async def _collect(self, count: int) -> list[D]:
        entry = self._line_up_for(count)
        started = self._room.time()
        try:
            descriptors = await entry.seat
            if self._room.is_to_look_up():
                await checkpoint_if_cancelled()
        except BaseException:
            self._leave_bulk(entry)
            raise
        if descriptors is None:
            raise self._closed_error() if self._closed else self._deny(count)
        self._room.arrived(count, started)
        return descriptors

    def _own(self, descriptor: D) -> None:
        """Refuse a descriptor of another pool."""
        check_instance("what a pool takes back", descriptor, Descriptor)
        if descriptor._pool is not self:
            raise RuleViolation(
                self.rules.freed_twice,
                f"a descriptor of pool {descriptor._pool.name!r} is given to pool {self.name!r}; "
                "free it to the pool it came from",
                descriptor,
            )

    def _deny(self, count: int) -> PoolExhausted:
        self._denied += 1
        if count > self._limit:
            advice = f"an ordinary request gets at most {self._limit}, not {count}; ask for fewer, or resize it"
        else:
            advice = "every descriptor is out; free one, or await allocate()"
        return PoolExhausted(
            f"{self.rules.kind} pool {self.name!r} ({self.outstanding} of {self._nominal} out, "
            f"{len(self._queue)} waiting): {advice}"
        )

    def _closed_error(self) -> PoolClosed:
        return PoolClosed(f"{self.rules.kind} pool {self.name!r} is closed; create a new one")

    def _line_up(self) -> Seat[D | None]:
        seat = self._room.enter()
        if self._returns is self._shelf:
            self._returns = self._hand_off
        return seat

    def _line_up_for(self, count: int) -> Bulk[D]:
        """Line up for several; at the head of the queue, what lies on the shelf is collected at once."""
        entry = self._room.enter_for(count)
        while self._shelf:
            self._queue.offer(self._shelf.pop())
        self._make_for_waiters()
        self._settle()
        return entry

    def _make_for_waiters(self) -> None:
        while self._made < self._limit and self._queue and self._queue.offer(self._make()):
            self._made += 1

    def _leave(self, seat: Seat[D | None]) -> None:
        """A cancelled waiter passes on what it was handed, in the same step."""
        descriptor = self._queue.leave(seat)
        if descriptor is not None:
            self._put_back(descriptor)
        elif isinstance(sys.exception(), RuntimeError):
            self._room.check_loop()

    def _leave_bulk(self, entry: Bulk[D]) -> None:
        for descriptor in self._queue.leave_bulk(entry):
            self._put_back(descriptor)
        if isinstance(sys.exception(), RuntimeError):
            self._room.check_loop()

    def _book_out_all(self, descriptors: "Sequence[D]", operation: str = "") -> None:
        """Book what one call takes; where a callback is interrupted the caller gets nothing, so all go back."""
        try:
            for descriptor in descriptors:
                self._book_out(descriptor, operation)
        except BaseException:
            for descriptor in descriptors:
                descriptor.free()
            raise

    def _book_out(self, descriptor: D, operation: str = "") -> None:
        """The careful way ends: note who has it, and whether the high mark was reached."""
        if self._sites is not None:
            self._sites[descriptor] = caller_site(skipping=3)
        marks = self._watermarks
        if marks is not None and not self._above_high and self.outstanding >= marks.high:
            self._above_high = True
            self._call_back(marks.on_high)
        if self._probe is not None:
            self._probe.after(operation or self.rules.allocate, self, descriptor)

    def _come_back(self, descriptor: D, operation: str = "") -> None:
        """A descriptor is freed while the pool wants to know of it."""
        if self._probe is not None:
            self._probe.before(operation or self.rules.free, descriptor)
        descriptor._home = AWAY
        descriptor._end_special()
        if self._sites is not None:
            self._sites.pop(descriptor, None)
            descriptor._freed_at = caller_site(skipping=2)
        self._put_back(descriptor)
        marks = self._watermarks
        if marks is not None and self._above_high and self.outstanding <= marks.low:
            self._above_high = False
            self._call_back(marks.on_low)
        if self._probe is not None:
            self._probe.after(operation or self.rules.free, descriptor)

    def _put_back(self, descriptor: D) -> None:
        """To the reserve, to the oldest waiter, to nowhere, or to the shelf, in this order."""
        if self._made > self._limit:
            self._drop()
        elif self._queue and self._probe is not None:
            self._replace_for_waiter()
        elif self._queue.offer(descriptor):
            pass
        elif self._made > self._rest:
            self._drop()
        else:
            self._shelf.append(descriptor)
        self._settle()

    def _replace_for_waiter(self) -> None:
        """Under a probe a waiter gets a new object, never the one whose old holder may still have a reference."""
        if not self._queue.offer(self._make()):
            self._drop()

    def _drop(self) -> None:
        self._peak = max(self._peak, self._made)
        self._made -= 1

    def _settle(self) -> None:
        """Choose where descriptors come back to: the shelf, unless somebody waits or must be told."""
        if self._free is not self._shelf or self._made > self._rest:
            self._returns = self._careful_returns
        elif self._queue:
            self._returns = self._hand_off
        else:
            self._returns = self._shelf

    def _call_back(self, callback: "Callable[[DescriptorPool[Any]], object] | None") -> None:
        if callback is not None:
            try:
                callback(self)
            except Exception:
                logger.exception("a watermark callback of pool %r failed", self.name)

    async def _preempt(self, operation: str) -> None:
        if self._probe is not None:
            await preempt(self._probe, operation, self)
