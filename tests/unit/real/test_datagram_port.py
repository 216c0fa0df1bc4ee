"""A pair of Unix datagram sockets, one frame in each datagram."""

import os
import socket
from pathlib import Path

import pytest
from anyio import to_thread

from asyncndis.real import PortError
from tests.unit.real.drivers import frame, opened, running

pytestmark = pytest.mark.every_loop


async def test_frames_go_both_ways(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    frames = [frame(number, 14 + 37 * number) for number in range(9)]
    async with running(f"unix:{a},{b}") as one, running(f"unix:{b},{a}") as other:
        assert one.port.transmit(frames) == 9
        await other.until(lambda: len(other.received) == 9)
        assert other.port.transmit(frames[:2]) == 2
        await one.until(lambda: len(one.received) == 2)
        assert (other.received, one.received) == (frames, frames[:2])
        counts = other.port.statistics()
        assert (counts.received_frames, counts.received_bytes) == (9, sum(map(len, frames)))
        assert (counts.sent_frames, counts.sent_bytes, counts.link_up) == (2, 14 + 51, True)
        assert one.port.mac != other.port.mac
    assert await to_thread.run_sync(os.listdir, tmp_path) == []


async def test_the_other_end_comes_and_goes(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    async with running(f"unix:{a},{b}") as driver:
        port = driver.port
        assert not port.link_up
        assert (port.transmit([frame(1)]), port.is_full) == (0, False)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
            peer.bind(str(b))
            assert port.transmit([frame(2)]) == 1
            assert (peer.recv(100), driver.links) == (frame(2), [True])
        assert (port.transmit([frame(3)]), driver.links) == (0, [True, False])
        assert port.statistics().dropped == 2


async def test_a_full_queue_is_waited_for(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as peer:
        peer.bind(str(b))
        async with running(f"unix:{a},{b}") as driver:
            port = driver.port
            frames = [frame(number) for number in range(2000)]
            sent = port.transmit(frames)
            assert (0 < sent < 2000, port.is_full) == (True, True)
            came = [peer.recv(100) for _ in range(sent)]
            await driver.until(lambda: driver.rooms > 0)
            assert (port.transmit(frames[sent : sent + 1]), port.is_full) == (1, False)
            assert [*came, peer.recv(100)] == frames[: sent + 1]
            assert (port.statistics().full, port.statistics().dropped) == (1, 0)


async def test_a_path_that_was_left_behind_is_taken_and_one_in_use_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a"
    left = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    left.bind(str(path))
    with pytest.raises(PortError, match="is used by another program; end that, or take another path"):
        await opened(f"unix:{path},{tmp_path / 'b'}")
    left.close()
    port = await opened(f"unix:{path},{tmp_path / 'b'}")
    await to_thread.run_sync(port.close)
    path.write_text("mine")
    with pytest.raises(PortError, match="exists, and is no socket"):
        await opened(f"unix:{path},{tmp_path / 'b'}")
    assert path.read_text() == "mine"
    with pytest.raises(PortError, match="cannot be made: No such file or directory"):
        await opened(f"unix:{tmp_path / 'missing' / 'a'},{tmp_path / 'b'}")
