"""Large packets: whole between TAPs with offload headers, and cut by us exactly as the kernel would cut them."""

import fcntl
import os
import random
import socket
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from asyncndis.nic.offload import HEADER_BYTES, NOTHING
from asyncndis.nic.segmentation import complete
from asyncndis.real import open_capture, open_port
from asyncndis.real.namespaces import inside_namespace, open_namespace
from asyncndis.real.tuntap import attach, set_offloads
from tests.real.bridged import Bridged, asyncndis, bridged, ends_cleanly, set_up
from tests.real.namespaces import Namespace
from tests.real.packets import PacketSocket
from tests.real.running import until
from tests.real.test_streams import MIB, iperf3
from tests.unit.nic.large import Large, large, recomputed

KINDS = {
    "TCP over IPv4": large(is_udp=False, is_ipv6=False, flags="PA", payload=random.Random(1).randbytes(4321)),
    "TCP over IPv6": large(is_udp=False, is_ipv6=True, flags="PA", payload=random.Random(2).randbytes(4321)),
    "FIN": large(is_udp=False, is_ipv6=False, flags="FPA", options=12, payload=bytes(301)),
    "numbers that wrap": large(
        is_udp=False, is_ipv6=False, sequence=2**32 - 150, identification=0xFFFE, payload=bytes(range(256)) * 4
    ),
    "a tag": large(is_udp=False, is_ipv6=False, tags=1, payload=bytes(777)),
    "one segment": large(is_udp=False, is_ipv6=True, payload=bytes(range(101))),
    "UDP over IPv4": large(is_udp=True, is_ipv6=False, payload=random.Random(3).randbytes(3333)),
    "UDP over IPv6": large(is_udp=True, is_ipv6=True, payload=random.Random(4).randbytes(3333)),
}


@contextmanager
def tap(place: Namespace, name: str, *, headers: bool) -> Generator[int]:
    """A TAP of ours on a bridge of the kernel."""
    namespace = open_namespace(place.name, "a test")
    with inside_namespace(namespace, "a test"):  # where it is opened, there it is
        descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        with inside_namespace(namespace, "a test"):
            attach(descriptor, name, headers=headers)
        place.ip(f"link set dev {name} master br up")
        yield descriptor
    finally:
        os.close(namespace)
        os.close(descriptor)


@pytest.mark.parametrize("made", KINDS.values(), ids=KINDS)
def test_our_segments_are_those_of_the_kernel(place: Namespace, made: Large) -> None:
    expected = [bytes(frame) for frame in complete(made.header, made.frame)]
    place.ip("link add name br type bridge", "link set dev br up")
    with tap(place, "in", headers=True) as source, tap(place, "out", headers=False) as target:
        place.until_up("out")
        os.write(source, made.header + made.frame)
        found: list[bytes] = []

        def read() -> bool:
            try:
                while True:
                    frame = os.read(target, 1 << 16)
                    if frame[:12] == made.frame[:12]:
                        found.append(frame)
            except BlockingIOError:
                return len(found) >= len(expected)

        until(read, "all segments came")
        assert found == expected


@pytest.fixture(scope="module", params=[("vnet", "vnet"), ("vnet", "plain"), ("plain", "plain")], ids="-".join)
def line(request: pytest.FixtureRequest, kernel: None) -> Generator[Bridged]:
    left, right = request.param
    with bridged(taps=(f",{left}", f",{right}")) as made:
        yield made


@pytest.mark.tools("iperf3")
@pytest.mark.parametrize("options", [(), ("--reverse",)], ids=["to the right", "to the left"])
def test_tcp_and_udp_both_ways(line: Bridged, options: tuple[str, ...]) -> None:
    sums = iperf3(line, "--bytes", "48M", *options)
    assert sums["sum_received"]["bytes"] > 32 * MIB
    total = iperf3(line, "--udp", "--bitrate", "10M", "--length", "1400", "--bytes", "1M", *options)["sum"]
    assert total["packets"] >= MIB // 1400


@pytest.mark.tools("ping")
@pytest.mark.parametrize("target", ["10.9.0.2", "fd00::2"])
def test_ping_of_all_sizes(line: Bridged, target: str) -> None:
    for size in (0, 56, 1472, 1473, 20_000):
        assert "1 received" in line.left.run("ping", "-n", "-c", "1", "-W", "20", "-s", str(size), target)


def test_large_datagrams_arrive_in_segments_or_whole(line: Bridged) -> None:
    """One send of many datagrams (UDP_SEGMENT), which the kernel leaves to the TAP where that has headers."""
    with (
        line.right.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        line.left.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        receiver.bind(("10.9.0.2", 7000))
        receiver.settimeout(20)
        sender.setsockopt(socket.SOL_UDP, 103, 1000)
        data = random.Random(5).randbytes(20_500)
        sender.sendto(data, ("10.9.0.2", 7000))
        datagrams = [receiver.recv(2048) for _ in range(21)]
    assert b"".join(datagrams) == data
    assert [len(one) for one in datagrams] == [1000] * 20 + [500]


def test_frames_that_ask_for_nothing_pass_unchanged(line: Bridged) -> None:
    frames = [b"\xff" * 6 + bytes.fromhex(f"02{number:010x}") + b"\x88\xb5" + bytes(number) for number in range(1500)]
    with PacketSocket(line.left, "a") as left, PacketSocket(line.right, "b") as right:
        left.send(*frames[:500])
        assert right.expect(frames[:500]) == frames[:500]
        right.send(*frames[500:900])
        assert left.expect(frames[500:900]) == frames[500:900]


@pytest.mark.tools("ethtool")
def test_a_device_that_stays_is_left_without_offloads(place: Namespace) -> None:
    place.ip("tuntap add dev stays mode tap", "link add name br type bridge", "link set dev br up")
    with tap(place, "stays", headers=True) as descriptor:
        set_offloads(descriptor, True)
        assert "tcp-segmentation-offload: on" in place.run("ethtool", "-k", "stays")
    with tap(place, "stays", headers=False):
        assert "tcp-segmentation-offload: off" in place.run("ethtool", "-k", "stays")


def test_a_capture_shows_frames_and_no_packets(kernel: None, tmp_path: Path) -> None:
    capture = tmp_path / "frames.pcapng"
    with bridged("--capture", capture, taps=(",vnet", ",vnet")) as cable:
        data = random.Random(6).randbytes(200_000)
        with (
            cable.right.socket(socket.AF_INET, socket.SOCK_STREAM) as listener,
            cable.left.socket(socket.AF_INET, socket.SOCK_STREAM) as sender,
        ):
            listener.bind(("10.9.0.2", 7000))
            listener.listen()
            sender.connect(("10.9.0.2", 7000))
            receiver, _ = listener.accept()
            with receiver, ThreadPoolExecutor(1) as helper:
                helper.submit(sender.sendall, data)
                assert receiver.recv(len(data), socket.MSG_WAITALL) == data
    with open_capture(capture) as reader:
        frames = [bytes(record.frame) for record in reader if record.frame is not None]
    assert max(map(len, frames)) == 1514
    assert [frame for frame in frames if frame[12:14] == b"\x08\x00" and recomputed(frame) != frame] == []


def test_a_host_on_a_device_with_offload_headers_gets_frames(place: Namespace) -> None:
    with asyncndis(place, "host", "tap:t0,vnet", "--address", "10.9.0.2/24") as host:
        set_up(place, "t0", 1)
        for size in (56, 1472, 4000):
            assert "1 received" in place.run("ping", "-n", "-c", "1", "-W", "20", "-s", str(size), "10.9.0.2")
        ends_cleanly(host)


def test_a_descriptor_with_longer_headers_is_taken_over(place: Namespace) -> None:
    place.ip("link add name br type bridge", "link set dev br up")
    frame = b"\xff" * 6 + bytes.fromhex("020000000001 88b5") + bytes(46)
    with tap(place, "given", headers=True) as descriptor, PacketSocket(place, "given") as there:
        fcntl.ioctl(descriptor, 0x400454D8, (HEADER_BYTES + 2).to_bytes(4, sys.byteorder))  # TUNSETVNETHDRSZ
        with closing(open_port(f"fd:{os.dup(descriptor)}")) as port:
            assert port.offloads
            assert port.transmit([NOTHING + frame]) == 1
            assert there.expect([frame]) == [frame]
            there.send(frame)
            until(lambda: NOTHING + frame in port.receive(), "the frame came")
            counts = port.statistics()
            assert (counts.sent_frames, counts.sent_bytes) == (1, len(frame))
