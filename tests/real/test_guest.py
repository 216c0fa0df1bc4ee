"""The e1000 driver of a guest's kernel pings our host over sockets of both kinds, and the kernel through a bridge."""

from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.real.bridged import asyncndis, ends_cleanly, set_up
from tests.real.guest import boot, missing_for_guests
from tests.real.namespaces import Namespace

REASON = missing_for_guests()
BOOTING_S = 120
PINGS = ((5, 56), (2, 1472), (2, 4000))


@pytest.fixture
def folder() -> Generator[Path]:
    """A folder that does not stay: a kernel is large."""
    with TemporaryDirectory(prefix="guest-") as name:
        yield Path(name)


def dgram(folder: Path, name: str) -> tuple[str, str]:
    """What QEMU and what asyncndis call the two ends of a pair of datagram sockets."""
    guest, port = folder / f"{name}.guest", folder / f"{name}.port"
    return f"dgram,local.type=unix,local.path={guest},remote.type=unix,remote.path={port}", f"unix:{port},{guest}"


def stream(folder: Path, name: str) -> tuple[str, str]:
    """The same of a stream, where asyncndis listens."""
    return f"stream,server=off,addr.type=unix,addr.path={folder / name}", f"stream:{folder / name}"


@pytest.mark.skipif(REASON is not None, reason=str(REASON))
def test_a_guest_pings_over_three_cables(place: Namespace, folder: Path) -> None:
    plugs = [stream(folder, "one"), dgram(folder, "two"), dgram(folder, "three")]
    netdevs, ports = zip(*plugs, strict=True)
    words = [
        ("host", ports[0], "--address", "10.9.1.2/24"),
        ("host", ports[1], "--address", "10.9.2.2/24"),
        ("bridge", ports[2], "tap:b"),
    ]
    addresses = [f"10.9.{network}.1/24" for network in (1, 2, 0)]
    commands = [
        f"ping -q -c {count} -i 0.05 -s {size} 10.9.{network}.2" for network in (1, 2, 0) for count, size in PINGS
    ]
    with ExitStack() as stack:
        programs = [stack.enter_context(asyncndis(place, *line)) for line in words]
        set_up(place, "b", 2)
        guest = stack.enter_context(boot(place, folder, netdevs, addresses, [*commands, "echo GUEST DONE"]))
        guest.wait_for("GUEST LINKS", BOOTING_S)
        guest.wait_for("GUEST DONE", BOOTING_S)
        assert guest.output.count("5 packets received, 0% packet loss") == 3, guest.output
        assert guest.output.count("2 packets received, 0% packet loss") == 6, guest.output
        assert guest.wait() == 0
        for program in programs:
            ends_cleanly(program)
