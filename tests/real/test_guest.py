"""The e1000 driver of a guest's kernel is the peer: it pings the host of asyncndis, and through the bridge."""

from pathlib import Path

import pytest

from tests.real.bridged import asyncndis, ends_cleanly, set_up
from tests.real.guest import boot, missing_for_guests
from tests.real.namespaces import Namespace

REASON = missing_for_guests()
pytestmark = pytest.mark.skipif(REASON is not None, reason=str(REASON))
PINGS = [f"ping -q -c {count} -i 0.05 -s {size} 10.9.0.2" for count, size in ((5, 56), (2, 1472), (2, 4000))]
ANSWERS = ("5 packets received, 0% packet loss", "2 packets received, 0% packet loss")


def plugs(folder: Path, kind: str) -> tuple[str, str]:
    """What QEMU and what asyncndis call the two ends of one cable."""
    one, other = folder / "guest", folder / "port"
    if kind == "dgram":
        sockets = f"local.type=unix,local.path={one},remote.type=unix,remote.path={other}"
        return f"dgram,{sockets}", f"unix:{other},{one}"
    return f"stream,server=off,addr.type=unix,addr.path={other}", f"stream:{other}"


def check_pings(place: Namespace, folder: Path, netdev: str) -> None:
    with boot(place, folder, netdev, "10.9.0.1/24", *PINGS, "echo GUEST DONE") as guest:
        guest.wait_for("GUEST LINK", 120)
        guest.wait_for("GUEST DONE", 120)
        assert guest.output.count(ANSWERS[0]) == 1, guest.output
        assert guest.output.count(ANSWERS[1]) == 2, guest.output
        assert guest.wait(60) == 0


@pytest.mark.parametrize("kind", ["dgram", "stream"])
def test_a_guest_pings_our_host(place: Namespace, tmp_path: Path, kind: str) -> None:
    netdev, port = plugs(tmp_path, kind)
    with asyncndis(place, "host", port, "--address", "10.9.0.2/24") as host:
        check_pings(place, tmp_path, netdev)
        ends_cleanly(host)


def test_a_guest_pings_the_kernel_through_the_bridge(place: Namespace, tmp_path: Path) -> None:
    netdev, port = plugs(tmp_path, "dgram")
    with asyncndis(place, "bridge", port, "tap:b") as bridge:
        set_up(place, "b", 2)
        check_pings(place, tmp_path, netdev)
        ends_cleanly(bridge)
