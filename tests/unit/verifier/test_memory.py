"""The verifier keeps nothing of what has been freed, whichever way it came back."""

import gc
from collections.abc import Sequence

import pytest

from asyncndis.base import NdisStatus
from asyncndis.memory import Packet
from asyncndis.ndis import (
    BROADCAST_ADDRESS,
    Adapter,
    AdapterAttributes,
    Binding,
    FramePool,
    MacOptions,
    Miniport,
    Protocol,
    open_stack,
)
from asyncndis.verifier import verify
from tests.support.garbage import only_new_garbage

pytestmark = pytest.mark.every_loop

FRAME = BROADCAST_ADDRESS + bytes(54)
FEW = 64  # of the last packets it is remembered that an answer gave them back (SEND-04)
SUCCESS, PENDING = NdisStatus.SUCCESS, NdisStatus.PENDING


class Answering(Miniport):
    """Gives packets back by its answer."""

    def send(self, packet: Packet) -> NdisStatus:
        return SUCCESS


class Marking(Miniport):
    """Gives packets back by their status."""

    attributes = AdapterAttributes(0)

    def send_packets(self, packets: Sequence[Packet]) -> None:
        for packet in packets:
            packet.oob.status = SUCCESS


class Completing(Miniport):
    """Gives packets back by a call."""

    def send(self, packet: Packet) -> NdisStatus:
        self.adapter.send_complete(packet)
        return PENDING


class Hearing(Miniport):
    """Receives what it sends."""

    mac_options = MacOptions(0)
    rx: FramePool

    async def initialize(self, adapter: Adapter) -> None:
        self.rx = await adapter.allocate_frames(2)

    def send(self, packet: Packet) -> NdisStatus:
        self.adapter.indicate(self.rx.allocate_nowait(packet.to_bytes()))
        return SUCCESS

    def return_packet(self, packet: Packet) -> None:
        self.rx.free(packet)


class Freeing(Protocol):
    """Frees what comes back, and reads what comes."""

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        binding.frames.free(packet)

    def receive(self, binding: Binding, packet: Packet) -> None:
        assert packet.to_bytes()


def packets_alive() -> int:
    gc.collect()
    return sum(isinstance(thing, Packet) for thing in gc.get_objects())


@pytest.mark.parametrize("miniport", [Answering, Marking, Completing, Hearing])
async def test_nothing_is_kept_of_packets(miniport: type[Miniport]) -> None:
    with only_new_garbage(), verify() as findings:
        async with open_stack(Freeing(), miniport()) as stack:
            frames = stack.binding.frames
            before = packets_alive()
            for _ in range(100):
                stack.binding.send_packets([frames.allocate_nowait(FRAME) for _ in range(2)])
                await stack.binding.send_frame(FRAME)
            await stack.run_until_idle()
            assert packets_alive() - before <= FEW
    assert not findings, findings.report()
