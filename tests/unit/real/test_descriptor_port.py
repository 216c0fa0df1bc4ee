"""Descriptors that a process was given."""

import os
import socket

import anyio
import pytest

from asyncndis.real import PortError
from asyncndis.real.framing import encode_frames
from tests.unit.real.drivers import frame, opened, running

pytestmark = pytest.mark.every_loop


async def test_a_datagram_socket() -> None:
    own, peer = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with peer:
        async with running(f"fd:{own.detach()}") as driver:
            assert driver.port.transmit([frame(1), frame(2)]) == 2
            assert [peer.recv(100), peer.recv(100)] == [frame(1), frame(2)]
            peer.send(frame(3))
            await driver.until(lambda: driver.received == [frame(3)])


async def test_a_stream_socket() -> None:
    own, peer = socket.socketpair()
    with peer:
        async with running(f"fd:{own.detach()}") as driver:
            assert driver.port.link_up
            assert driver.port.transmit([frame(1)]) == 1
            assert peer.recv(1000) == encode_frames([frame(1)])
            peer.send(encode_frames([frame(2), frame(3)]))
            await driver.until(lambda: driver.received == [frame(2), frame(3)])


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_SEQPACKET])
async def test_the_end_of_the_other_end(kind: socket.SocketKind) -> None:
    own, peer = socket.socketpair(socket.AF_UNIX, kind)
    with pytest.raises(ExceptionGroup) as caught:
        async with running(f"fd:{own.detach()}"):
            peer.close()
            await anyio.sleep_forever()
    (error,) = caught.value.exceptions
    assert isinstance(error, PortError)
    assert "was closed at its other end; open it again" in str(error)


async def test_what_carries_no_frames() -> None:
    with pytest.raises(PortError, match="no descriptor 999 is open here"):
        await opened("fd:999")
    reading, writing = os.pipe()
    with pytest.raises(PortError, match="is neither a TAP nor a socket"):
        await opened(f"fd:{reading}")
    os.close(reading)
    os.close(writing)
