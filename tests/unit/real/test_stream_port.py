"""A Unix stream socket, each frame behind its length: QEMU's, or another port of the kind."""

import socket
from contextlib import suppress
from pathlib import Path

import pytest

from asyncndis.real.framing import encode_frames
from tests.unit.real.drivers import frame, running

pytestmark = pytest.mark.every_loop


async def test_whoever_comes_first_listens(tmp_path: Path) -> None:
    path = tmp_path / "guest"
    frames = [frame(number, 14 + 100 * number) for number in range(100)]
    async with running(f"stream:{path}") as one:
        assert not one.port.link_up
        assert one.port.transmit(frames) == 0
        async with running(f"stream:{path}") as other:
            await one.until(lambda: one.port.link_up)
            assert other.port.transmit(frames) == 100
            await one.until(lambda: len(one.received) == 100)
            assert one.port.transmit(frames[:3]) == 3
            await other.until(lambda: len(other.received) == 3)
            assert (one.received, other.received) == (frames, frames[:3])
        await one.until(lambda: not one.port.link_up)
        assert one.links == [True, False]
    assert not path.exists()


async def test_a_new_peer_gets_no_rest_of_what_the_last_one_missed(tmp_path: Path) -> None:
    path = tmp_path / "guest"
    async with running(f"stream:{path}") as driver:
        port = driver.port
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.connect(str(path))
            await driver.until(lambda: port.link_up)
            big = [frame(number, 60_000) for number in range(100)]
            assert port.transmit(big) == 100  # taken, and on its way
            assert port.is_full
            assert port.transmit(big) == 0
        await driver.until(lambda: not port.link_up)
        assert (port.is_full, driver.rooms) == (False, 1)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.connect(str(path))
            await driver.until(lambda: port.link_up)
            assert port.transmit([frame(1)]) == 1
            assert peer.recv(1000) == encode_frames([frame(1)])


async def test_room_comes_with_reading(tmp_path: Path) -> None:
    path = tmp_path / "guest"
    async with running(f"stream:{path}") as driver:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
            peer.connect(str(path))
            await driver.until(lambda: driver.port.link_up)
            frames = [frame(number, 60_000) for number in range(100)]
            driver.port.transmit(frames)
            expected, data = encode_frames(frames), bytearray()
            peer.setblocking(False)

            def read() -> bool:
                with suppress(BlockingIOError):
                    data.extend(peer.recv(1 << 20))
                return len(data) == len(expected) and driver.rooms == 1

            await driver.until(read)
            assert bytes(data) == expected


async def test_one_peer_at_a_time_and_nonsense_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "guest"
    async with running(f"stream:{path}") as driver:
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer,
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as second,
        ):
            peer.connect(str(path))
            await driver.until(lambda: driver.port.link_up)
            second.connect(str(path))
            second.setblocking(False)

            def is_closed() -> bool:
                try:
                    return second.recv(1) == b""
                except BlockingIOError:
                    return False

            await driver.until(is_closed)
            peer.send(encode_frames([frame(1)]) + b"GET / HTTP/1.1\r\n\r\n")
            await driver.until(lambda: not driver.port.link_up)
            assert peer.recv(1) == b""
