"""``asyncndis`` as users run it: a process of its own, in a namespace of its own, with hosts around it."""

import sys
from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.house.sources import ROOT
from tests.real.namespaces import Namespace, namespace
from tests.real.running import Running, until

__all__ = ["ADDRESSES", "Bridged", "asyncndis", "bridged", "ends_cleanly", "set_up"]

ADDRESSES = ("10.9.0.1", "10.9.0.2")
"""Of the left host and of the right one; their IPv6 addresses are fd00::1 and fd00::2."""


def asyncndis(place: Namespace, *arguments: str | Path, ready: str | None = "READY") -> AbstractContextManager[Running]:
    """Run the command line in a namespace, from the moment it is ready until the block ends."""
    return place.running(sys.executable, "-m", "asyncndis.cli", *map(str, arguments), ready=ready, folder=ROOT)


@dataclass(frozen=True)
class Bridged:
    """Two hosts, each a namespace with one device, ``a`` and ``b``; between them a bridge."""

    hub: Namespace
    left: Namespace
    right: Namespace
    bridge: Running

    @contextmanager
    def nothing_lost(self) -> Generator[None]:
        """What either kernel sends in this block, the other gets, by what both count."""
        before = self._missing()
        yield
        until(lambda: all(now <= then for now, then in zip(self._missing(), before, strict=True)), "all frames came")

    def _missing(self) -> tuple[int, ...]:
        """How many frames the bridge has got and not handed on, or the kernel could not give it, for each direction."""
        left, right = self.left.link("a")["stats64"], self.right.link("b")["stats64"]
        return tuple(
            sender["tx"]["packets"] + sender["tx"]["dropped"] - receiver["rx"]["packets"]
            for sender, receiver in ((left, right), (right, left))
        )


def set_up(place: Namespace, device: str, number: int, *, mtu: int = 1500) -> None:
    """Give a device its addresses, the last number of which is ``number``, and wait until it carries frames."""
    place.ip(
        f"link set dev {device} address 02:00:00:00:00:{number:02x} mtu {mtu} up",
        f"addr add 10.9.0.{number}/24 dev {device}",
        f"addr add fd00::{number}/64 dev {device} nodad",
    )
    place.until_up(device)


def ends_cleanly(program: Running) -> None:
    """End a program that serves until it is told to: with status 0, and nothing to complain of."""
    status = program.end()
    assert status == 0, f"{program.command}: exit status {status}\n{program.output}"
    assert "Traceback" not in program.output, program.output


@contextmanager
def bridged(*options: str | Path, mtu: int = 1500, taps: tuple[str, str] = ("", "")) -> Generator[Bridged]:
    """Two hosts on a bridge that makes their devices, with options; it has to end cleanly when the block does."""
    with ExitStack() as stack:
        hub, left, right = (stack.enter_context(namespace(role)) for role in ("hub", "left", "right"))
        ports = [f"tap:a@{left.name}{taps[0]}", f"tap:b@{right.name}{taps[1]}"]
        bridge = stack.enter_context(asyncndis(hub, "bridge", *ports, *options))
        set_up(left, "a", 1, mtu=mtu)
        set_up(right, "b", 2, mtu=mtu)
        yield Bridged(hub, left, right, bridge)
        ends_cleanly(bridge)
