"""Loopback: which sent frames come back to the bindings of the same adapter, and which never reach the wire."""

from typing import Any

import pytest

from asyncndis.base import NdisStatus
from asyncndis.memory import Packet, PacketFlags
from asyncndis.ndis import Binding, MacOptions, PacketFilter, Stack
from tests.support.scripted import ELSEWHERE, Listener, Scripted, Serialized, frame, numbers, virtual_stack

pytestmark = pytest.mark.every_loop

PENDING, SUCCESS = NdisStatus.PENDING, NdisStatus.SUCCESS
BROADCAST, GROUP = b"\xff" * 6, bytes.fromhex("01005e000001")
OWN = b"own"


class Looping(Scripted):
    mac_options = MacOptions.NO_LOOPBACK


class SerializedLooping(Serialized):
    mac_options = MacOptions.NO_LOOPBACK


def send(protocol: Listener, stack: Stack, to: bytes, flags: int = 0) -> NdisStatus:
    packet = protocol.packet(7, to=stack.binding.address if to is OWN else to)
    packet.set_flags(flags)
    return protocol.binding.send_nowait(packet)


@pytest.mark.parametrize("kind", [Looping, SerializedLooping])
@pytest.mark.parametrize(
    ("to", "flags", "loops", "goes_out"),
    [
        (BROADCAST, 0, True, True),
        (GROUP, 0, False, True),
        (ELSEWHERE, 0, False, True),
        (OWN, 0, True, False),
        (BROADCAST, PacketFlags.DONT_LOOPBACK, False, True),
        (OWN, PacketFlags.DONT_LOOPBACK, False, True),
        (BROADCAST, PacketFlags.LOOPBACK_ONLY, True, False),
        (ELSEWHERE, PacketFlags.LOOPBACK_ONLY, False, False),
        (BROADCAST, PacketFlags.LOOPBACK_ONLY | PacketFlags.DONT_LOOPBACK, False, False),
    ],
)
async def test_where_a_frame_goes(kind: type[Scripted], to: bytes, flags: int, loops: bool, goes_out: bool) -> None:
    sender, other = Listener(name="sender"), Listener(name="other")
    async with virtual_stack(sender, other, rig := kind()) as stack:
        assert send(sender, stack, to, flags) is PENDING
        assert (numbers(sender.got), numbers(other.got)) == (([7], [7]) if loops else ([], []))
        assert numbers(rig.wire) == ([7] if goes_out else [])
        rig.complete()
        assert sender.statuses_of_sends == [SUCCESS]
        sender.free()


async def test_a_miniport_that_loops_by_itself() -> None:
    async with virtual_stack(protocol := Listener(), rig := Scripted()) as stack:
        for to in (BROADCAST, OWN):
            send(protocol, stack, to)
        assert protocol.got == []
        assert len(rig.wire) == 2
        rig.complete()
        protocol.free()


async def test_a_looped_frame_is_a_copy_with_a_flag() -> None:
    class Looking(Listener):
        def receive(self, binding: Binding, packet: Packet) -> Any:
            self.flags = packet.flags
            return super().receive(binding, packet)

    async with virtual_stack(protocol := Looking(), rig := Looping()) as stack:
        send(protocol, stack, BROADCAST)
        assert protocol.flags & PacketFlags.IS_LOOPBACK_PACKET
        assert protocol.low == [NdisStatus.RESOURCES]
        assert stack.adapter.statistics().receives.indicated == 0, "it was not received"
        rig.complete()
        protocol.free()


async def test_multicast_and_promiscuous_listeners() -> None:
    group, every = Listener(name="group"), Listener(name="every")
    every.packet_filter = PacketFilter.PROMISCUOUS
    async with virtual_stack(group, every, rig := Looping()) as stack:
        await group.binding.set(0x01010103, [GROUP])
        for to in (GROUP, ELSEWHERE):
            send(group, stack, to)
        assert (len(group.got), len(every.got)) == (1, 2)
        rig.complete()
        group.free()


async def test_a_frame_that_cannot_be_copied_is_dropped_and_sent() -> None:
    async with virtual_stack(protocol := Listener(), rig := Looping()) as stack:
        loopback = stack.adapter.loopback
        assert loopback is not None
        frames = [loopback._frames.allocate_nowait(frame()) for _ in range(loopback._frames.capacity)]
        send(protocol, stack, BROADCAST)
        assert (loopback.looped, loopback.dropped) == (0, 1)
        assert protocol.got == []
        for packet in frames:
            loopback._frames.free(packet)
        rig.complete()
        protocol.free()


@pytest.mark.parametrize("kind", [Looping, SerializedLooping])
@pytest.mark.parametrize("to", [BROADCAST, OWN])
async def test_whoever_is_shown_a_frame_resets_the_adapter(kind: type[Scripted], to: bytes) -> None:
    """A serialized miniport's packets are given back then, also the one that is just being sent."""

    class Resetting(Listener):
        def receive(self, binding: Binding, packet: Packet) -> None:
            binding.reset_nowait()

    async with virtual_stack(protocol := Resetting(), rig := kind()) as stack:
        send(protocol, stack, to)
        rig.complete()
        assert len(protocol.statuses_of_sends) == 1
        assert stack.adapter.statistics().sends.in_flight == 0
        protocol.free()


@pytest.mark.parametrize("kind", [Looping, SerializedLooping])
async def test_what_is_sent_while_a_frame_is_looped_comes_after_it(kind: type[Scripted]) -> None:
    class Answering(Listener):
        def receive(self, binding: Binding, packet: Packet) -> None:
            if numbers([packet]) != [8]:
                binding.send_packets([self.packet(8)])

    async with virtual_stack(protocol := Answering(), rig := kind()) as stack:
        send(protocol, stack, BROADCAST)
        assert numbers(rig.wire) == [7, 8]
        send(protocol, stack, OWN)
        assert numbers(rig.wire) == [7, 8, 8], "what is only looped does not reach the wire"
        rig.complete()
        protocol.free()


async def test_nobody_listens() -> None:
    async with virtual_stack(rig := Looping()) as stack:
        assert stack.adapter.loopback is not None
        assert not stack.adapter.loopback.is_needed
        assert rig.wire == []


async def test_a_full_queue_is_not_tried_again_because_a_frame_was_looped() -> None:
    async with virtual_stack(protocol := Listener(), rig := SerializedLooping()) as stack:
        rig.answer = NdisStatus.RESOURCES
        send(protocol, stack, ELSEWHERE)
        send(protocol, stack, OWN)
        assert len(rig.wire) == 1
        rig.answer = SUCCESS
        rig.adapter.send_resources_available()
        assert protocol.statuses_of_sends == [SUCCESS, SUCCESS]
        protocol.free()
