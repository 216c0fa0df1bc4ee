"""The kernel pings ``asyncndis host``, on a device of any namespace, and talks to its UDP echo."""

import random
import socket
import sys

import pytest

from tests.house.sources import ROOT
from tests.real.bridged import asyncndis, ends_cleanly, set_up
from tests.real.namespaces import Namespace
from tests.real.running import run, until

OURS = "10.9.0.7"
SIZES = (0, 1, 56, 1000, 1472, 1473, 8000, 60_000)


@pytest.mark.tools("ping")
@pytest.mark.parametrize("loop", ["uvloop", "asyncio", "trio"])
def test_the_kernel_pings_it(place: Namespace, loop: str) -> None:
    with asyncndis(place, "host", "tap:h", "--address", f"{OURS}/24", "--loop", loop) as host:
        set_up(place, "h", 1)
        for size in SIZES:
            assert "1 received" in place.run("ping", "-n", "-c", "1", "-W", "20", "-s", str(size), OURS)
        report = place.run("ping", "-n", "-q", "-f", "-c", "1000", "-W", "20", OURS)
        assert "0% packet loss" in report or "999 received" in report, report
        ends_cleanly(host)
    assert "ICMP echo request, answered" in host.output


@pytest.mark.tools("ping")
def test_it_comes_back_after_a_flap(place: Namespace) -> None:
    with asyncndis(place, "host", "tap:h", "--address", f"{OURS}/24") as host:
        set_up(place, "h", 1)
        for _ in range(3):
            place.ip("link set dev h down", "link set dev h up")
            until(lambda: "1 received" in place.run("ping", "-c", "1", "-W", "2", OURS, must_succeed=False), "a reply")
        ends_cleanly(host)


def test_it_echoes_udp(place: Namespace) -> None:
    with asyncndis(place, "host", "tap:h", "--address", f"{OURS}/24", "--mtu", "1000") as host:
        set_up(place, "h", 1)
        with place.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(20)
            client.connect((OURS, 7))
            for size in (0, 1, 18, 972, 973, 4000):
                said = random.Random(size).randbytes(size)
                client.send(said)
                assert client.recv(65_536) == said
        ends_cleanly(host)


def test_a_device_that_is_taken_or_is_no_tap(place: Namespace) -> None:
    place.ip("link add dev v0 type veth peer name v1")
    with (
        asyncndis(place, "host", "tap:h", "--address", f"{OURS}/24"),
        asyncndis(place, "host", "tap:h", "--address", "10.9.0.8/24", ready=None) as second,
        asyncndis(place, "host", "tap:v0", "--address", "10.9.0.8/24", ready=None) as third,
        asyncndis(place, "host", "tap:h@nowhere", "--address", "10.9.0.8/24", ready=None) as fourth,
    ):
        for program in (second, third, fourth):
            assert program.wait() == 2
            [sentence] = program.output.splitlines()
            assert sentence.startswith("asyncndis host: tap:")
            assert "; " in sentence
    assert "is used by another program" in second.output
    assert "no TAP" in third.output
    assert "nowhere" in fourth.output


@pytest.mark.tools("unshare", "nsenter", "ping")
def test_root_of_a_user_namespace_is_enough(place: Namespace) -> None:
    if refused := run(["unshare", "--map-root-user", "true"], must_succeed=False):
        pytest.skip(f"no user namespaces here: {refused}")
    words = (sys.executable, "-m", "asyncndis.cli", "host", "tap:h", "--address", f"{OURS}/24")
    with place.running("unshare", "--map-root-user", "--net", *words, ready="READY", folder=ROOT) as host:
        inside = ["nsenter", "--target", str(host.pid), "--user", "--net", "--preserve-credentials"]
        run([*inside, "ip", "addr", "add", "10.9.0.1/24", "dev", "h"])
        assert "1 received" in run([*inside, "ping", "-n", "-c", "1", "-W", "20", OURS])
        ends_cleanly(host)
