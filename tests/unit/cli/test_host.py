"""``asyncndis host``: it answers on a port until told to end, says what it has seen, and refuses what is wrong."""

import json
import signal
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from click.testing import CliRunner

from asyncndis.cli.app import app
from asyncndis.drivers.inet import ArpOperation, ArpPacket, EthernetFrame, EtherType, HostEngine
from asyncndis.kernel import VirtualClock
from tests.house.sources import ROOT
from tests.real.running import Running, running

OURS = bytes.fromhex("0200000000aa")
OWN, OTHER = "10.0.0.1/24", "10.0.0.2/24"
PATIENCE_S = 30


@contextmanager
def plugged(folder: Path, *options: str) -> Generator[tuple[Running, socket.socket]]:
    """A host, and the socket at the other end of its port."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.settimeout(PATIENCE_S)
        end.bind(str(folder / "b"))
        words = [f"unix:{folder}/a,{folder}/b", "--address", OTHER, *options]
        command = [sys.executable, "-m", "asyncndis.cli", "host", *words]
        with running(command, ready="READY", folder=ROOT) as program:
            end.connect(str(folder / "a"))
            yield program, end


def refusal(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["host", *arguments])
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.stderr
    return result.stderr.splitlines()[-1]


@pytest.mark.parametrize("loop", ["uvloop", "asyncio", "trio"])
def test_it_answers_until_it_is_told_to_end(runtime: Path, loop: str) -> None:
    with plugged(runtime, "--loop", loop, "--json") as (program, end):
        announcement = ArpPacket.parse(EthernetFrame.parse(end.recv(2000)).payload)
        assert announcement.sender == IPv4Address("10.0.0.2")
        us = HostEngine(OURS, OWN, clock=VirtualClock())
        frames = us.ping("10.0.0.2", b"hello", identifier=7, sequence=1)
        while frames:
            for frame in frames:
                end.send(frame)
            frames = us.receive(end.recv(2000))
        [reply] = us.take_replies()
        assert (reply.source, reply.payload) == (IPv4Address("10.0.0.2"), b"hello")
        program.signal(signal.SIGTERM)
        assert program.wait() == 0, program.output
    ready, _, rest = program.output.partition("\n")
    assert ready == "READY"
    seen = json.loads(rest)
    assert (seen["received"], seen["sent"], seen["dropped"]) == (2, 3, 0)
    assert seen["verdicts"] == {"ARP request, answered": 1, "ICMP echo request, answered": 1}


def test_sigint_ends_it_too_and_the_tables_are_for_people(runtime: Path) -> None:
    with plugged(runtime) as (program, end):
        end.recv(2000)
        end.send(bytes(20))
        question = ArpPacket.request(OURS, IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2"))
        end.send(EthernetFrame(b"\xff" * 6, OURS, EtherType.ARP, question.emit()).emit())
        answer = ArpPacket.parse(EthernetFrame.parse(end.recv(2000)).payload)
        assert answer.operation == ArpOperation.REPLY
        program.signal(signal.SIGINT)
        assert program.wait() == 0, program.output
    for text in ("10.0.0.2/24 on unix:", "frames received", "ARP request, answered"):
        assert text in program.output


def test_long_packets_go_out_in_fragments_of_the_mtu(runtime: Path) -> None:
    with plugged(runtime, "--mtu", "576") as (_, end):
        end.recv(2000)
        us = HostEngine(OURS, OWN, clock=VirtualClock())
        for frame in us.ping("10.0.0.2", bytes(1000)):
            end.send(frame)
        for frame in us.receive(end.recv(2000)):
            end.send(frame)
        parts = [end.recv(2000), end.recv(2000)]
        assert all(len(part) <= 14 + 576 for part in parts)
        for part in parts:
            us.receive(part)
        assert [len(reply.payload) for reply in us.take_replies()] == [1000]


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("10.0.0.2", "has the length of its prefix behind it"),
        ("10.0.0.0/24", "is that of one host"),
        ("10.0.0.2/33", "not a valid netmask"),
        ("somewhere/24", "somewhere"),
    ],
)
def test_an_address_that_no_host_can_have(runtime: Path, address: str, problem: str) -> None:
    said = refusal(f"unix:{runtime}/a,{runtime}/b", "--address", address)
    assert "--address" in said
    assert problem in said
    assert not (runtime / "a").exists()


@pytest.mark.parametrize("port", ["tap", "tap:", "tap:a-name-that-is-too-long", "usb:0", "unix:/nowhere/a,/nowhere/b"])
def test_ports_that_cannot_be_opened(port: str) -> None:
    said = refusal(port, "--address", OTHER)
    assert said.startswith("asyncndis host: ")
    assert port.partition(",")[0] in said


def test_an_address_is_needed() -> None:
    assert "--address" in refusal("unix:a,b")
