"""Processes that answer questions: one line of JSON in, one line of JSON out."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import Callable
from contextlib import suppress
from typing import Any

__all__ = ["Respondent", "answer_questions"]


class Respondent:
    """A process that runs a module of this package; it starts when it is asked, and again after it was stopped.

    :param module: what it runs
    :param arguments: of its command line
    """

    def __init__(self, module: str, *arguments: str) -> None:
        self._command = (sys.executable, "-m", module, *arguments)
        self._process: Process | None = None

    async def ask(self, *question: object, seconds: float | None = None) -> Any:
        """Put a question.

        :param question: what the module's function is called with
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
            with suppress(ProcessLookupError, BrokenPipeError):
                await process.communicate()


def answer_questions(answer: Callable[..., object]) -> None:
    """In the process: answer until there are no more questions."""
    for line in sys.stdin:
        print(json.dumps(answer(*json.loads(line))), flush=True)
