"""The seam: the one place that calls a driver's handlers, plain functions and coroutine functions alike.

A handler runs on its caller's processor, raised to the handler's level. When it is done, that level and the locks
held are what they were (IRQL-04, LOCK-04). A coroutine is driven by hand: what it awaits at or above DISPATCH_LEVEL,
or with a spin lock held, is refused on the line that awaits (IRQL-02, LOCK-11), unless its processor spins for a
lock. Other tasks run while a handler waits.
"""

from collections.abc import Callable, Coroutine, Generator
from functools import partial
from threading import local
from types import CodeType, CoroutineType
from typing import Any, Self, TypeVar, TypeVarTuple, cast, overload

from asyncndis.base import RuleViolation, Site, is_driver_code

from .context import _frames_of
from .control import loop_control
from .host import current_task
from .processors import MANY, HeldLock, Irql, Processor, current_processor, irql_name, raised

__all__ = ["PlainCalls", "calls_at", "invoke", "invoke_nowait"]

_PASSIVE = int(Irql.PASSIVE)

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


@overload
async def invoke(
    handler: Callable[[*Arguments], Coroutine[Any, Any, T]], *arguments: *Arguments, irql: int = ...
) -> T: ...
@overload
async def invoke(handler: Callable[[*Arguments], T], *arguments: *Arguments, irql: int = ...) -> T: ...
async def invoke(handler: Callable[[*Arguments], object], *arguments: *Arguments, irql: int = Irql.PASSIVE) -> object:
    """Call a handler at an IRQL, and await it where it is a coroutine function.

    :param handler: a driver's function
    :param arguments: what it is called with
    :param irql: the level it runs at, not below the caller's
    :returns: what the handler returns
    :raises RuleViolation: IRQL-04, LOCK-04 when it leaves with another level or other locks; IRQL-02, LOCK-11 when it
        awaited what it may not; IRQL-01 when ``irql`` is below the present level
    """
    processor = current_processor()
    task, before, top = processor.task, processor.irql, processor.top
    if irql != before:
        processor.raise_irql(irql)
    try:
        result = handler(*arguments)
        if isinstance(result, CoroutineType):
            result = await _Driver(cast(Coroutine[Any, Any, object], result), task)
        _check_exit(handler, task, irql, top)
    finally:
        _restore(task, before, top)
    return result


def invoke_nowait(handler: Callable[[*Arguments], T], *arguments: *Arguments, irql: int = Irql.PASSIVE) -> T:
    """Call a handler that is a plain function, from where nothing can be awaited; otherwise as :func:`invoke`.

    :raises TypeError: when it turns out to be a coroutine function, of which nothing was run
    """
    row = _here.row
    if row is not None:
        processor = row.processor  # is_at() in place: this stands in the path of every batch of packets
        if processor.irql == irql and processor.top is row.top and raised.get(row.task) is processor:
            return row.make(handler, *arguments)
    if irql:  # what is raised is known by one processor, also to the calls that this one leads to
        with PlainCalls(irql) as row:
            return row.make(handler, *arguments)
    processor = current_processor()
    task, before, top = processor.task, processor.irql, processor.top
    if irql != before:
        processor.raise_irql(irql)
    try:
        result = handler(*arguments)
        if isinstance(result, CoroutineType):
            result.close()
            raise _not_awaited(handler)
        _check_exit(handler, task, irql, top)
    finally:
        _restore(task, before, top)
    return result


class PlainCalls:
    """Several calls of plain handlers in a row, at one level: ``with PlainCalls(level) as calls: calls.make(handler)``.

    The processor is looked up, raised and restored once for all of them, and for the calls that they lead to in their
    turn; after each, it is what it was, as with :func:`invoke_nowait`. Nothing may be awaited in the block.

    :param irql: the level, not below the caller's
    :param in_callback: whether a callback of an asyncio loop makes them, where no task runs; known, and not looked up
    :ivar processor: the one that acts
    :ivar task: which that is
    :ivar top: the lock that it took last
    """

    __slots__ = ("_before", "_in_callback", "_outer", "irql", "processor", "task", "top")

    processor: Processor
    task: object
    top: HeldLock | None

    def __init__(self, irql: int, *, in_callback: bool = False) -> None:
        self.irql = irql
        self._in_callback = in_callback

    def __enter__(self) -> Self:
        here = _here
        self._outer = outer = here.row
        here.row = self
        if outer is not None and outer.is_at(self.irql):
            self.processor, self.task, self.top = outer.processor, outer.task, outer.top
            self._before = self.irql
            return self
        task = None if self._in_callback else current_task()
        if task not in raised and type(self.irql) is Irql and len(raised) < MANY:  # as where a device calls its driver
            self.processor = raised[task] = processor = Processor()
            self.task = processor.task = task
            self._before, self.top = _PASSIVE, None
            processor.irql = self.irql
            return self
        self.processor = processor = current_processor()
        self.task, self._before, self.top = processor.task, processor.irql, processor.top
        if self.irql != self._before:
            try:
                processor.raise_irql(self.irql)
            except BaseException:
                here.row = outer
                raise
        return self

    def __exit__(self, *_: object) -> None:
        _here.row = self._outer
        if self.irql == self._before:
            return
        processor = self.processor
        if self._before == _PASSIVE and processor.top is None and raised.get(self.task) is processor:
            processor.irql = _PASSIVE
            processor.settle()
        else:
            _restore(self.task, self._before, self.top)

    def is_at(self, irql: int) -> bool:
        """Whether the processor of these calls still acts here, at a level, and with the locks it had. IRQL: any.

        :param irql: the level
        """
        processor = self.processor
        return processor.irql == irql and processor.top is self.top and raised.get(self.task) is processor

    def make(self, handler: Callable[[*Arguments], T], *arguments: *Arguments) -> T:
        """Call a handler; see :func:`invoke_nowait`."""
        try:
            result = handler(*arguments)
        except BaseException:
            self.put_right()
            raise
        processor = self.processor  # is_at() in place: this stands in the path of every packet
        is_as_before = processor.irql == self.irql and processor.top is self.top
        kind: type = type(result)
        if not is_as_before or raised.get(self.task) is not processor or kind is CoroutineType:
            self.check(handler, result)
        return result

    def check(self, handler: Callable[..., object], result: object) -> None:
        """Refuse what a handler has left behind, or that it waits. IRQL: any.

        :param handler: one that was called in the block
        :param result: what it has returned
        """
        if type(result) is CoroutineType:
            result.close()
            raise _not_awaited(handler)
        try:
            _check_exit(handler, self.task, self.irql, self.top)
        finally:
            self.put_right()

    def put_right(self) -> None:
        """Go back to the level of the block, whatever a handler has left; a lock left keeps its own. IRQL: any."""
        processor = self.processor = raised.get(self.task) or current_processor()
        if processor.top is self.top and processor.irql != self.irql:
            processor.irql = Irql.PASSIVE
            processor.raise_irql(self.irql)


def calls_at(irql: int) -> PlainCalls | None:
    """The block of calls in a row that runs here at a level, and may make other calls; None where there is none."""
    row = _here.row
    if row is not None:
        processor = row.processor  # is_at() in place
        if processor.irql == irql and processor.top is row.top and raised.get(row.task) is processor:
            return row
    return None


class _Here(local):
    """What this thread is in the middle of.

    :ivar row: the innermost block of calls in a row
    """

    row: PlainCalls | None = None


_here = _Here()


def _check_exit(handler: Callable[..., object], task: object, irql: int, top: HeldLock | None) -> None:
    """Refuse what a handler has left behind: other locks than it was entered with, or another level."""
    processor = raised.get(task)
    left_at, left_top = (Irql.PASSIVE, None) if processor is None else (processor.irql, processor.top)
    if left_top is not top:
        raise _left_behind(
            "LOCK-04",
            handler,
            f"was entered holding {_names(top)} and left holding {_names(left_top)}; "
            "pair acquire and release on every way out",
        )
    if left_at != irql:
        raise _left_behind(
            "IRQL-04",
            handler,
            f"was entered at {irql_name(irql)} and left at {irql_name(left_at)}; restore the level on every way out",
        )


def _restore(task: object, irql: int, top: HeldLock | None) -> None:
    """Restore the level; one that belongs to a lock left behind stays with that lock."""
    processor = raised.get(task)
    if processor is not None and processor.top is top:
        processor.irql = irql
        processor.settle()


def _left_behind(rule: str, handler: Callable[..., object], what: str) -> RuleViolation:
    code = getattr(_unwrapped(handler), "__code__", None)
    site = Site(code.co_filename, code.co_firstlineno, code.co_qualname) if isinstance(code, CodeType) else None
    return RuleViolation(rule, f"{_name_of(handler)} {what}", handler, site=site)


class _Driver(Generator[Any, Any, T]):
    """Runs a handler's coroutine step by step, and looks at each of its awaits before the loop does.

    Only the first illegal await is refused: a handler that goes on regardless must not make the loop spin, and is told
    when it ends. ``cr_await`` is where whoever walks a suspended task finds the next coroutine.
    """

    __slots__ = ("_refusal", "_task", "cr_await")

    def __init__(self, handler: Coroutine[Any, Any, T], task: object) -> None:
        self.cr_await = handler
        self._task = task
        self._refusal: RuleViolation | None = None

    def __await__(self) -> Generator[Any, Any, T]:
        return self

    def send(self, value: Any) -> Any:
        """Go on after an await that has a value."""
        return self._step(self.cr_await.send, value)

    def throw(self, *error: Any) -> Any:
        """Go on after an await that failed."""
        return self._step(self.cr_await.throw, *error)

    def _step(self, resume: Callable[..., Any], *outcome: Any) -> Any:
        try:
            request = resume(*outcome)
            culprit = self._who_may_not_wait()
            return request if culprit is None else self._refuse(culprit, request)
        except StopIteration:
            if self._refusal is not None:
                raise _plain(self._refusal) from None
            raise
        except RuleViolation as error:
            if error is self._refusal:
                raise _plain(error) from None
            raise

    def _who_may_not_wait(self) -> Processor | None:
        """The task's processor, if what it awaits now is illegal."""
        processor = raised.get(self._task)
        if processor is None or processor.spinning or self._refusal is not None:
            return None
        return processor if processor.irql >= Irql.DISPATCH or processor.top is not None else None

    def _refuse(self, culprit: Processor, request: object) -> Any:
        """Throw a violation to where the handler awaits; what cannot be called off is awaited first."""
        control = loop_control()
        self._refusal = refusal = control.RefusedAwait(*_broken_rule(culprit), site=_awaiting_site(self.cr_await))
        return self.cr_await.throw(refusal) if control.call_off(request, refusal) else request


def _plain(refusal: RuleViolation) -> RuleViolation:
    """The violation as the caller of the handler sees it: no cancellation, but with the way to the line."""
    violation = RuleViolation.__new__(RuleViolation, *refusal.args)  # no second violation, the same one in plain
    vars(violation).update(vars(refusal))
    return violation.with_traceback(refusal.__traceback__)


def _broken_rule(processor: Processor) -> tuple[str, str, Processor]:
    if processor.top is not None:
        mistake = f"awaits while it holds {_names(processor.top)}; release it first"
        return "LOCK-11", f"{processor.name} {mistake}, only another spin lock may be waited for meanwhile", processor
    mistake = f"awaits at {irql_name(processor.irql)}; leave that to a work item"
    return "IRQL-02", f"{processor.name} {mistake}, only a spin lock may be waited for there", processor


def _awaiting_site(handler: object) -> Site | None:
    """The innermost line of driver code that waits."""
    drivers = [frame for frame in _frames_of(handler) if is_driver_code(frame.f_code.co_filename)]
    return Site.of_frame(drivers[-1]) if drivers else None


def _not_awaited(handler: Callable[..., object]) -> TypeError:
    return TypeError(f"{_name_of(handler)} is a coroutine function, but its caller cannot await it; use invoke")


def _name_of(handler: Callable[..., object]) -> str:
    handler = _unwrapped(handler)
    return getattr(handler, "__qualname__", None) or repr(handler)


def _unwrapped(handler: Callable[..., object]) -> Callable[..., object]:
    """The driver's own function behind one that had arguments given in advance."""
    return _unwrapped(handler.func) if isinstance(handler, partial) else handler


def _names(lock: HeldLock | None) -> str:
    """The name of a lock and of those taken before it."""
    names: list[str] = []
    while lock is not None:
        names.append(lock.name)
        lock = lock.below
    return ", ".join(names) or "no lock"
