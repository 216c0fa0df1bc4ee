"""An hour of life in virtual time: traffic, resets, link flaps, sleeps. Memory stays flat, and all comes home."""

import gc
import random
import tracemalloc
from contextlib import suppress

import pytest

from asyncndis.base import NdisError, NdisStatus
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.ndis import Intermediate, Oid, OidRequest, PacketFilter, PowerState, RequestType, Stack, open_stack
from tests.reliability.ndis_scenarios import Slow, Talker
from tests.support.garbage import only_new_garbage
from tests.support.loops import LOOPS, run_on
from tests.support.scripted import frame

MINUTES = 60
BUSY = 10
"""Rounds of traffic in each minute."""


async def minute(stack: Stack, slow: Slow, clock: VirtualClock, chance: random.Random) -> None:
    """A minute of life: things happen at random moments."""
    for _ in range(BUSY):
        match chance.randrange(8):
            case 0:
                slow.adapter.indicate_link(up=False)
                slow.adapter.indicate_link(up=True)
            case 1:
                with suppress(NdisError):
                    await stack.reset()
            case 2:
                await stack.ndis.set_power(stack.adapter, PowerState.D3)
                await clock.advance(1)
                await stack.ndis.set_power(stack.adapter, PowerState.D0)
            case 3:
                await stack.ndis.pause(stack.adapter)
                stack.ndis.resume(stack.adapter)
            case 4:
                await stack.binding.set_filter(PacketFilter.BROADCAST | PacketFilter.DIRECTED)
                assert await stack.binding.query(Oid.GEN_LINK_SPEED) == slow.link_speed
            case 5:
                stack.binding.reset_nowait()
                stack.binding.request_nowait(OidRequest(RequestType.QUERY_INFORMATION, Oid.GEN_XMIT_OK, bytearray(8)))
            case _:
                for _ in range(3):
                    slow.receive()
                for number in range(3):
                    assert await stack.binding.send_frame(frame(number)) is NdisStatus.SUCCESS
        await stack.run_until_idle()
        await clock.advance(60 / BUSY - 1)
    await clock.advance(BUSY)


async def hour() -> tuple[list[int], Slow]:
    """The memory in use at the end of each minute."""
    chance = random.Random(5)
    slow = Slow(name="slow")
    used: list[int] = []
    with use_clock(VirtualClock()) as clock:
        async with open_stack(Talker(), Intermediate(name="between"), slow) as stack:
            bindings = list(stack.ndis.bindings)
            for _ in range(MINUTES):
                await minute(stack, slow, clock, chance)
                gc.collect()
                used.append(tracemalloc.get_traced_memory()[0])
            assert stack.link == "up"
            assert stack.adapter.hang.checks > MINUTES * 15
            assert stack.adapter.is_at_rest
        assert clock.now() >= MINUTES * 60 * 10_000_000
    assert all(binding.frames.outstanding == 0 for binding in bindings)
    return used, slow


@pytest.mark.parametrize("loop", LOOPS)
def test_an_hour(loop: str) -> None:
    tracemalloc.start()
    try:
        with only_new_garbage():
            used, slow = run_on(loop, hour)
    finally:
        tracemalloc.stop()
    assert slow.frames.outstanding == 0
    warm, end = used[9], used[-1]
    assert end - warm < 16_384, f"{end - warm} bytes in {MINUTES - 10} minutes"
