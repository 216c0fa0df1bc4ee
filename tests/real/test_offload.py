"""Large packets: whole between TAPs with offload headers, and cut by us exactly as the kernel would cut them."""

import os
import random
import socket
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from asyncndis.nic.segmentation import complete
from asyncndis.real.namespaces import inside_namespace, open_namespace
from asyncndis.real.tuntap import attach, set_offloads
from tests.real.bridged import Bridged, bridged
from tests.real.namespaces import Namespace
from tests.real.packets import PacketSocket
from tests.real.running import until
from tests.real.test_streams import MIB, iperf3
from tests.unit.nic.large import Large, large

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
