"""Bare sockets of an explored program are in memory, and those of everybody else are real."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from asyncndis.torture import LeftSimulation, allow, explore
from asyncndis.torture.network_raw import sockets_in_memory

ADDRESS = ("127.0.0.1", 80)


def explored(program: Callable[[], Coroutine[Any, Any, None]]) -> None:
    result = explore(program, schedules=30, strategy="random")
    assert result.failure is None, result.failure.report()


async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write((await reader.readline()).upper())
    writer.close()


def test_a_server_listens_on_a_socket_of_the_program() -> None:
    async def program() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as listener:
            assert repr(listener) == "<MemorySocket SOCK_STREAM ('0.0.0.0', 0): idle>"
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("localhost", 0))
            host, port = listener.getsockname()
            assert (host, listener.getsockopt(1, 1), listener.gettimeout(), listener.fileno()) == (
                "127.0.0.1",
                0,
                0,
                -1,
            )
            server = await asyncio.start_server(shout, sock=listener)
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"hello\n")
            assert await reader.readline() == b"HELLO\n"
            writer.close()
            server.close()

    explored(program)


def test_a_client_connects_a_socket_of_its_own() -> None:
    async def program() -> None:
        loop = asyncio.get_running_loop()
        async with await asyncio.start_server(shout, *ADDRESS):
            mine = socket.socket()
            with pytest.raises(ValueError, match=r"is not connected: await loop.sock_connect"):
                await asyncio.open_connection(sock=mine)
            with pytest.raises(OSError, match="not connected"):
                mine.getpeername()
            mine.bind(("127.0.0.1", 1234))
            await loop.sock_connect(mine, ADDRESS)
            assert (mine.getsockname(), mine.getpeername()) == (("127.0.0.1", 1234), ADDRESS)
            reader, writer = await asyncio.open_connection(sock=mine)
            writer.write(b"hello\n")
            assert await reader.readline() == b"HELLO\n"
            writer.close()
        with pytest.raises(ConnectionRefusedError):
            await loop.sock_connect(socket.socket(), ADDRESS)

    explored(program)


def test_connections_are_accepted_by_hand() -> None:
    async def program() -> None:
        loop = asyncio.get_running_loop()
        listener = socket.create_server(ADDRESS)
        clients = [asyncio.create_task(asyncio.open_connection(*ADDRESS)) for _ in range(2)]
        for _ in clients:
            accepted, address = await loop.sock_accept(listener)
            assert accepted.getpeername() == address
            transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, accepted)
            transport.write(b"welcome\n")
            transport.close()
        for client in clients:
            reader, writer = await client
            assert await reader.read() == b"welcome\n"
            writer.close()
        waiting = asyncio.create_task(loop.sock_accept(listener))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        listener.close()

    explored(program)


def test_a_closed_socket_breaks_off_its_connection() -> None:
    async def program() -> None:
        loop = asyncio.get_running_loop()
        async with await asyncio.start_server(shout, *ADDRESS):
            mine = socket.socket()
            await loop.sock_connect(mine, ADDRESS)
            mine.close()
            await asyncio.sleep(1)
            assert len(asyncio.all_tasks()) == 1

    explored(program)


@pytest.mark.parametrize("call", ["connect", "accept", "recv", "sendall", "makefile"])
def test_what_would_wait_for_the_system_is_refused(call: str) -> None:
    async def program() -> None:
        with pytest.raises(LeftSimulation, match=rf"^socket.{call}\(\) at tests.torture.test_network_raw.py:\d+ needs"):
            getattr(socket.socket(), call)(ADDRESS)
        assert not hasattr(socket.socket(), "nothing")

    explored(program)


def test_unix_sockets_and_sockets_of_jobs_are_refused() -> None:
    async def program() -> None:
        with pytest.raises(LeftSimulation, match=r"^socket.socket\(\) at tests.torture.test_network_raw.py:\d+ opens"):
            socket.socket(socket.AF_UNIX)
        with pytest.raises(LeftSimulation, match=r"^socket.socket\(\) opens a real socket"):
            await asyncio.to_thread(socket.socket)

    explored(program)


def test_allowed_sockets_are_real() -> None:
    async def program() -> None:
        with allow("sockets"), socket.socket() as real:
            assert isinstance(real, socket.socket)
            real.bind(("127.0.0.1", 0))

    explored(program)


def test_sockets_outside_of_a_run_are_real() -> None:
    async def on_a_plain_loop() -> bool:
        with socket.socket() as made:
            return type(made) is socket.socket

    before = vars(socket.socket).copy()
    with sockets_in_memory():
        assert asyncio.run(on_a_plain_loop())
        assert socket.has_dualstack_ipv6() in {True, False}
        one, other = socket.socketpair()
        one.close()
        other.close()
    assert vars(socket.socket) == before
    assert asyncio.run(on_a_plain_loop())
