"""The network in memory behaves as the kernel's does: the same programs see the same on real sockets and without."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine
from random import Random
from typing import Any

import pytest

from asyncndis.torture import FailureKind, LeftSimulation, choose, explore, replay
from asyncndis.torture.network import MemoryNetwork

LOCALHOST = "127.0.0.1"
Program = Callable[[], Coroutine[Any, Any, Any]]


class NetworkLoop(MemoryNetwork, asyncio.SelectorEventLoop):
    """A plain loop on the network in memory; with a seed, arrivals come in any order and in any pieces."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__()
        self._dice = None if seed is None else Random(seed)
        self.choices: list[tuple[str, int]] = []

    def choose_delivery(self, name: str, options: int) -> int:
        self.choices.append((name, options))
        return 0 if self._dice is None else self._dice.randrange(options)


async def to_the_end(program: Program) -> Any:
    """Run a program and wait for those who served it."""
    result = await program()
    await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()}, return_exceptions=True)
    await asyncio.sleep(0.01)  # for transports to be closed
    return result


def simulate(program: Program, seed: int | None = None) -> Any:
    with asyncio.Runner(loop_factory=lambda: NetworkLoop(seed)) as runner:
        return runner.run(to_the_end(program))


async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Give back each line in capitals until the client ends."""
    while line := await reader.readline():
        writer.write(line.upper())
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def port_of(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port


async def exchange_lines() -> object:
    """Read the answers to two lines, and then the end."""
    async with await asyncio.start_server(shout, LOCALHOST, 0) as server:
        reader, writer = await asyncio.open_connection(LOCALHOST, port_of(server))
        writer.write(b"one\ntwo\n")
        first = await reader.readline()
        writer.write_eof()
        rest = await reader.read()
        writer.close()
        await writer.wait_closed()
        return first, rest, reader.at_eof()


async def push_more_than_fits() -> object:
    """The writer waits while the reader does not read, and nothing is lost or out of order."""
    sent = b"".join(number.to_bytes(4) for number in range(2_000_000))
    received: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    may_read = asyncio.Event()

    async def collect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await may_read.wait()
        received.set_result(await reader.read())
        writer.close()

    async with await asyncio.start_server(collect, LOCALHOST, 0) as server:
        _, writer = await asyncio.open_connection(LOCALHOST, port_of(server))
        writer.write(sent)
        waits = asyncio.ensure_future(writer.drain())
        await asyncio.sleep(0.01)
        was_waiting = not waits.done()
        may_read.set()
        await waits
        writer.write_eof()
        is_all = await received == sent
        writer.close()
        return was_waiting, is_all


async def find_nobody() -> object:
    """Nobody listens where a server was."""
    server = await asyncio.start_server(hang_up, LOCALHOST, 0)
    port = port_of(server)
    server.close()
    await server.wait_closed()
    with pytest.raises(ConnectionRefusedError) as refused:
        await asyncio.open_connection(LOCALHOST, port)
    return str(refused.value).replace(str(port), "PORT"), refused.value.errno, server.sockets


async def bind_twice() -> object:
    """An address belongs to one server, until that is closed."""
    async with await asyncio.start_server(hang_up, LOCALHOST, 0) as server:
        port = port_of(server)
        with pytest.raises(OSError, match="address already in use") as in_use:
            await asyncio.start_server(hang_up, LOCALHOST, port)
    async with await asyncio.start_server(hang_up, LOCALHOST, port) as server:
        return in_use.value.errno, port_of(server) == port


async def listen_later() -> object:
    """A server that does not serve yet refuses."""
    server = await asyncio.start_server(shout, LOCALHOST, 0, start_serving=False)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(LOCALHOST, port_of(server))
    before = server.is_serving()
    async with server:
        serving = asyncio.ensure_future(server.serve_forever())
        await asyncio.sleep(0)
        _, writer = await asyncio.open_connection(LOCALHOST, port_of(server))
        writer.close()
        await writer.wait_closed()
        during = server.is_serving()
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
    return before, during, server.is_serving()


async def read_from_one_who_hangs_up() -> object:
    """The end of the other side is the end of the stream."""
    async with await asyncio.start_server(hang_up, LOCALHOST, 0) as server:
        reader, writer = await asyncio.open_connection(LOCALHOST, port_of(server))
        read = await reader.read()
        with pytest.raises(asyncio.IncompleteReadError):
            await reader.readexactly(1)
        writer.close()
        await writer.wait_closed()
        return read


async def write_to_one_who_hung_up() -> object:
    """Writing on to somebody who is gone breaks the connection."""
    async with await asyncio.start_server(hang_up, LOCALHOST, 0) as server:
        reader, writer = await asyncio.open_connection(LOCALHOST, port_of(server))
        assert await reader.read() == b""
        with pytest.raises(ConnectionError):
            for _ in range(1000):
                writer.write(b"hello?")
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()
        return writer.transport.is_closing()


async def say_goodbye_and_abort() -> object:
    """What was sent before the sender is torn down still arrives."""

    async def bye(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bye")
        writer.transport.abort()

    async with await asyncio.start_server(bye, LOCALHOST, 0) as server:
        reader, writer = await asyncio.open_connection(LOCALHOST, port_of(server))
        read = await reader.read()
        writer.close()
        return read


async def know_each_other() -> object:
    """Both ends know both addresses."""
    seen: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    names: list[Any] = []

    async def look(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        names.extend(writer.get_extra_info(name) for name in ("peername", "sockname"))
        seen.set_result(writer.get_extra_info("nothing", "a default") == "a default")
        writer.close()

    async with await asyncio.start_server(look, LOCALHOST, 0) as server:
        _, writer = await asyncio.open_connection(LOCALHOST, port_of(server))
        assert await seen
        names.extend(writer.get_extra_info(name) for name in ("sockname", "peername"))
        family = writer.get_extra_info("socket").family
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        writer.close()
        return names[:2] == names[2:], names[1] == (LOCALHOST, port_of(server)), family


async def wait_for_all_to_leave() -> object:
    """A closed server waits for its connections (since Python 3.12) and takes no new ones."""
    order: list[str] = []
    server = await asyncio.start_server(shout, LOCALHOST, 0)
    port = port_of(server)
    reader, writer = await asyncio.open_connection(LOCALHOST, port)
    writer.write(b"in\n")
    order.append((await reader.readline()).decode())
    server.close()
    waits = asyncio.ensure_future(server.wait_closed())
    waits.add_done_callback(lambda _: order.append("closed"))
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(LOCALHOST, port)
    await asyncio.sleep(0.01)
    order.append("client leaves")
    writer.close()
    await waits
    return order


class Recorder(asyncio.Protocol):
    """Notes what it is told."""

    def __init__(self, made: list["Recorder"] | None = None) -> None:
        if made is not None:
            made.append(self)
        self.told: list[Any] = []
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.told.append("made")
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        before = self.told.pop() if isinstance(self.told[-1], bytes) else b""  # how it was cut is no matter
        self.told.append(before + data)

    def eof_received(self) -> bool | None:
        self.told.append("end")
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self.told.append(exc)
        self.over.set_result(None)


async def tell_protocols() -> object:
    """A protocol is told of the connection, the data, the end and the loss, in this order."""
    loop = asyncio.get_running_loop()
    made: list[Recorder] = []
    server = await loop.create_server(lambda: Recorder(made), LOCALHOST, 0)
    transport, client = await loop.create_connection(Recorder, LOCALHOST, port_of(server))
    transport.write(b"")
    transport.writelines([b"a", b"b"])
    transport.close()
    transport.write(b"too late")
    await client.over
    await made[0].over
    server.close()
    return client.told, made[0].told


async def pause_and_resume() -> object:
    """A transport that reads nothing tells of nothing, not even of the end."""
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(shout, LOCALHOST, 0)
    transport, client = await loop.create_connection(Recorder, LOCALHOST, port_of(server))
    transport.pause_reading()
    transport.write(b"hello\n")
    transport.write_eof()
    await asyncio.sleep(0.02)
    before = [*client.told]
    transport.resume_reading()
    await client.over
    server.close()
    return before, transport.is_reading(), client.told


class Borrowed(asyncio.BufferedProtocol):
    """Receives into a buffer of three bytes."""

    def __init__(self) -> None:
        self.buffer = bytearray(3)
        self.told = b""
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def get_buffer(self, sizehint: int) -> bytearray:
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        self.told += self.buffer[:nbytes]

    def connection_lost(self, exc: Exception | None) -> None:
        self.over.set_result(None)


async def receive_into_a_buffer() -> object:
    """Protocols that lend a buffer get all bytes through it."""
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(shout, LOCALHOST, 0)
    transport, client = await loop.create_connection(Borrowed, LOCALHOST, port_of(server))
    transport.write(b"abcdefgh\n")
    transport.write_eof()
    await client.over
    server.close()
    return client.told


class Clumsy(Recorder):
    """Fails as data comes."""

    def data_received(self, data: bytes) -> None:
        raise ZeroDivisionError


async def fail_in_a_protocol() -> object:
    """An error in a protocol breaks its connection and reaches the loop's handler."""
    loop = asyncio.get_running_loop()
    heard: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: heard.append(context))
    made: list[Recorder] = []
    server = await loop.create_server(lambda: Clumsy(made), LOCALHOST, 0)
    transport, client = await loop.create_connection(Recorder, LOCALHOST, port_of(server))
    transport.write(b"x")
    await client.over
    server.close()
    heard_of = [(each["message"], repr(each["exception"])) for each in heard]
    return heard_of, repr(made[0].told[-1]), client.told[:2]


class Post(asyncio.DatagramProtocol):
    """Keeps what comes and answers it."""

    def __init__(self) -> None:
        self.letters: asyncio.Queue[tuple[bytes, Any]] = asyncio.Queue()
        self.errors: asyncio.Queue[Exception] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.letters.put_nowait((data, addr))

    def error_received(self, exc: Exception) -> None:
        self.errors.put_nowait(exc)


async def send_datagrams() -> object:
    """A datagram arrives whole with its sender's address; an answer finds the sender."""
    loop = asyncio.get_running_loop()
    here, service = await loop.create_datagram_endpoint(Post, local_addr=(LOCALHOST, 0))
    there, client = await loop.create_datagram_endpoint(Post, remote_addr=here.get_extra_info("sockname"))
    there.sendto(b"ping")
    data, sender = await service.letters.get()
    here.sendto(data + b"!", sender)
    answer, _ = await client.letters.get()
    with pytest.raises(ValueError, match="Invalid address"):
        there.sendto(b"?", (LOCALHOST, 9))
    is_known = sender[1] == there.get_extra_info("sockname")[1]
    here.close()
    await asyncio.sleep(0.01)
    there.sendto(b"anybody?")
    error = await client.errors.get()
    there.close()
    return data, answer, is_known, type(error), here.is_closing()


LIKE_THE_KERNEL: list[Program] = [
    exchange_lines,
    push_more_than_fits,
    find_nobody,
    bind_twice,
    listen_later,
    read_from_one_who_hangs_up,
    write_to_one_who_hung_up,
    say_goodbye_and_abort,
    know_each_other,
    wait_for_all_to_leave,
    tell_protocols,
    pause_and_resume,
    receive_into_a_buffer,
    fail_in_a_protocol,
    send_datagrams,
]


def name_of(program: Program) -> str:
    name: str = getattr(program, "__name__", "")
    return name


@pytest.mark.parametrize("program", LIKE_THE_KERNEL, ids=name_of)
def test_programs_see_what_they_see_on_real_sockets(program: Program) -> None:
    assert simulate(program) == asyncio.run(to_the_end(program))


@pytest.mark.parametrize("program", LIKE_THE_KERNEL, ids=name_of)
def test_no_order_of_arrival_and_no_cut_changes_what_streams_promise(program: Program) -> None:
    plain = simulate(program)
    assert [simulate(program, seed) for seed in range(6)] == [plain] * 6


def test_order_and_cuts_are_choices_of_the_loop() -> None:
    async def program() -> set[tuple[str, int]]:
        await asyncio.gather(exchange_lines(), exchange_lines())
        loop = asyncio.get_running_loop()
        assert isinstance(loop, NetworkLoop)
        return set(loop.choices)

    assert simulate(program) >= {("what arrives next", 2), ("how many bytes arrive", 3)}


def test_cuts_are_near_the_edges() -> None:
    async def program() -> tuple[bytes, ...]:
        async with await asyncio.start_server(shout, LOCALHOST, 0) as server:
            reader, writer = await asyncio.open_connection(LOCALHOST, port_of(server))
            writer.write(b"abcd\n")
            first = await reader.read(100)
            rest = await reader.readexactly(5 - len(first))
            writer.close()
            return first, rest

    seen = {simulate(program, seed) for seed in range(30)}
    assert seen == {(b"ABCD\n", b""), (b"A", b"BCD\n"), (b"ABCD", b"\n")}


def test_two_connections_may_overtake_each_other() -> None:
    async def program() -> str:
        came: asyncio.Queue[bytes] = asyncio.Queue()

        async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            came.put_nowait(await reader.readexactly(1))
            writer.close()

        async with await asyncio.start_server(note, LOCALHOST, 0) as server:
            writers = [(await asyncio.open_connection(LOCALHOST, port_of(server)))[1] for _ in range(3)]
            for name, writer in zip("abc", writers, strict=True):
                writer.write(name.encode())
                writer.close()
            return b"".join([await came.get() for _ in writers]).decode()

    assert simulate(program) == "abc"
    assert {simulate(program, seed) for seed in range(60)} == {"abc", "acb", "bac", "bca", "cab", "cba"}


def test_datagrams_may_overtake_each_other_and_arrive_once() -> None:
    async def program() -> str:
        loop = asyncio.get_running_loop()
        here, service = await loop.create_datagram_endpoint(Post, local_addr=("0.0.0.0", 0))
        there, _ = await loop.create_datagram_endpoint(Post, local_addr=(LOCALHOST, 7))
        for letter in "abc":
            there.sendto(letter.encode(), (LOCALHOST, here.get_extra_info("sockname")[1]))
        there.sendto(b"lost", (LOCALHOST, 9))
        there.close()
        letters = [await service.letters.get() for _ in "abc"]
        await asyncio.sleep(0.01)
        assert service.letters.empty()
        assert {sender for _, sender in letters} == {(LOCALHOST, 7)}
        here.abort()
        return b"".join(data for data, _ in letters).decode()

    assert simulate(program) == "abc"
    assert len({simulate(program, seed) for seed in range(60)}) == 6


def test_datagrams_of_strangers_do_not_reach_a_connected_end() -> None:
    async def program() -> bool:
        loop = asyncio.get_running_loop()
        end, mine = await loop.create_datagram_endpoint(Post, local_addr=(LOCALHOST, 5), remote_addr=(LOCALHOST, 6))
        stranger, _ = await loop.create_datagram_endpoint(Post, local_addr=(LOCALHOST, 8))
        stranger.sendto(b"hello", (LOCALHOST, 5))
        with pytest.raises(ValueError, match="sendto\\(\\) needs an address"):
            stranger.sendto(b"hello")
        with pytest.raises(TypeError, match="bytes-like"):
            stranger.sendto("hello", (LOCALHOST, 5))  # type: ignore[arg-type]  # that is what is tested
        stranger.sendto(bytes(70_000), (LOCALHOST, 5))
        await asyncio.sleep(0.01)
        end.close()
        stranger.close()
        return mine.letters.empty()

    assert simulate(program) is True


def test_each_run_counts_its_ports_anew_and_any_name_is_a_host() -> None:
    async def program() -> object:
        loop = asyncio.get_running_loop()
        servers = [await asyncio.start_server(hang_up, name, 80) for name in ("one.test", "two.test")]
        reader, writer = await asyncio.open_connection("two.test", 80)
        assert await reader.read() == b""
        found = await loop.getaddrinfo("one.test", "80", type=socket.SOCK_STREAM)
        named = await loop.getnameinfo(("10.0.0.1", 80)), await loop.getnameinfo((LOCALHOST, 1), socket.NI_NUMERICHOST)
        names = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
        writer.close()
        for server in servers:
            server.close()
        return found, named, names

    expected = (
        [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("10.0.0.1", 80))],
        (("one.test", "80"), (LOCALHOST, "1")),
        (("10.0.0.2", 80), (LOCALHOST, 49_152)),
    )
    assert [simulate(program), simulate(program)] == [expected, expected]


@pytest.mark.parametrize(
    ("host", "family", "addresses"),
    [
        ("localhost", 0, [(LOCALHOST, 1)]),
        ("::1", 0, [("::1", 1, 0, 0)]),
        ("0:0::1", socket.AF_INET6, [("::1", 1, 0, 0)]),
        (None, 0, [(LOCALHOST, 1), ("::1", 1, 0, 0)]),
        (b"127.0.0.9", socket.AF_INET, [("127.0.0.9", 1)]),
    ],
)
def test_names_have_addresses(host: str | None, family: int, addresses: list[Any]) -> None:
    async def program() -> Any:
        found = await asyncio.get_running_loop().getaddrinfo(host, 1, family=family, type=socket.SOCK_STREAM)
        return [address for *_, address in found]

    assert simulate(program) == addresses


@pytest.mark.parametrize(
    ("host", "port", "message"),
    [("::1", 1, "has no address of this family"), (LOCALHOST, "http", "is no port: give its number")],
)
def test_names_without_an_address_are_refused(host: str, port: object, message: str) -> None:
    async def program() -> None:
        await asyncio.get_running_loop().getaddrinfo(host, port, family=socket.AF_INET)  # type: ignore[arg-type]  # wrong on purpose

    with pytest.raises(socket.gaierror, match=message):
        simulate(program)


def test_a_server_on_all_interfaces_is_found_on_each() -> None:
    async def program() -> object:
        async with await asyncio.start_server(shout, None, 4000) as server:
            for host in (LOCALHOST, "::1", "10.1.1.1"):
                reader, writer = await asyncio.open_connection(host, 4000)
                writer.write(b"x\n")
                assert await reader.readline() == b"X\n"
                writer.close()
            return [each.getsockname()[:2] for each in server.sockets]

    assert simulate(program) == [("0.0.0.0", 4000), ("::", 4000)]


def test_streams_run_over_unix_paths() -> None:
    async def program() -> object:
        async with await asyncio.start_unix_server(shout, "/a/path"):
            with pytest.raises(OSError, match="'/a/path': address already in use"):
                await asyncio.start_unix_server(shout, "/a/path")
            reader, writer = await asyncio.open_unix_connection("/a/path")
            writer.write(b"x\n")
            line = await reader.readline()
            names = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
            writer.close()
        with pytest.raises(ConnectionRefusedError, match="'/a/path'"):
            await asyncio.open_unix_connection("/a/path")
        return line, names

    assert simulate(program) == (b"X\n", ("/a/path", ""))


def test_a_server_takes_all_addresses_or_none() -> None:
    async def program() -> None:
        async with await asyncio.start_server(hang_up, "10.0.0.9", 80):
            with pytest.raises(OSError, match="in use"):
                await asyncio.start_server(hang_up, ["10.0.0.8", "10.0.0.9"], 80)
            with pytest.raises(OSError, match="in use"):
                await asyncio.start_server(hang_up, "0.0.0.0", 80)
        async with await asyncio.start_server(hang_up, ["10.0.0.8", "10.0.0.9"], 80):
            pass

    simulate(program)


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
@pytest.mark.parametrize("steps", range(5))
def test_a_cancelled_connect_leaves_no_connection(steps: int, seed: int | None) -> None:
    async def program() -> None:
        ends: list[bytes] = []

        async def read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            ends.append(await reader.read())
            writer.close()

        async with await asyncio.start_server(read, LOCALHOST, 80):
            connecting = asyncio.ensure_future(asyncio.open_connection(LOCALHOST, 80))
            for _ in range(steps):
                await asyncio.sleep(0)
            if connecting.cancel():
                await asyncio.wait([connecting])
            else:
                (await connecting)[1].close()
            await asyncio.sleep(0.01)
            assert ends in ([], [b""])

    simulate(program, seed)


def test_a_connection_that_nobody_accepted_is_reset() -> None:
    async def program() -> None:
        server = await asyncio.start_server(hang_up, LOCALHOST, 80)
        reader, writer = await asyncio.open_connection(LOCALHOST, 80)
        server.close()  # the client is connected, the server has not heard of it
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()

    simulate(program)


def test_write_buffers_have_marks() -> None:
    async def program() -> object:
        async with await asyncio.start_server(shout, LOCALHOST, 80):
            _, writer = await asyncio.open_connection(LOCALHOST, 80)
            transport: Any = writer.transport
            seen = [transport.get_write_buffer_limits()]
            for marks in ({"high": 100}, {"low": 10}, {"high": 5, "low": 5}, {"high": 0}):
                transport.set_write_buffer_limits(**marks)
                seen.append(transport.get_write_buffer_limits())
            with pytest.raises(ValueError, match="must be >="):
                transport.set_write_buffer_limits(high=1, low=2)
            with pytest.raises(TypeError, match="bytes-like object, not 'str'"):
                transport.write("text")
            transport.write(bytes(65_536))
            sizes = [transport.get_write_buffer_size()]
            transport.write(bytes(1000))
            sizes.append(transport.get_write_buffer_size())
            assert "open, 1000 bytes to write" in repr(transport)
            transport.write_eof()
            with pytest.raises(RuntimeError, match="after write_eof"):
                transport.write(b"x")
            transport.abort()
            return seen, sizes

    marks = [(16_384, 65_536), (25, 100), (10, 40), (5, 5), (0, 0)]
    assert simulate(program) == (marks, [0, 1000])


async def with_tls() -> None:
    await asyncio.open_connection("localhost", 443, ssl=True)


async def serve_with_tls() -> None:
    await asyncio.start_server(hang_up, LOCALHOST, 443, ssl=True)


@pytest.mark.parametrize("program", [with_tls, serve_with_tls], ids=name_of)
def test_tls_is_refused(program: Program) -> None:
    with pytest.raises(
        LeftSimulation, match=r"^TLS at tests.torture.test_network.py:\d+ draws random numbers and leaves"
    ):
        simulate(program)


def test_real_sockets_are_refused() -> None:
    async def program() -> None:
        loop = asyncio.get_running_loop()
        with socket.socket() as real:
            calls: list[Callable[[], Awaitable[object]]] = [
                lambda: loop.create_connection(asyncio.Protocol, sock=real),
                lambda: loop.create_server(asyncio.Protocol, sock=real),
                lambda: loop.create_unix_connection(asyncio.Protocol, sock=real),
                lambda: loop.create_unix_server(asyncio.Protocol, sock=real),
                lambda: loop.create_datagram_endpoint(asyncio.DatagramProtocol, sock=real),
                lambda: loop.connect_accepted_socket(asyncio.Protocol, real),
                lambda: loop.sock_accept(real),
                lambda: loop.sock_recv(real, 1),
            ]
            for call in calls:
                with pytest.raises(LeftSimulation, match=r"test_network.py:\d+ (uses|moves data over) a real socket"):
                    await call()

    simulate(program)


@pytest.mark.parametrize("call", ["create_connection", "create_server", "create_unix_connection", "create_unix_server"])
def test_an_address_must_be_given(call: str) -> None:
    async def program() -> None:
        await getattr(asyncio.get_running_loop(), call)(asyncio.Protocol)

    with pytest.raises(ValueError, match="specified"):
        simulate(program)


def test_a_run_ends_without_a_word() -> None:
    """What a run left open neither complains nor acts when it is collected during the next run."""

    async def program() -> object:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, NetworkLoop)
        await asyncio.start_server(hang_up, LOCALHOST, 80)
        left = await asyncio.open_connection(LOCALHOST, 80)
        loop.reset_network()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(LOCALHOST, 80)
        assert left[1].is_closing()
        left[1].write(b"x")
        before = len(loop.choices)
        del left
        await asyncio.sleep(0.01)
        return loop.choices[before:]

    assert simulate(program) == []


# Explored


async def greet_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A server that takes one read for one message: wrong."""
    assert await reader.read(100) == b"hello"
    writer.close()


async def trust_one_read() -> None:
    async with await asyncio.start_server(greet_once, LOCALHOST, 80):
        reader, writer = await asyncio.open_connection(LOCALHOST, 80)
        writer.write(b"hello")
        await reader.read()
        writer.close()


def test_a_program_that_takes_one_read_for_one_message_is_found() -> None:
    failure = explore(trust_one_read, schedules=50).failure
    assert failure is not None
    assert "b'h' arrives at 127.0.0.1:80" in failure.report() or "b'hell' arrives at 127.0.0.1:80" in failure.report()
    again = replay(failure.replay, trust_one_read)
    assert again is not None
    assert type(again.error) is type(failure.error) is AssertionError


async def echo_one_byte() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(1))
        writer.close()

    async with await asyncio.start_server(serve, LOCALHOST, 80):
        reader, writer = await asyncio.open_connection(LOCALHOST, 80)
        writer.write(b"x")
        assert await reader.read() == b"x"
        writer.close()
        await writer.wait_closed()


@pytest.mark.parametrize("strategy", ["dfs", "dpor"])
def test_a_small_exchange_is_searched_to_the_end(strategy: str) -> None:
    result = explore(echo_one_byte, schedules=500, strategy=strategy)
    assert result.failure is None
    assert result.complete
    assert result.schedules > 5


@pytest.mark.parametrize("program", [exchange_lines, tell_protocols, send_datagrams, bind_twice], ids=name_of)
def test_programs_keep_their_promises_under_every_schedule_tried(program: Program) -> None:
    """The network begins empty with each schedule, and nothing of one schedule reaches the next."""
    expected = simulate(program)

    async def checked() -> None:
        assert await program() == expected

    result = explore(checked, schedules=150, strategy="random")
    assert result.failure is None, result.failure.report()


def test_a_cancelled_client_breaks_nothing_but_itself() -> None:
    """Wherever it is cancelled, the server sees the end of a connection or none."""

    async def program() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            assert await reader.read() in {b"", b"x"}
            writer.close()

        async def ask() -> None:
            _, writer = await asyncio.open_connection(LOCALHOST, 80)
            try:
                writer.write(b"x")
                await asyncio.sleep(0)
            finally:
                writer.close()

        async with await asyncio.start_server(serve, LOCALHOST, 80):
            asking = asyncio.ensure_future(ask())
            for _ in range(choose("patience", 8)):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.wait([asking])
            await asyncio.sleep(1)
            assert len(asyncio.all_tasks()) == 1

    result = explore(program, schedules=400, strategy="random")
    assert result.failure is None, result.failure.report()


def test_a_deadlock_names_the_streams() -> None:
    async def program() -> None:
        async def wait_for_more(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(2)
            writer.close()

        async with await asyncio.start_server(wait_for_more, LOCALHOST, 80):
            answers, writer = await asyncio.open_connection(LOCALHOST, 80)
            writer.write(b"x")
            await answers.read()

    failure = explore(program, schedules=1).failure
    assert failure is not None
    assert failure.kind is FailureKind.DEADLOCK
    assert "Task-0 waits for StreamReader answers in program" in str(failure.error)
    assert "Task-1 waits for StreamReader reader in wait_for_more" in str(failure.error)
