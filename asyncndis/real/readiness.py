"""When a descriptor can be read or written: callbacks of the loop on asyncio and uvloop, waiting tasks on trio.

A callback costs a twentieth of a task that waits once a frame, so loops that have callbacks are asked for them. They
run outside any task; what they raise comes out of :meth:`Readiness.run`.
"""

import asyncio
from collections.abc import Callable

from anyio import create_task_group, wait_readable, wait_writable
from anyio.abc import TaskGroup

from asyncndis.kernel import NdisEvent
from asyncndis.kernel.host import current_host

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
        self._waiting: set[tuple[int, bool]] = set()
        self._end = NdisEvent(f"end of {name}")
        self._error: BaseException | None = None

    def __repr__(self) -> str:
        return f"<Readiness {self.name} {len(self._readers)} read, {len(self._writers)} written>"

    def read(self, descriptor: int, callback: Callback | None) -> None:
        """Call back whenever something can be read, until told otherwise with None. IRQL: any."""
        if callback is not None:
            self._readers[descriptor] = callback
            self._watch_read(descriptor)
        elif self._readers.pop(descriptor, None) is not None and self._loop is not None:
            self._loop.remove_reader(descriptor)

    def write(self, descriptor: int, callback: Callback | None) -> None:
        """Call back once, when something can be written; never, with None. IRQL: any."""
        if callback is not None:
            self._writers[descriptor] = callback
            self._watch_write(descriptor)
        elif self._writers.pop(descriptor, None) is not None and self._loop is not None:
            self._loop.remove_writer(descriptor)

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
                    group.cancel_scope.cancel()
        if self._error is not None:
            raise self._error

    def _begin(self) -> None:
        for descriptor in self._readers:
            self._watch_read(descriptor)
        for descriptor in self._writers:
            self._watch_write(descriptor)

    def _watch_read(self, descriptor: int) -> None:
        if self._loop is not None:
            self._loop.add_reader(descriptor, self._readable, descriptor)
        elif self._group is not None and (descriptor, False) not in self._waiting:
            self._waiting.add((descriptor, False))
            self._group.start_soon(self._read_on, descriptor, name=f"reader of {self.name}")

    def _watch_write(self, descriptor: int) -> None:
        if self._loop is not None:
            self._loop.add_writer(descriptor, self._writable, descriptor)
        elif self._group is not None and (descriptor, True) not in self._waiting:
            self._waiting.add((descriptor, True))
            self._group.start_soon(self._write_on, descriptor, name=f"writer of {self.name}")

    def _readable(self, descriptor: int) -> None:
        callback = self._readers.get(descriptor)
        if callback is not None:
            self.guard(callback)

    def _writable(self, descriptor: int) -> None:
        callback = self._writers.get(descriptor)
        self.write(descriptor, None)
        if callback is not None:
            self.guard(callback)

    async def _read_on(self, descriptor: int) -> None:
        try:
            while descriptor in self._readers:
                await wait_readable(descriptor)
                self._readable(descriptor)
        finally:
            self._waiting.discard((descriptor, False))

    async def _write_on(self, descriptor: int) -> None:
        try:
            while descriptor in self._writers:
                await wait_writable(descriptor)
                self._writable(descriptor)
        finally:
            self._waiting.discard((descriptor, True))
