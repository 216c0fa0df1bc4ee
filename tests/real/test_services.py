"""What people do with a network, through the bridge: get an address by DHCP, a name by DNS, and a file by HTTP."""

import hashlib
import json
import random
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.real.bridged import ADDRESSES, Bridged
from tests.real.running import Running

LEFT, _ = ADDRESSES
MIB = 1024 * 1024
DNSMASQ = """
--keep-in-foreground --conf-file=/dev/null --log-facility=- --user=root --pid-file --no-resolv --no-hosts --no-ping
--interface=a --bind-interfaces --log-dhcp --dhcp-range=10.9.0.100,10.9.0.150
--address=/web.example/10.9.0.1 --address=/web.example/fd00::1
"""
LEASE_SCRIPT = '#!/bin/sh\n[ "$1" != bound ] || ip address add "$ip/24" dev "$interface"\n'


@contextmanager
def dnsmasq(cable: Bridged, folder: Path) -> Generator[Running]:
    """A server of addresses and names on the left."""
    options = f"--dhcp-leasefile={folder / 'leases'} {DNSMASQ}"
    with cable.left.running("dnsmasq", *options.split(), ready="sockets bound exclusively") as server:
        yield server


@pytest.mark.tools("dnsmasq", "udhcpc", "busybox")
def test_a_lease_comes_through_the_bridge(cable: Bridged, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(LEASE_SCRIPT)
    script.chmod(0o755)
    cable.right.ip("addr flush dev b")
    try:
        with dnsmasq(cable, tmp_path) as server:
            cable.right.run("udhcpc", "-f", "-q", "-n", "-i", "b", "-s", str(script))
            for step in ("DHCPDISCOVER", "DHCPOFFER", "DHCPREQUEST", "DHCPACK"):
                server.wait_for(step)
            [device] = json.loads(cable.right.ip("-j -4 addr show dev b"))
            [leased] = [address["local"] for address in device["addr_info"]]
            assert leased in (tmp_path / "leases").read_text()
            assert leased.startswith("10.9.0.1")
            assert LEFT in cable.right.run("busybox", "nslookup", "web.example", LEFT)
    finally:
        cable.right.ip("addr flush dev b", "addr add 10.9.0.2/24 dev b", "addr add fd00::2/64 dev b nodad")


@pytest.mark.tools("curl")
def test_files_come_unchanged_by_http(cable: Bridged, tmp_path: Path) -> None:
    sizes = {"empty": 0, "small": 1, "page": 20_000, "large": 24 * MIB}
    site, taken = tmp_path / "site", tmp_path / "taken"
    site.mkdir()
    taken.mkdir()
    for name, size in sizes.items():
        (site / name).write_bytes(random.Random(size).randbytes(size))
    server = (sys.executable, "-u", "-m", "http.server", "--bind", LEFT, "--directory", str(site), "8080")
    with cable.left.running(*server, ready="Serving HTTP"):
        files = [f"http://{LEFT}:8080/{name}" for name in sizes]
        cable.right.run("curl", "--fail", "--silent", "--show-error", "--remote-name-all", *files, folder=taken)
    for name in sizes:
        assert sha256(taken / name) == sha256(site / name)


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
