"""When a descriptor can be read or written: callbacks of the loop on asyncio and uvloop, waiting tasks on trio.

A callback costs a twentieth of a task that waits once a frame, so loops that have callbacks are asked for them. They
run outside any task; what they raise comes out of :meth:`Readiness.run`.
"""

import asyncio
from collections.abc import Callable

from anyio import CancelScope, create_task_group, wait_readable, wait_writable
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from asyncndis.kernel import Irql, NdisEvent
from asyncndis.kernel.host import current_host
from asyncndis.kernel.seam import PlainCalls

__all__ = ["Readiness"]

Callback = Callable[[], object]


class Readiness:
    """Watches descriptors while it runs.

    :param name: for messages
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._readers: dict[int, Callback] = {}
        self._writers: dict[int, Callback] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._group: TaskGroup | None = None
        self._scopes: dict[tuple[int, bool], CancelScope] = {}
        self._end = NdisEvent(f"end of {name}")
        self._error: BaseException | None = None
        self._calls = PlainCalls(Irql.DISPATCH, in_callback=True)  # as a device's driver is called; all in one block

    def __repr__(self) -> str:
        return f"<Readiness {self.name} {len(self._readers)} read, {len(self._writers)} written>"

    def read(self, descriptor: int, callback: Callback | None) -> None:
        """Call back whenever something can be read, until told otherwise with None. IRQL: any."""
        if callback is not None:
            self._readers[descriptor] = callback
            self._watch(descriptor, self._readers)
        else:
            self._forget(descriptor, self._readers)

    def write(self, descriptor: int, callback: Callback | None) -> None:
        """Call back once, when something can be written; never, with None. IRQL: any."""
        if callback is not None:
            self._writers[descriptor] = callback
            self._watch(descriptor, self._writers)
        else:
            self._forget(descriptor, self._writers)

    def end(self, error: BaseException | None = None) -> None:
        """Let :meth:`run` end, or raise. IRQL: any."""
        if self._error is None:
            self._error = error
        self._end.set()

    def guard(self, callback: Callback) -> None:
        """Call something from where nobody would be told what it raises: :meth:`run` raises that. IRQL: any."""
        try:
            callback()
        except BaseException as error:  # noqa: BLE001 - a loop would only log it; run() raises it
            self.end(error)

    async def run(self) -> None:
        """Watch, until cancelled. IRQL: PASSIVE.

        :raises BaseException: what a callback has raised, or :meth:`end` was given
        """
        host = current_host()
        if isinstance(host.loop, asyncio.AbstractEventLoop):
            self._loop = host.loop
            self._begin()
            try:
                await self._end.wait()
            finally:
                for descriptor in tuple(self._readers):
                    self.read(descriptor, None)
                for descriptor in tuple(self._writers):
                    self.write(descriptor, None)
                self._loop = None
        else:
            async with create_task_group() as group:
                self._group = group
                try:
                    self._begin()
                    await self._end.wait()
                finally:
                    self._group = None
                    self._scopes.clear()
                    group.cancel_scope.cancel()
        if self._error is not None:
            raise self._error

    def _begin(self) -> None:
        for descriptor in self._readers:
            self._watch(descriptor, self._readers)
        for descriptor in self._writers:
            self._watch(descriptor, self._writers)

    def _watch(self, descriptor: int, callbacks: dict[int, Callback]) -> None:
        """Watch a descriptor from now on, while there is a callback for it."""
        is_reader = callbacks is self._readers
        if self._loop is not None:
            add = self._loop.add_reader if is_reader else self._loop.add_writer
            add(descriptor, self._readable if is_reader else self._writable, descriptor)
        elif self._group is not None and (descriptor, is_reader) not in self._scopes:
            scope = self._scopes[descriptor, is_reader] = CancelScope()
            self._group.start_soon(self._serve, descriptor, is_reader, scope, name=f"{self.name} {descriptor}")

    def _forget(self, descriptor: int, callbacks: dict[int, Callback]) -> None:
        """Watch it no more; its number may be that of another one soon."""
        is_reader = callbacks is self._readers
        if callbacks.pop(descriptor, None) is None:
            return
        if self._loop is not None:
            remove = self._loop.remove_reader if is_reader else self._loop.remove_writer
            remove(descriptor)
        scope = self._scopes.pop((descriptor, is_reader), None)
        if scope is not None:
            scope.cancel()

    def _readable(self, descriptor: int) -> None:
        callback = self._readers.get(descriptor)
        if callback is not None:
            try:  # guard() in place: this stands in the way of every frame
                if self._loop is None:
                    callback()
                else:
                    with self._calls:
                        callback()
            except BaseException as error:  # noqa: BLE001 - as there
                self.end(error)

    def _writable(self, descriptor: int) -> None:
        callback = self._writers.get(descriptor)
        self.write(descriptor, None)
        if callback is not None:
            self.guard(callback)

    async def _serve(self, descriptor: int, is_reader: bool, scope: CancelScope) -> None:  # one bit, as poll() has it
        wait, call = (wait_readable, self._readable) if is_reader else (wait_writable, self._writable)
        with scope:
            await checkpoint()  # whoever waited before for a descriptor of that number has gone by then
            while self._scopes.get((descriptor, is_reader)) is scope:
                await wait(descriptor)
                call(descriptor)
