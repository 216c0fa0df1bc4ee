"""What comes out of a machine that ends: the first failure, and for the rest the log."""

import logging

import anyio
import pytest

from asyncndis.base import NdisError, NdisStatus, RuleViolation
from asyncndis.memory import Packet
from asyncndis.ndis import Miniport, Protocol, open_stack

pytestmark = pytest.mark.every_loop

FRAME = b"\xff" * 6 + b"\x02\x00\x00\x00\x00\x07" + b"\x88\xb5" + bytes(46)


class Broken(Miniport):
    """Its send handler fails."""

    def send(self, packet: Packet) -> NdisStatus:
        raise KeyError("no such session")


class Swallowing(Miniport):
    """Its send handler never completes."""

    def send(self, packet: Packet) -> NdisStatus:
        return NdisStatus.PENDING


async def test_a_failed_handler_comes_out_and_not_what_follows_from_it() -> None:
    with pytest.raises(KeyError, match="no such session") as caught:
        async with open_stack(Protocol(), Broken()) as stack:
            await stack.binding.send_frame(FRAME)
    assert isinstance(caught.value.__cause__, NdisError)
    assert caught.value.__notes__ == ["in MiniportSend of Broken"]


async def test_an_error_of_the_block_itself_comes_out() -> None:
    with pytest.raises(LookupError, match="mine"):
        async with open_stack(Protocol(), Broken()):
            raise LookupError("mine")


async def test_what_a_cancelled_block_has_found_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "asyncndis.ndis.library"), anyio.move_on_after(0.01) as patience:
        async with open_stack(Protocol(), Swallowing(), patience=0.01) as stack:
            await stack.binding.send_frame(FRAME)
    assert patience.cancelled_caught
    assert [message[:7] for message in caplog.messages] == ["SEND-02"]


async def test_what_a_driver_has_forgotten_comes_out() -> None:
    with pytest.raises(RuleViolation, match="SEND-02"):
        async with open_stack(Protocol(), Swallowing(), patience=0.01) as stack:
            stack.binding.send_nowait(stack.binding.frames.allocate_nowait(FRAME))
