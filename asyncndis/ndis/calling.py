"""Calling a driver's handlers: at their level, in their turn, and with somebody to blame when they fail.

A plain function is called directly at DISPATCH_LEVEL, as NDIS does. A coroutine function is a driver's worker thread:
it runs at PASSIVE_LEVEL, one call after another, in a task of its own. An ``NdisError`` that a handler raises is the
status it answers; anything else is the driver's end: the stack is told which handler of which driver failed, and stops.
"""

import inspect
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from types import CoroutineType, MethodType
from typing import Any, Protocol, TypeGuard

from anyio import CancelScope
from anyio.abc import TaskGroup

from asyncndis.base import NdisError, NdisStatus, Probe
from asyncndis.kernel import Irql, invoke, invoke_nowait
from asyncndis.kernel.processors import raised
from asyncndis.kernel.seam import PlainCalls
from asyncndis.memory import Packet

__all__ = ["Handler", "Owner", "Worker", "parts_of"]

_DISPATCH = Irql.DISPATCH
_PASSIVE = Irql.PASSIVE


def parts_of(answer: object) -> tuple[Any, ...]:
    """What a handler has answered as a tuple: a status, alone or with what goes with it."""
    return answer if _is_tuple(answer) else (answer,)


def _is_tuple(answer: object) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(answer, tuple)


class Owner(Protocol):
    """Whose handlers are called."""

    @property
    def name(self) -> str:
        """Its name, for messages."""
        ...

    def fail(self, error: Exception, handler: str) -> None:
        """Take note that a handler has failed."""
        ...


class Handler:
    """One handler of one driver.

    :param owner: the adapter or protocol that is told when it fails
    :param name: in NDIS, as "MiniportSend"
    :param function: the driver's own, with its context as first parameter
    :param context: what is given to that parameter
    :param binding: what is given to the parameter behind it, where the driver is an object with several bindings
    :param probe: told before and after each call
    :ivar awaited: whether it is a coroutine function
    """

    __slots__ = ("_bound", "_owner", "_probe", "awaited", "name")

    def __init__(
        self,
        owner: Owner,
        name: str,
        function: Callable[..., Any],
        context: object,
        probe: Probe | None,
        binding: object = None,
    ) -> None:
        self.name = name
        self.awaited = inspect.iscoroutinefunction(function)
        self._owner = owner
        self._bound: Callable[..., Any]
        if binding is not None:
            self._bound = partial(function, context, binding)
        else:  # a method is called faster, but is never one of None
            self._bound = partial(function, None) if context is None else MethodType(function, context)
        self._probe = probe

    def __repr__(self) -> str:
        return f"<Handler {self.name} of {self._owner.name!r}>"

    def call(self, *arguments: Any, irql: int = _DISPATCH, failed: Any = None) -> Any:
        """Call a plain handler now.

        :param failed: what is returned in place of an answer when the handler fails
        """
        probe = self._probe
        try:
            if probe is None:
                return invoke_nowait(self._bound, *arguments, irql=irql)
            probe.before(self.name, self._owner, *arguments)
            try:
                return invoke_nowait(self._bound, *arguments, irql=irql)
            finally:
                probe.after(self.name, self._owner, *arguments)
        except NdisError as error:
            return error.status
        except Exception as error:  # noqa: BLE001 - a driver's fault of any kind ends its stack, not its caller
            self._owner.fail(error, self.name)
            return failed

    def call_in(self, calls: PlainCalls, *arguments: Any, failed: Any = None) -> Any:
        """Call a plain handler now, as one of several in a row; parameters as :meth:`call`."""
        try:
            if self._probe is not None:
                return self._watched(calls, *arguments)
            try:  # calls.make() in place: this stands in the path of every batch of packets
                answer: object = self._bound(*arguments)
            except BaseException:
                calls.put_right()
                raise
            processor = calls.processor
            is_as_before = processor.irql == calls.irql and processor.top is calls.top
            kind: type = type(answer)
            if not is_as_before or raised.get(calls.task) is not processor or kind is CoroutineType:
                calls.check(self._bound, answer)
            return answer  # noqa: TRY300 - an else would be one more step in that path
        except NdisError as error:
            return error.status
        except Exception as error:  # noqa: BLE001 - a driver's fault of any kind ends its stack
            self._owner.fail(error, self.name)
            return failed

    def call_each(
        self,
        calls: PlainCalls,
        packets: Iterable[Packet],
        *more: Any,
        answered: Callable[[Packet, Any], object] | None = None,
    ) -> None:
        """Call a plain handler for several packets in a row.

        :param more: what it is called with besides
        :param answered: told of each packet for which it has answered anything but None, and what
        """
        make, bound = calls.make, self._bound
        for packet in packets:
            try:
                answer = make(bound, packet, *more) if self._probe is None else self._watched(calls, packet, *more)
            except NdisError as error:
                answer = error.status
            except Exception as error:  # noqa: BLE001 - a driver's fault of any kind ends its stack
                self._owner.fail(error, self.name)
                continue
            if answer is not None and answered is not None:
                answered(packet, answer)

    def _watched(self, calls: PlainCalls, *arguments: Any) -> Any:
        """Make a call, and let the probe know."""
        probe = self._probe
        assert probe is not None
        probe.before(self.name, self._owner, *arguments)
        try:
            return calls.make(self._bound, *arguments)
        finally:
            probe.after(self.name, self._owner, *arguments)

    async def run(self, *arguments: Any, irql: int = _PASSIVE, failed: Any = None) -> Any:
        """Call a handler that may wait; parameters as :meth:`call`."""
        try:
            return await self.run_or_raise(*arguments, irql=irql)
        except NdisError as error:
            return error.status
        except Exception as error:  # noqa: BLE001 - a driver's fault of any kind ends its stack
            self._owner.fail(error, self.name)
            return failed

    async def run_or_raise(self, *arguments: Any, irql: int = _PASSIVE) -> Any:
        """Call a handler that may wait, and let what it raises come out; the message says whose it is."""
        probe = self._probe
        if probe is not None:
            probe.before(self.name, self._owner, *arguments)
        try:
            return await invoke(self._bound, *arguments, irql=irql)
        finally:
            if probe is not None:
                probe.after(self.name, self._owner, *arguments)

    def status_of(self, answer: Any) -> NdisStatus:
        """The status that a handler answered; anything else is the driver's failure, and counts as FAILURE."""
        if isinstance(answer, NdisStatus):
            return answer
        if answer is not None:
            try:
                return NdisStatus(answer)
            except ValueError:
                pass
        self._owner.fail(TypeError(f"{self.name} answered {answer!r}; return an NdisStatus"), self.name)
        return NdisStatus.FAILURE


class Worker:
    """Runs the calls of a coroutine handler one after another, in a task that lives while there are some.

    :param group: where the task runs
    :param name: of the task
    :param became_idle: called when the last call has ended
    """

    __slots__ = ("_became_idle", "_calls", "_group", "_running", "_scope", "name")

    def __init__(self, group: TaskGroup, name: str, became_idle: Callable[[], object]) -> None:
        self._group = group
        self._became_idle = became_idle
        self._scope = CancelScope()
        self._calls: deque[tuple[Callable[..., Awaitable[object]], tuple[object, ...]]] = deque()
        self._running = False
        self.name = name

    @property
    def busy(self) -> bool:
        """Whether it has calls to make, or makes one."""
        return self._running

    def post(self, call: Callable[..., Awaitable[object]], *arguments: object) -> None:
        """Have a call made when those before it have ended. IRQL: <= DISPATCH."""
        self._calls.append((call, arguments))
        if not self._running:
            self._running = True
            self._group.start_soon(self._run, name=self.name)

    def stop(self) -> None:
        """Give up the call that runs, and those behind it. IRQL: <= DISPATCH."""
        self._calls.clear()
        self._scope.cancel()

    async def _run(self) -> None:
        try:
            while self._calls:
                with CancelScope() as self._scope:
                    while self._calls:
                        call, arguments = self._calls.popleft()
                        await call(*arguments)
        finally:
            self._running = False
            self._became_idle()
