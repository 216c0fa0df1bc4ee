"""Links that come and go: interfaces flapped, moved, renamed, deleted or flooded, and programs that are killed."""

import json
import signal
import socket
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.real.bridged import ADDRESSES, Bridged, asyncndis, bridged, ends_cleanly, set_up
from tests.real.namespaces import Namespace, namespace
from tests.real.packets import PacketSocket, frame
from tests.real.running import until

_, RIGHT = ADDRESSES


@pytest.fixture
def own_cable(kernel: None) -> Generator[Bridged]:
    """A bridge that no other test has."""
    with bridged() as made:
        yield made


@pytest.fixture
def places(kernel: None) -> Generator[tuple[Namespace, Namespace, Namespace]]:
    """Three namespaces with nothing in them: for the program, and for the host at either end."""
    with ExitStack() as stack:
        hub, left, right = (stack.enter_context(namespace(role)) for role in ("hub", "left", "right"))
        yield hub, left, right


def answers(place: Namespace, address: str = RIGHT) -> bool:
    """Whether an address answers a ping."""
    return "1 received" in place.run("ping", "-n", "-c", "1", "-W", "2", address, must_succeed=False)


def check_pings(place: Namespace, address: str = RIGHT) -> None:
    """After a change, the first frames may find nothing set up yet; then they come."""
    until(lambda: answers(place, address), f"{address} answers")


@pytest.mark.tools("ping")
@pytest.mark.parametrize("side", ["left", "right"])
def test_an_interface_that_flaps(own_cable: Bridged, side: str) -> None:
    place, device = (own_cable.left, "a") if side == "left" else (own_cable.right, "b")
    check_pings(own_cable.left)
    for _ in range(5):
        place.ip(f"link set dev {device} down")
        own_cable.left.run("ping", "-n", "-c", "1", "-W", "0.05", RIGHT, must_succeed=False)
        place.ip(f"link set dev {device} up")
        check_pings(own_cable.left)


@pytest.mark.tools("ping")
def test_an_interface_that_flaps_under_load(own_cable: Bridged) -> None:
    with own_cable.left.running("ping", "-n", "-q", "-f", "-w", "20", RIGHT):
        for _ in range(20):
            own_cable.right.ip("link set dev b down", "link set dev b up")
    check_pings(own_cable.left)


@pytest.mark.tools("ping")
def test_interfaces_are_moved_and_renamed_while_they_are_bridged(
    places: tuple[Namespace, Namespace, Namespace],
) -> None:
    hub, left, right = places
    with asyncndis(hub, "bridge", "tap:one", "tap:two") as bridge:
        hub.ip(f"link set dev one netns {left.name} name here", f"link set dev two netns {right.name}")
        set_up(left, "here", 1)
        set_up(right, "two", 2)
        check_pings(left)
        right.ip("link set dev two down", "link set dev two name there", "link set dev there up")
        check_pings(left)
        left.ip(f"link set dev here netns {right.name}")
        right.ip(f"link set dev here netns {left.name}")
        set_up(left, "here", 1)
        check_pings(left)
        ends_cleanly(bridge)


@pytest.mark.tools("ping")
def test_another_address_and_mtu_while_it_is_bridged(own_cable: Bridged) -> None:
    check_pings(own_cable.left)
    own_cable.right.ip("link set dev b down", "link set dev b address 02:00:00:00:00:99 mtu 1400 up")
    own_cable.left.ip("neigh flush all", "link set dev a mtu 1400")
    check_pings(own_cable.left)


def test_an_interface_that_is_deleted_ends_the_bridge_with_one_sentence(
    places: tuple[Namespace, Namespace, Namespace],
) -> None:
    hub, left, right = places
    with asyncndis(hub, "bridge", f"tap:a@{left.name}", f"tap:b@{right.name}") as bridge:
        left.ip("link delete dev a")
        assert bridge.wait() == 2, bridge.output
        [_, sentence] = bridge.output.splitlines()
        assert "deleted" in sentence
    until(lambda: not right.has("b"), "the other device went with the bridge")


@pytest.mark.tools("ping")
def test_of_three_interfaces_one_that_is_deleted_leaves_two(
    places: tuple[Namespace, Namespace, Namespace],
) -> None:
    hub, left, right = places
    ports = (f"tap:a@{left.name}", f"tap:b@{right.name}", f"tap:c@{right.name}")
    with asyncndis(hub, "bridge", *ports) as bridge:
        right.ip("link delete dev c")
        bridge.wait_for("the other 2 ports go on")
        set_up(left, "a", 1)
        set_up(right, "b", 2)
        check_pings(left)
        right.ip("link delete dev b")
        assert bridge.wait() == 2, bridge.output
        assert [("deleted" in line) for line in bridge.output.splitlines()] == [False, True, True]


@pytest.mark.parametrize(
    ("loop", "number"),
    [
        ("uvloop", signal.SIGTERM),
        ("uvloop", signal.SIGINT),
        ("asyncio", signal.SIGINT),
        ("trio", signal.SIGTERM),
        ("trio", signal.SIGINT),
    ],
)
def test_signals_end_it_cleanly(
    places: tuple[Namespace, Namespace, Namespace], loop: str, number: signal.Signals
) -> None:
    hub, left, right = places
    with asyncndis(hub, "bridge", f"tap:a@{left.name}", f"tap:b@{right.name}", "--loop", loop) as bridge:
        bridge.signal(number)
        assert bridge.wait() == 0, bridge.output
        assert "Traceback" not in bridge.output
    assert not left.has("a")
    assert not right.has("b")


@pytest.mark.tools("ping")
def test_what_a_killed_bridge_leaves_serves_the_next(places: tuple[Namespace, Namespace, Namespace]) -> None:
    """One device is there before, and stays; the other goes with its program."""
    hub, left, right = places
    left.ip("tuntap add dev a mode tap")
    ports = (f"tap:a@{left.name}", f"tap:b@{right.name}")
    for _ in range(3):
        with asyncndis(hub, "bridge", *ports) as bridge:
            set_up_again(left, "a", 1)
            set_up_again(right, "b", 2)
            check_pings(left)
            bridge.signal(signal.SIGKILL)
            assert bridge.wait() == -signal.SIGKILL
        assert left.has("a")
        until(lambda: not right.has("b"), "the kernel has removed what nobody has open")


@pytest.mark.tools("ping")
def test_sockets_of_a_killed_bridge_are_no_hindrance(
    places: tuple[Namespace, Namespace, Namespace], tmp_path_factory: pytest.TempPathFactory
) -> None:
    hub, left, right = places
    folder = tmp_path_factory.mktemp("s")
    one, other = f"unix:{folder}/a,{folder}/b", f"unix:{folder}/b,{folder}/a"
    with asyncndis(hub, "bridge", one, f"tap:b@{right.name}"):
        pass  # leaving the block kills it
    with (
        asyncndis(hub, "bridge", one, f"tap:b@{right.name}") as near,
        asyncndis(hub, "bridge", other, f"tap:a@{left.name}") as far,
    ):
        set_up(left, "a", 1)
        set_up(right, "b", 2)
        check_pings(left)
        ends_cleanly(near)
        ends_cleanly(far)


def test_a_port_that_takes_nothing_is_no_obstacle_for_others(own_cable: Bridged) -> None:
    """More frames than any queue holds, to a device that is down half of the time: those that follow still come."""
    flood = [frame(number, 1514) for number in range(20_000)]
    with PacketSocket(own_cable.left, "a") as left:
        left.send(*flood[:10_000])
        own_cable.right.ip("link set dev b down")
        left.send(*flood[10_000:])
        own_cable.right.ip("link set dev b up")
        with PacketSocket(own_cable.right, "b") as right:
            assert carries_again(left, right)


def test_a_socket_that_nobody_reads_is_no_obstacle_either(
    places: tuple[Namespace, Namespace, Namespace], tmp_path: Path
) -> None:
    """Its queue is full for good; what it cannot take is lost there, and nowhere else."""
    hub, left, right = places
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ports = (f"tap:a@{left.name}", f"tap:b@{right.name}", f"unix:{ours},{theirs}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(theirs))
        with asyncndis(hub, "bridge", *ports) as bridge:
            with PacketSocket(left, "a") as sender, PacketSocket(right, "b") as receiver:
                sender.send(*(frame(number, 1514) for number in range(5_000)))
                assert carries_again(sender, receiver)
            ends_cleanly(bridge)


def test_an_overload_loses_frames_and_keeps_the_order_of_the_rest(own_cable: Bridged) -> None:
    """A TAP holds nobody back: the kernel drops behind its queue, and counts. What comes through is in order."""
    flood = [frame(number, 200) for number in range(30_000)]
    with PacketSocket(own_cable.left, "a") as left, PacketSocket(own_cable.right, "b") as right:
        before = dropped(own_cable)
        left.send(*flood)
        last = [frame(0, 60, head="88b6")]
        came: list[int] = []
        while True:
            got = right.receive(1.0)
            if got is None:
                left.send(*last)
            elif got == last[0]:
                break
            elif got[12:14] == b"\x88\xb5":
                came.append(int.from_bytes(got[14:18], "big"))
        assert came == sorted(set(came))
        assert len(came) + dropped(own_cable) - before >= len(flood)


def dropped(cable: Bridged) -> int:
    """Frames that the kernel of either end had to drop."""
    sender, receiver = cable.left.link("a")["stats64"], cable.right.link("b")["stats64"]
    return int(sender["tx"]["dropped"]) + int(receiver["rx"]["dropped"])


def carries_again(left: PacketSocket, right: PacketSocket) -> bool:
    """Whether frames come through, all of them and in order, at some time after a flood."""
    for again in range(30):
        frames = [frame(again * 100 + number, head="88b6") for number in range(10)]
        left.send(*frames)
        if right.expect(frames, 1.0) == frames:
            return True
    return False


def set_up_again(place: Namespace, device: str, number: int) -> None:
    """Set up a device that may have been set up before."""
    place.ip(f"addr flush dev {device}")
    set_up(place, device, number)


def test_link_state_follows(own_cable: Bridged) -> None:
    """While the bridge runs its devices have a carrier."""
    for place, device in ((own_cable.left, "a"), (own_cable.right, "b")):
        assert json.loads(place.ip(f"-j link show dev {device}"))[0]["operstate"] in {"UP", "UNKNOWN"}
