"""What a machine has only one of, and which machine code runs on."""

import anyio
import pytest

from asyncndis.base import RuleViolation
from asyncndis.kernel import Dpc, Timer, WorkItem, flush_dpcs
from asyncndis.ndis import Ndis, current_ndis
from tests.support.loops import settle
from tests.support.scripted import Listener, Scripted, frame, virtual_stack

pytestmark = pytest.mark.every_loop


async def test_the_machine_is_that_of_the_block() -> None:
    found: list[Ndis] = []

    def note(*_: object) -> None:
        found.append(current_ndis())

    with pytest.raises(RuntimeError, match="no NDIS library is open here"):
        current_ndis()
    async with Ndis() as outer:
        async with Ndis() as inner:
            assert current_ndis() is inner
            WorkItem(note).schedule()
            Dpc(note).queue()
            Timer(note).set(0)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anyio.lowlevel.checkpoint)
            await settle()
            await flush_dpcs(inner.kernel)
        assert set(map(id, found)) == {id(inner)}
        assert current_ndis() is outer
    with pytest.raises(RuntimeError, match="no NDIS library is open here"):
        current_ndis()


async def test_packets_return_to_whoever_had_them_last() -> None:
    rig, first, second = Scripted(), Listener(name="first", promises=1), Listener(name="second", promises=2)
    async with virtual_stack(first, second, rig) as stack:
        packet = rig.receive(bytes(frame(to=rig.adapter.current_address)))
        for owed in (3, 2, 1):
            assert rig.home == []
            assert first.binding.statistics().lent + second.binding.statistics().lent == (2 if owed == 3 else 1)
            stack.ndis.return_packets([packet])
        assert rig.home == [packet]
        with pytest.raises(RuleViolation, match="is returned, and nobody has it") as violation:
            stack.ndis.return_packets([packet])
        assert violation.value.rule == "RCV-07"
        first.lent.clear()
        second.lent.clear()


async def test_what_is_returned_is_a_packet() -> None:
    async with Ndis() as ndis:
        with pytest.raises(TypeError, match="a packet to return is a Packet, not int"):
            ndis.return_packets([5])  # type: ignore[list-item]  # the point of the test


async def test_numbers_of_the_machine() -> None:
    async with Ndis() as ndis:
        assert [ndis.next_slot(), ndis.next_slot()] == [0, 1]
        assert ndis.next_address() != ndis.next_address()
        assert [ndis.next_partial_cancel_id() for _ in range(256)] == [*range(1, 256), 1]
