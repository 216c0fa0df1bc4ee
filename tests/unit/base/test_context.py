"""The seam by which the towers learn where code runs."""

import subprocess
import sys

import pytest

from asyncndis.base.context import raised_processor, running_context
from asyncndis.kernel import KernelContext


def run_alone(code: str) -> str:
    command = [sys.executable, "-c", f"from asyncndis.base.context import *\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def test_without_a_kernel_nothing_is_raised() -> None:
    assert run_alone("print(raised_processor())") == "None"


def test_without_a_kernel_there_is_no_context() -> None:
    asked = "try:\n    running_context()\nexcept RuntimeError as error:\n    print(error)"
    assert run_alone(asked) == "no kernel runs here; import asyncndis.kernel first"


def test_the_kernel_registers_itself() -> None:
    assert isinstance(running_context(), KernelContext)


@pytest.mark.asyncio
async def test_a_task_at_rest_is_not_raised() -> None:
    assert raised_processor() is None
