"""The waiting room keeps the books of waiting, and says who holds the descriptors when nobody is served."""

import logging

import anyio
import pytest
from anyio.lowlevel import checkpoint

from asyncndis.memory import Buffer, BufferPool, Packet, PacketPool
from asyncndis.memory.waiting import WaitingRoom
from tests.support.seats import HandHost


@pytest.fixture
def host() -> HandHost:
    return HandHost()


@pytest.fixture
def room(host: HandHost) -> WaitingRoom[str]:
    return WaitingRoom("rx", host, 10.0, lambda: "all of them in rx.py:3")


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


STARVING = "%d waiting, and none was served for 10 s; the descriptors are held here: all of them in rx.py:3"


def test_waits_are_counted_and_timed(room: WaitingRoom[str], host: HandHost) -> None:
    room.enter()
    room.enter_for(2)
    for item in "abc":
        assert room.queue.offer(item)
    host.now = 3.0
    room.arrived(1, 0.0)
    room.arrived(2, 1.0)
    assert (room.delayed, room.queue.in_hand, room.waits.longest) == (2, 0, 3.0)


def test_nobody_is_served_for_long(room: WaitingRoom[str], host: HandHost, caplog: pytest.LogCaptureFixture) -> None:
    room.enter()
    room.enter_for(2)
    [alarm] = host.alarms
    assert alarm.seconds == 10.0
    alarm.ring()
    assert warnings(caplog) == [STARVING % 2]
    assert len(host.alarms) == 1, "once said is enough"


def test_the_next_to_come_sets_the_alarm_again(
    room: WaitingRoom[str], host: HandHost, caplog: pytest.LogCaptureFixture
) -> None:
    for waiting in (1, 2):
        room.enter()
        host.alarms[-1].ring()
        assert warnings(caplog)[-1] == STARVING % waiting
    assert len(host.alarms) == 2


def test_somebody_was_served_meanwhile(
    room: WaitingRoom[str], host: HandHost, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        room.enter()
    room.queue.offer("a")
    room.arrived(1, 0.0)
    host.alarms[0].ring()
    assert warnings(caplog) == []
    host.alarms[1].ring()
    assert warnings(caplog) == [STARVING % 1]


@pytest.mark.parametrize("leave", [True, False])
def test_nobody_waits_any_more(
    room: WaitingRoom[str], host: HandHost, caplog: pytest.LogCaptureFixture, *, leave: bool
) -> None:
    seat = room.enter()
    if leave:
        room.queue.leave(seat)
    else:
        room.queue.offer("a")
    host.alarms[0].ring()
    assert (warnings(caplog), len(host.alarms)) == ([], 1)


def test_closing_calls_the_alarm_off(room: WaitingRoom[str], host: HandHost) -> None:
    room.enter()
    entry = room.enter_for(2)
    room.queue.offer("a")
    room.queue.offer("b")
    assert room.close() == ["b"]
    assert host.alarms[0].is_off
    assert entry.seat.result() is None


def test_closing_an_empty_room_is_nothing(room: WaitingRoom[str]) -> None:
    assert room.close() == []


def test_now_and_then_who_was_served_asks_whether_it_is_cancelled(room: WaitingRoom[str]) -> None:
    turns = [turn for turn in range(1, 1001) if room.is_to_look_up()]
    assert [after - before for before, after in zip([0, *turns], turns, strict=False)][:4] == [61, 67, 61, 67]


@pytest.mark.every_loop
@pytest.mark.parametrize("count", [1, 2])
async def test_who_is_served_at_every_turn_is_served_on(count: int) -> None:
    """The look at whether a task is cancelled changes nothing for one that is not."""
    async with BufferPool.create(count) as buffers, PacketPool.create(1) as packets:
        out: list[Buffer | Packet] = []

        async def take_buffers() -> None:
            for _ in range(200):
                out.extend(await buffers.allocate_many(2) if count == 2 else [await buffers.allocate()])

        async def take_packets() -> None:
            for _ in range(200):
                packet = await packets.allocate()
                out.append(packet)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(take_buffers)
            tasks.start_soon(take_packets)
            for _ in range(2000):
                await checkpoint()
                while out:
                    out.pop().free()
        assert min(buffers.statistics().delayed, packets.statistics().delayed) > 130
        assert (buffers.outstanding, packets.outstanding) == (0, 0)
