"""Programs that run beside a test: started, waited for by what they print, and ended whatever happens."""

import signal
import subprocess
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Condition, Thread
from time import monotonic, sleep

__all__ = ["PATIENCE_S", "Running", "run", "running", "until"]

PATIENCE_S = 30.0
"""How long anything may take before a test fails: far longer than it does, since machines may be slow."""

_STEP_S = 0.01


class Running:
    """A program in the background, whose lines of both outputs are kept as they come."""

    def __init__(self, command: Sequence[str], folder: Path | None = None) -> None:
        self.command = " ".join(command)
        self._process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._lines: list[str] = []
        self._ended = False
        self._news = Condition()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            with self._news:
                self._lines.append(line)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def output(self) -> str:
        """What it has printed so far."""
        with self._news:
            return "".join(self._lines)

    def wait_for(self, text: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until it has printed a text."""
        with self._news:
            came = self._news.wait_for(lambda: self._ended or any(text in line for line in self._lines), patience_s)
            printed = "".join(self._lines)
        if not came or text not in printed:
            raise AssertionError(f"{self.command}: no {text!r} in what it printed:\n{printed}")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self, patience_s: float = PATIENCE_S) -> int:
        """Wait until it has ended; its exit status."""
        status = self._process.wait(patience_s)
        self._reader.join(patience_s)
        return status

    def end(self) -> int:
        """Ask it to end, and wait until it has."""
        if self._process.poll() is None:
            self._process.terminate()
        return self.wait()

    def kill(self) -> None:
        """End it, if it has not ended, without asking."""
        if self._process.poll() is None:
            self._process.kill()
        self.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextmanager
def running(command: Sequence[str], *, ready: str | None = None, folder: Path | None = None) -> Generator[Running]:
    """Run a program in the background until the block ends, from the moment it has printed ``ready``."""
    program = Running(command, folder)
    try:
        if ready is not None:
            program.wait_for(ready)
        yield program
    finally:
        program.kill()


def run(
    command: Sequence[str], *, folder: Path | None = None, patience_s: float = PATIENCE_S, must_succeed: bool = True
) -> str:
    """Run a program to its end, and return what it printed; a failure is an AssertionError with that."""
    done = subprocess.run(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=patience_s,
        check=False,
    )
    if done.returncode and must_succeed:
        raise AssertionError(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}")
    return done.stdout


def until(condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until something outside this process is so."""
    deadline = monotonic() + patience_s
    while not condition():
        if monotonic() > deadline:
            raise AssertionError(f"not so after {patience_s:g} s: {what}")
        sleep(_STEP_S)
