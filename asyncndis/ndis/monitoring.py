"""How another process looks at a stack: a unix socket that answers snapshots, in a directory of the user's own.

``open_stack(..., monitor=True)`` serves one. A request is a line: ``snapshot``, or ``details`` for a snapshot with
details; the answer is a line of JSON, ``{"error": ...}`` where there is none. While nobody asks it costs nothing, and
what goes wrong with it never harms the stack. The socket's file is named after the process and the stack; one whose
process is gone is removed by whoever finds it.
"""

import json
import logging
import os
import re
import socket
import stat
import tempfile
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from anyio import (
    BrokenResourceError,
    CancelScope,
    ClosedResourceError,
    DelimiterNotFound,
    EndOfStream,
    IncompleteRead,
    create_unix_listener,
    to_thread,
)
from anyio.abc import SocketListener, SocketStream
from anyio.streams.buffered import BufferedByteReceiveStream

from asyncndis.base import NdisError, NdisStatus, check_instance

from .grouping import plain_task_group
from .snapshots import StackView, snapshot

if TYPE_CHECKING:
    from .stack import Stack

__all__ = ["Monitor", "find_monitors", "serve_monitor"]

logger = logging.getLogger(__name__)

_CLIENTS_MAX = 16
_LINE_MAX = 256
_NAME_MAX = 20
_PATH_MAX = 100  # some systems have a few bytes more for the path of a socket
_FILE = re.compile(r"(\d+)-\d+-(.+)\.sock")
_GOODBYES = (BrokenResourceError, ClosedResourceError, DelimiterNotFound, EndOfStream, IncompleteRead)

_numbers = count(1)  # a process may have several stacks of one name


@dataclass(frozen=True, slots=True)
class Monitor:
    """A stack that can be looked at.

    :ivar pid: its process
    :ivar name: of the stack, as the name of a file shows it
    :ivar path: its socket
    """

    pid: int
    name: str
    path: Path

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"

    def is_called(self, name: str) -> bool:
        """Whether somebody may mean this one: by the name of its stack, or by its process."""
        return name == str(self.pid) or _shown(name) == self.name

    def ask(self, *, details: bool = False, timeout: float = 5.0) -> StackView:
        """Ask for a snapshot. It blocks.

        :param details: whether packets, requests and registers are to be named
        :param timeout: in seconds
        :returns: the view, of the ``SCHEMA`` that the other process has
        :raises ConnectionError: when the stack has ended
        :raises OSError: PermissionError, when it is another user's; TimeoutError, when its loop is held up
        :raises NdisError: when it has no snapshot to give
        """
        request = b"details\n" if details else b"snapshot\n"
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout)
            try:
                connection.connect(str(self.path))
            except FileNotFoundError as error:
                raise ConnectionRefusedError(f"{self.name} has ended") from error
            with suppress(BrokenPipeError):  # it may have said no already
                connection.sendall(request)
            line = b""
            with suppress(ConnectionResetError), connection.makefile("rb") as answers:
                line = answers.readline()
        if not line.endswith(b"\n"):
            raise ConnectionResetError(f"{self.name} has ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise NdisError(f"{self.name} answered: {answer['error']}", NdisStatus.FAILURE)
        return cast("StackView", answer)


@asynccontextmanager
async def serve_monitor(stack: "Stack") -> AsyncGenerator[Monitor]:
    """Let other processes of this user look at a stack while the block lasts. IRQL: PASSIVE.

    :param stack: open
    :returns: where it can be found
    :raises NdisError: FAILURE, when there can be no socket; NOT_SUPPORTED, where the system has none of this kind
    """
    clients = _Clients(stack)
    monitor = Monitor(os.getpid(), _shown(stack.name), _choose_path(stack.name))
    try:
        async with await _listen(monitor) as listener, plain_task_group() as tasks:
            tasks.start_soon(listener.serve, clients.serve, name=f"monitor of {stack.name}")
            yield monitor
            tasks.cancel_scope.cancel()
    finally:
        with CancelScope(shield=True):
            await to_thread.run_sync(_remove, monitor.path)


def find_monitors() -> list[Monitor]:
    """The stacks of this user that can be looked at, by name and process. It reads directories, and so may block.

    The socket of a process that is no more is removed.

    :raises OSError: when a directory is not this user's own
    """
    found = [monitor for directory in _directories() for monitor in _monitors_in(directory) if _is_served(monitor)]
    return sorted(found, key=lambda monitor: (monitor.name, monitor.pid, monitor.path))


class _Clients:
    """Those who look at one stack."""

    def __init__(self, stack: "Stack") -> None:
        self._stack = stack
        self._count = 0

    async def serve(self, stream: SocketStream) -> None:
        """Answer one of them until it goes; too many of them are sent away."""
        self._count += 1
        try:
            async with stream:
                with suppress(*_GOODBYES):
                    if self._count <= _CLIENTS_MAX:
                        await self._serve(stream)
                    else:
                        await stream.send(_error(f"{_CLIENTS_MAX} others look already"))
        finally:
            self._count -= 1

    async def _serve(self, stream: SocketStream) -> None:
        lines = BufferedByteReceiveStream(stream)
        while True:
            request = await lines.receive_until(b"\n", _LINE_MAX)
            await stream.send(self._answer(request.decode(errors="replace").strip()))

    def _answer(self, request: str) -> bytes:
        if request not in {"snapshot", "details"}:
            return _error(f"a request is 'snapshot' or 'details', not {request!r}")
        try:
            return _line(snapshot(self._stack, details=request == "details"))
        except Exception as error:  # a look must not harm what is looked at
            logger.exception("there is no snapshot of %s", self._stack.name)
            return _error(f"there is no snapshot: {error!r}")


def _line(answer: Mapping[str, object]) -> bytes:
    return json.dumps(answer).encode() + b"\n"


def _error(sentence: str) -> bytes:
    return _line({"error": sentence})


async def _listen(monitor: Monitor) -> SocketListener:
    if not hasattr(socket, "AF_UNIX"):
        raise NdisError("a monitor needs unix sockets, which this system does not have", NdisStatus.NOT_SUPPORTED)
    try:
        await to_thread.run_sync(_make_directory, monitor.path.parent)
        with CancelScope(shield=True):  # a thread binds it, and would do so after the file was removed
            return await create_unix_listener(monitor.path, mode=0o600)
        raise AssertionError("nobody cancels this scope")
    except OSError as error:
        raise NdisError(
            f"the monitor of {monitor.name} cannot listen at {monitor.path}: {error.strerror or error}; let "
            "XDG_RUNTIME_DIR be a directory of yours",
            NdisStatus.FAILURE,
        ) from error


def _directories() -> Iterator[Path]:
    """Where sockets may be; where they are made, if their paths are not too long there, comes first."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        yield Path(runtime) / "asyncndis"
    yield Path(tempfile.gettempdir()) / f"asyncndis-{os.getuid()}"


def _choose_path(name: str) -> Path:
    """The first path that is short enough for a socket, or the last."""
    file = f"{os.getpid()}-{next(_numbers)}-{_shown(name)}.sock"
    paths = [directory / file for directory in _directories()]
    return next((path for path in paths if len(os.fsencode(path)) <= _PATH_MAX), paths[-1])


def _make_directory(directory: Path) -> None:
    directory.mkdir(mode=0o700, exist_ok=True)
    _require_own(directory)


def _require_own(directory: Path) -> None:
    """Trust no directory that another user may have made, or may write to.

    :raises PermissionError: when it is one
    """
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{directory} is not a directory that only you may enter; remove it")


def _monitors_in(directory: Path) -> Iterator[Monitor]:
    if not directory.exists():
        return
    _require_own(directory)
    for path in directory.iterdir():
        match = _FILE.fullmatch(path.name)
        if match is not None:
            yield Monitor(int(match[1]), match[2], path)


def _is_served(monitor: Monitor) -> bool:
    """Whether somebody listens; where nobody does, and the process has ended, its socket is removed."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(monitor.path))
        except (ConnectionRefusedError, FileNotFoundError):
            if not _is_alive(monitor.pid):
                _remove(monitor.path)
            return False
        except OSError:
            pass  # whoever asks it will be told why
    return True


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)


def _shown(name: str) -> str:
    """A name as a file's name can show it."""
    check_instance("name", name, str)
    return re.sub(r"[^A-Za-z0-9.+-]+", "_", name)[:_NAME_MAX] or "stack"
