"""Captures go out and come back with equal hashes: over a TAP, through the bridge, and beside tcpdump."""

import hashlib
import signal
from collections.abc import Iterable
from pathlib import Path

import pytest

from asyncndis.real import SAMPLE, CaptureError, PcapngWriter
from tests.real.bridged import ADDRESSES, asyncndis, ends_cleanly, set_up
from tests.real.namespaces import Namespace
from tests.real.packets import PacketSocket
from tests.real.running import until
from tests.support.captures import frames_of


def written(path: Path) -> int:
    """How many frames a file has that another program writes at the moment."""
    try:
        return len(frames_of(path))
    except CaptureError:
        return 0


def digest(frames: Iterable[bytes]) -> str:
    """One hash of all frames, in their order and with their lengths."""
    whole = hashlib.sha256()
    for frame in frames:
        whole.update(len(frame).to_bytes(4, "big") + frame)
    return whole.hexdigest()


@pytest.mark.parametrize("rate", ["max", "2000"])
def test_a_replay_reaches_the_kernel_unchanged(place: Namespace, rate: str) -> None:
    place.ip("tuntap add dev t mode tap", "link set dev t up")
    with PacketSocket(place, "t") as kernel:
        with asyncndis(place, "replay", SAMPLE, f"tap:t@{place.name}", "--rate", rate, ready=None) as replay:
            assert replay.wait() == 0, replay.output
        sent = frames_of(SAMPLE)
        assert digest(kernel.expect(sent)) == digest(sent)


def test_a_replay_through_the_bridge_comes_out_unchanged(place: Namespace, tmp_path: Path) -> None:
    """From a file over sockets through a bridge, which is verified and writes a capture of its own."""
    sockets = [tmp_path / str(number) for number in range(4)]
    out, seen = tmp_path / "out.pcapng", tmp_path / "seen.pcapng"
    near, far = f"unix:{sockets[1]},{sockets[0]}", f"unix:{sockets[2]},{sockets[3]}"
    with (
        asyncndis(place, "capture", f"unix:{sockets[3]},{sockets[2]}", out, "--frames", "349") as capture,
        asyncndis(place, "bridge", near, far, "--hub", "--verify", "--capture", seen) as bridge,
        asyncndis(place, "replay", SAMPLE, f"unix:{sockets[0]},{sockets[1]}", "--rate", "max", ready=None) as replay,
    ):
        assert replay.wait() == 0, replay.output
        assert capture.wait() == 0, capture.output
        ends_cleanly(bridge)
    assert digest(frames_of(out)) == digest(frames_of(SAMPLE))
    assert len(frames_of(seen)) == 2 * 349


@pytest.mark.tools("tcpdump", "ping")
def test_what_the_kernel_sends_is_captured_and_tcpdump_reads_it(place: Namespace, tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    with asyncndis(place, "capture", "tap:t", out) as capture:
        set_up(place, "t", 1)
        place.run("ping", "-n", "-c", "1", "-W", "0.1", ADDRESSES[1], must_succeed=False)
        sent = int(place.link("t")["stats64"]["tx"]["packets"])
        assert sent > 0
        capture.signal(signal.SIGINT)
        assert capture.wait() == 0, capture.output
    frames = frames_of(out)
    assert len(frames) >= sent
    assert "Request who-has 10.9.0.2 tell 10.9.0.1" in place.run("tcpdump", "-nn", "-r", str(out))


@pytest.mark.tools("tcpdump")
def test_tcpdump_hears_what_is_replayed(place: Namespace, tmp_path: Path) -> None:
    heard = tmp_path / "heard.pcap"
    place.ip("tuntap add dev t mode tap", "link set dev t up")
    words = ("tcpdump", "-i", "t", "-U", "-Q", "in", "-B", "16384", "--immediate-mode", "-w", str(heard))
    with place.running(*words, ready="listening on t") as tcpdump:
        with asyncndis(place, "replay", SAMPLE, "tap:t", "--rate", "max", ready=None) as replay:
            assert replay.wait() == 0, replay.output
        until(lambda: written(heard) >= 349, "tcpdump has written all frames")
        tcpdump.end()
    sent = set(frames_of(SAMPLE))
    assert digest(frame for frame in frames_of(heard) if frame in sent) == digest(frames_of(SAMPLE))


@pytest.mark.tools("tshark", "ping")
def test_wireshark_opens_it_and_shows_the_comments(place: Namespace, tmp_path: Path) -> None:
    """One port gets a comment by hand, as a broken rule would make it; the rest is what a bridge writes."""
    by_bridge, by_hand = tmp_path / "bridge.pcapng", tmp_path / "hand.pcapng"
    with asyncndis(place, "bridge", "tap:a", "tap:b", "--capture", by_bridge) as bridge:
        set_up(place, "a", 1)
        place.run("ping", "-n", "-c", "1", "-W", "0.1", "-I", "a", ADDRESSES[1], must_succeed=False)
        ends_cleanly(bridge)
    fields = ("-T", "fields", "-e", "frame.interface_name", "-e", "frame.packet_flags_direction")
    told = place.run("tshark", "-r", str(by_bridge), "-Y", "arp", *fields)
    assert {tuple(line.split()) for line in told.splitlines()} >= {("tap:a", "0x00000001"), ("tap:b", "0x00000002")}
    with PcapngWriter(by_hand) as writer:
        writer.add_interface("tap:a")
        writer.write(bytes(60), 1_700_000_000_000_000_001)
        writer.write(bytes(60), 1_700_000_000_000_000_002, comment="POOL-01: a pool was allocated under a lock")
    shown = place.run("tshark", "-r", str(by_hand), "-Y", "frame.comment", "-T", "fields", "-e", "frame.comment")
    assert shown.splitlines()[-1] == "POOL-01: a pool was allocated under a lock"
    assert "Number of packets:   2" in place.run("capinfos", str(by_hand))
