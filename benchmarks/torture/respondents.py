"""Processes that answer questions, seen from who asks them."""

import asyncio
import json
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

    async def ask(self, *question: object, seconds: float | None = None) -> Any:
        """Put a question.

        :param question: what the function is called with
        :param seconds: how long to wait for the answer
        :raises TimeoutError: when it takes longer; the process is stopped
        :raises RuntimeError: when the process has ended instead
        """
        if self._process is None:
            self._process = await create_subprocess_exec(*self._command, stdin=PIPE, stdout=PIPE)
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(question).encode() + b"\n")
        try:
            async with asyncio.timeout(seconds):
                answer = await process.stdout.readline()
        except TimeoutError:
            process.kill()
            await self.close()
            raise
        if not answer:
            raise RuntimeError(f"no answer to {question}: the process has ended, see above")
        return json.loads(answer)

    async def close(self) -> None:
        """Let the process end."""
        if self._process is not None:
            process, self._process = self._process, None
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()
