"""``asyncndis bridge`` as users run it: what it tells, what it writes down, and what it says of bad input."""

import json
from pathlib import Path

import pytest

from asyncndis.real import open_capture
from tests.real.bridged import Bridged, asyncndis, bridged, ends_cleanly, set_up
from tests.real.namespaces import Namespace, namespace
from tests.real.packets import PacketSocket
from tests.real.running import until


def frame(number: int, size: int = 60) -> bytes:
    return b"\xff" * 6 + bytes.fromhex(f"02{number:010x}") + b"\x88\xb5" + bytes(size - 14)


def check_carried(cable: Bridged, frames: list[bytes]) -> None:
    with PacketSocket(cable.left, "a") as left, PacketSocket(cable.right, "b") as right:
        left.send(*frames)
        assert right.expect(frames) == frames


FRAMES = [frame(number, 14 + 13 * number) for number in range(100)]


@pytest.mark.parametrize("loop", ["asyncio", "uvloop", "trio"])
def test_it_serves_on_every_loop(kernel: None, loop: str) -> None:
    with bridged("--loop", loop) as cable:
        assert "1 received" in cable.left.run("ping", "-n", "-c", "1", "-W", "20", "10.9.0.2")


def test_what_it_tells_and_writes_down(kernel: None, tmp_path: Path) -> None:
    capture = tmp_path / "frames.pcapng"
    with bridged("--json", "--verify", "--capture", str(capture)) as cable:
        check_carried(cable, FRAMES)
    report = json.loads(cable.bridge.output.removeprefix("READY\n"))
    left_port, right_port = report["ports"]
    assert (report["findings"], left_port["bridge"]["failed"], right_port["bridge"]["dropped"]) == ([], 0, 0)
    assert left_port["device"]["received_frames"] == right_port["device"]["sent_frames"] >= 100
    with open_capture(capture) as reader:
        written = [bytes(record.frame) for record in reader if record.frame is not None]
    assert {written.count(one) for one in FRAMES} == {2}  # coming in, and going out


def test_a_hub_floods_what_a_switch_filters(kernel: None) -> None:
    to_itself = bytes.fromhex("0200000000aa" + "0200000000aa") + b"\x88\xb5" + bytes(46)
    with bridged("--hub") as cable, PacketSocket(cable.left, "a") as left, PacketSocket(cable.right, "b") as right:
        left.send(to_itself, frame(1))
        assert right.expect([to_itself, frame(1)]) == [to_itself, frame(1)]


def test_three_ports(kernel: None) -> None:
    with namespace("hub") as hub, namespace("one") as one, namespace("two") as two, namespace("three") as three:
        places = (one, two, three)
        with asyncndis(hub, "bridge", *(f"tap:p@{place.name}" for place in places), "--stats") as bridge:
            for number, place in enumerate(places, 1):
                set_up(place, "p", number)
            for place, address in ((one, "10.9.0.3"), (two, "10.9.0.1"), (three, "10.9.0.2")):
                assert "1 received" in place.run("ping", "-n", "-c", "1", "-W", "20", address)
            ends_cleanly(bridge)
            assert all(f"tap:p@{place.name}" in bridge.output for place in places)


def test_a_device_with_several_queues_and_one_that_stays(place: Namespace) -> None:
    with namespace("hub") as hub:
        ports = (f"tap:many@{place.name},queues=4,mtu=9000,persist", f"tap:one@{place.name}")
        with asyncndis(hub, "bridge", *ports) as bridge:
            assert "mtu 9000" in place.ip("link show dev many")
            with PacketSocket(place, "many") as many, PacketSocket(place, "one") as one:
                many.send(*FRAMES)
                assert sorted(one.expect(FRAMES)) == sorted(FRAMES)
                one.send(*FRAMES)
                assert many.expect(FRAMES) == FRAMES
            ends_cleanly(bridge)
        until(lambda: "NO-CARRIER" in place.ip("link show dev many"), "the device waits for its next program")
        assert "one" not in place.ip("-brief link")
        with asyncndis(hub, "bridge", *ports) as again:
            ends_cleanly(again)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("tap:a",), "a bridge joins two ports at least"),
        (("tap:a", "tap:sixteen_bytes_ab"), "has a name of 16 bytes; the kernel takes 15, shorten it"),
        (("tap:a", "tap:b@nowhere"), "there is no network namespace 'nowhere'; make it with ip netns add nowhere"),
        (("tap:a", "tap:a"), "the interface a is used by another program; end that, or take another name"),
        (("tap:a", "tap:lo"), "the interface lo is there, and is no TAP"),
        (("tap:a", "fd:99"), "no descriptor 99 is open here"),
        (("tap:a", "pcap:/missing.pcap"), "cannot be read: No such file or directory"),
        (("tap:a", "unix:/missing/own,/missing/peer"), "cannot be made: No such file or directory"),
        (("tap:a", "tap:old,mtu=9000"), "has an MTU of 1500, not 9000; leave mtu out, or set it with ip link set old"),
        (
            ("tap:a", "tap:b", "--capture", "/missing/file"),
            "/missing/file cannot be written: No such file or directory",
        ),
    ],
)
def test_bad_input_has_one_sentence(place: Namespace, words: tuple[str, ...], complaint: str) -> None:
    place.ip("tuntap add dev old mode tap")
    with asyncndis(place, "bridge", *words, ready=None) as bridge:
        assert bridge.wait() == 2
        assert complaint in bridge.output
        assert "Traceback" not in bridge.output
        assert "READY" not in bridge.output
    assert "a" not in [line.split()[0] for line in place.ip("-brief link").splitlines()]


def test_a_port_that_cannot_be_opened_leaves_no_capture(place: Namespace, tmp_path: Path) -> None:
    capture = tmp_path / "frames.pcapng"
    with asyncndis(place, "bridge", "tap:a", "fd:99", "--capture", str(capture), ready=None) as bridge:
        assert bridge.wait() == 2
    assert not capture.exists()


def test_an_interface_that_is_taken(place: Namespace) -> None:
    with (
        asyncndis(place, "bridge", "tap:mine", "wire:x"),
        asyncndis(place, "bridge", "tap:mine", "wire:y", ready=None) as second,
    ):
        assert second.wait() == 2
        assert "the interface mine is used by another program" in second.output
