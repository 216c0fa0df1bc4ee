"""The seam by which the towers learn where code runs."""

import subprocess
import sys

import pytest

from asyncndis.base import context
from asyncndis.base.context import raised_processor, running_context, set_context
from asyncndis.kernel import KernelContext


@pytest.fixture
def without_a_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "_context", None)


@pytest.mark.usefixtures("without_a_kernel")
def test_without_a_kernel_nothing_is_raised() -> None:
    assert raised_processor() is None


@pytest.mark.usefixtures("without_a_kernel")
def test_without_a_kernel_there_is_no_context() -> None:
    with pytest.raises(RuntimeError, match=r"^no kernel runs here; import asyncndis\.kernel first$"):
        running_context()


@pytest.mark.usefixtures("without_a_kernel")
def test_a_context_is_registered() -> None:
    kernel = KernelContext()
    set_context(kernel)
    assert running_context() is kernel


def test_the_kernel_registers_itself() -> None:
    command = [sys.executable, "-c", "import asyncndis.kernel, asyncndis.base.context as c; print(c.running_context())"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "KernelContext" in output


@pytest.mark.asyncio
async def test_a_task_at_rest_is_not_raised() -> None:
    assert raised_processor() is None
