"""Processes that answer questions, seen from who asks them."""

import json
import signal
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from typing import Any

__all__ = ["Respondent"]


class Respondent:
    """A process that calls a function; it starts when it is asked, and again after it was stopped.

    :param function: as ``module:name``, a module of this package
    :param modules: what the process has imported
    """

    def __init__(self, function: str, *modules: str) -> None:
        self._command = (sys.executable, "-m", f"{__package__}.answering", f"{__package__}.{function}", *modules)
        self._process: Process | None = None

    async def ask(self, *question: object, seconds: float = 0) -> Any:
        """Put a question.

        :param question: what the function is called with
        :param seconds: how much processor time the answer may take; 0 for any
        :raises TimeoutError: when it takes more; the process has ended then
        :raises RuntimeError: when the process has ended for another reason
        """
        if self._process is None:
            self._process = await create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE)
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps([seconds, *question]).encode() + b"\n")
        answer = await process.stdout.readline()
        if answer:
            return json.loads(answer)
        await self.close()
        if process.returncode == -signal.SIGPROF:
            raise TimeoutError(f"no answer to {question} within {seconds} s")
        raise RuntimeError(f"no answer to {question}: the process has ended, see above")

    async def close(self) -> None:
        """Let the process end."""
        if self._process is not None:
            process, self._process = self._process, None
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()
