"""What waits for an adapter to come to rest: it is woken as often as it takes, in real time, too."""

import pytest
from anyio import create_task_group

from asyncndis.ndis import open_stack
from tests.support.loops import settle
from tests.support.scripted import Listener, Scripted

pytestmark = pytest.mark.every_loop


async def test_a_close_that_waits_for_three_sends_ends_with_the_third() -> None:
    rig, protocol = Scripted(), Listener()
    async with open_stack(protocol, rig, patience=20) as stack, create_task_group() as tasks:
        binding = stack.binding
        packets = [protocol.packet() for _ in range(3)]
        for packet in packets:
            binding.send_nowait(packet)
        tasks.start_soon(stack.ndis.unbind, binding)
        for packet in packets:
            await settle()
            assert not binding.is_closed
            rig.complete(1)
            binding.frames.free(packet)
        await settle()
        assert binding.is_closed
