"""Computers on a wire: what they say is heard, and they end at rest or with an error."""

import pytest

from asyncndis.base import NdisError, NdisStatus
from asyncndis.drivers import PassThrough
from asyncndis.nic import BusMasterNic, Wire
from asyncndis.testing import Hoarder, Talker, let_pass, numbered_frame, open_computer, open_pair, virtual_time

pytestmark = pytest.mark.every_loop

HERE, THERE = bytes(6), b"\x02" * 6


async def test_numbered_frames_differ_in_every_byte_that_can() -> None:
    frame = numbered_frame(THERE, HERE, 0x01020304, 20)
    assert frame == THERE + HERE + b"\x88\xb5\x01\x02\x03\x04\x04\x05"
    assert {len(numbered_frame(THERE, HERE, 255, length)) for length in (18, 2047, 2048, 9000)} == {
        18,
        2047,
        2048,
        9000,
    }
    one, other = numbered_frame(THERE, HERE, 1, 1514), numbered_frame(THERE, HERE, 2, 1514)
    assert all(a != b for a, b in zip(one[17:], other[17:], strict=True))


async def test_what_one_says_the_other_hears() -> None:
    async with virtual_time(), open_pair() as (left, right):
        assert (left.nic.name, right.nic.name) == ("left", "right")
        assert await left.talker.say(left.frames_to(right, 100, first=7, length=100)) == 100
        await let_pass(0.01)
        assert right.talker.numbers == list(range(7, 107))
        assert right.talker.heard[0] == left.frame_to(right.address, 7, 100)
        assert left.talker.outcomes == {NdisStatus.SUCCESS: 100}
        assert left.adapter is left.stack.adapter
        right.talker.forget()
        assert (right.talker.heard, right.talker.told) == ([], [])
        assert repr(left) == "<Computer talker on left > miniport of left > left [up]>"
        assert repr(left.talker) == "<Talker 'talker on left' heard 0 frames, sent 100>"
        assert not right.talker.outcomes


async def test_a_talker_stops_when_its_binding_goes() -> None:
    async with virtual_time(), open_pair() as (left, right):
        await left.stack.ndis.unbind(left.binding)
        assert await left.talker.say(left.frames_to(right, 3)) == 0


async def test_a_hoarder_keeps_what_it_may() -> None:
    hoarder = Hoarder(name="hoarder")
    async with virtual_time(), open_pair(right=hoarder, rx_ring=16) as (left, right):
        await left.talker.say(left.frames_to(right, 16))
        await let_pass(0.01)
        assert len(hoarder.heard) == 16
        assert hoarder.hoarded == 14  # the miniport keeps an eighth of its ring
        hoarder.give_back()
        assert hoarder.hoarded == 0
        await left.talker.say(left.frames_to(right, 1))
        await let_pass(0.01)
        await right.stack.ndis.unbind(right.binding)
        assert hoarder.hoarded == 0


async def test_who_ends_with_something_lent_waits_for_it_in_vain() -> None:
    hoarder = Hoarder()
    with pytest.raises(TimeoutError, match="not over after 5 s"):
        async with virtual_time(5), open_pair(right=hoarder) as (left, right):
            await left.talker.say(left.frames_to(right, 1))
    assert (len(hoarder.heard), hoarder.hoarded) == (1, 0)


async def test_further_layers_and_protocols_stand_where_they_should() -> None:
    wire, other = Wire(), Talker(name="other")
    async with (
        virtual_time(),
        open_computer(wire, nic=BusMasterNic("one"), others=[other], between=[PassThrough(name="pass")]) as one,
    ):
        assert str(one.stack) == "(talker on one, other) > pass > miniport of one > one [up]"
        assert len(one.stack.bindings) == 2
    assert wire.statistics().devices == 0


async def test_a_computer_that_does_not_start_leaves_its_wire() -> None:
    class Broken(Talker):
        async def bind(self, binding: object) -> None:
            raise NdisError("not today", NdisStatus.FAILURE)

    wire = Wire()
    with pytest.raises(NdisError, match="not today"):
        async with virtual_time(), open_computer(wire, nic=BusMasterNic("one"), talker=Broken()):
            pass
    assert wire.statistics().devices == 0
