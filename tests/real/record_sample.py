"""Records the sample capture: two Linux network stacks on one cable, and the cable writes down what passes.

Client and server are network namespaces made here and removed at the end; nothing leaves them. Each has two
TAP devices: ``eth0`` on the cable, and ``vlan10`` behind a switch port that tags its frames for the cable,
while the switch at the other end takes the tag off. TAP devices offer no offloads, so every checksum is
computed and no frame is longer than the MTU. Needs root and the tools below. Run it from the root of the
repository:

    python -m tests.real.record_sample asyncndis/real/data/sample.pcap
"""

import os
import selectors
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from fcntl import ioctl
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from asyncndis.real import PcapWriter

TOOLS = ("ip", "dnsmasq", "udhcpc", "ping", "curl", "busybox")

TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
MAX_FRAME = 2048
TAGS = {"eth0": b"", "vlan10": b"\x81\x00\x00\x0a"}
PATIENCE_S = 30

CLIENT_SETUP = """
link set lo up
link set eth0 address 02:00:00:00:00:01 up
link set vlan10 address 02:00:00:00:01:01 up
addr add 2001:db8::2/64 dev eth0 nodad
addr add 198.51.100.2/24 dev vlan10
addr add 2001:db8:10::2/64 dev vlan10 nodad
"""
SERVER_SETUP = """
link set lo up
link set eth0 address 02:00:00:00:00:02 up
link set vlan10 address 02:00:00:00:01:02 up
addr add 192.0.2.1/24 dev eth0
addr add 2001:db8::1/64 dev eth0 nodad
addr add 198.51.100.1/24 dev vlan10
addr add 2001:db8:10::1/64 dev vlan10 nodad
"""
DNSMASQ = """
dnsmasq --keep-in-foreground --conf-file=/dev/null --log-facility=- --user=root --pid-file
--dhcp-leasefile=leases --no-resolv --no-hosts --no-ping --interface=eth0 --bind-interfaces
--dhcp-range=192.0.2.100,192.0.2.150 --address=/web.example/192.0.2.1 --address=/web.example/2001:db8::1
"""
DHCP_SCRIPT = '#!/bin/sh\n[ "$1" != bound ] || ip address add "$ip/24" dev "$interface"\n'

UDP_ECHO = """
import socket
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
    server.bind(("::", 7))
    print("ready", flush=True)
    while True:
        server.sendto(*server.recvfrom(65536))
"""
UDP_CALL = """
import socket, sys
family, address = socket.getaddrinfo(sys.argv[1], 7, type=socket.SOCK_DGRAM)[0][::4]
with socket.socket(family, socket.SOCK_DGRAM) as client:
    client.settimeout(10)
    for size in (0, 1, 17, 18, 100, 576, 1000, 1400, 4000):
        client.sendto(bytes(n % 251 for n in range(size)), address)
        assert len(client.recv(65536)) == size
"""
MULTICAST = """
import socket
QUESTION = bytes(5) + b"\\1" + bytes(6) + b"\\5_http\\4_tcp\\5local\\0\\0\\x0c\\0\\1"
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
    packed = socket.inet_aton
    interface = packed("198.51.100.2")
    caller.bind(("", 5353))
    caller.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
    caller.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    caller.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, packed("224.0.0.251") + interface)
    caller.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, packed("233.252.0.1") + interface)
    caller.sendto(QUESTION, ("224.0.0.251", 5353))
    caller.recv(65536)
"""


class Cable(threading.Thread):
    """Joins pairs of TAP devices, and records the frames as they are between the two switches."""

    def __init__(self, path: Path) -> None:
        super().__init__(name="cable")
        self._writer = PcapWriter(path)
        self._ports = selectors.DefaultSelector()
        self._wakened, self._waker = os.pipe()
        self._ports.register(self._wakened, selectors.EVENT_READ)

    def connect(self, one: int, other: int, tag: bytes) -> None:
        """Let frames pass between two TAP descriptors, with ``tag`` in them on the way."""
        self._ports.register(one, selectors.EVENT_READ, (other, tag))
        self._ports.register(other, selectors.EVENT_READ, (one, tag))

    def run(self) -> None:
        while True:
            for key, _ in self._ports.select():
                if key.fd == self._wakened:
                    return
                self._pass_on(key.fd, *key.data)

    def _pass_on(self, port: int, other: int, tag: bytes) -> None:
        frame = os.read(port, MAX_FRAME)
        self._writer.write(frame[:12] + tag + frame[12:], time.time_ns())
        os.write(other, frame)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._waker, b"x")
        self.join()
        self._ports.close()
        self._writer.close()
        os.close(self._waker)
        os.close(self._wakened)


class Host:
    """A network namespace."""

    def __init__(self, name: str, folder: Path) -> None:
        self._inside = ("ip", "netns", "exec", name)
        self._name = name
        self._folder = folder

    def run(self, *command: str) -> None:
        """Run a command to its end; a failure raises with its output."""
        done = subprocess.run(
            [*self._inside, *command],
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} in {self._name} failed: {done.stdout}")

    def set_up(self, commands: str) -> None:
        """Configure the network, one line for each call of ``ip``."""
        for line in commands.strip().splitlines():
            self.run("ip", *line.split())

    @contextmanager
    def service(self, *command: str, ready: str) -> Generator[None]:
        """Run a server in the background, from the moment it has printed ``ready``."""
        process = subprocess.Popen(
            [*self._inside, *command],
            cwd=self._folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with process:
            try:
                output = process.stdout or ()
                if not any(ready in line for line in output):
                    raise RuntimeError(f"{command[0]} in {self._name} ended before it was ready")
                yield
            finally:
                process.terminate()

    def open_tap(self, device: str) -> int:
        """Make a TAP device and move it here, where it is called ``device``."""
        descriptor = os.open("/dev/net/tun", os.O_RDWR)
        name = ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", b"", IFF_TAP | IFF_NO_PI))[:16]
        outside = name.rstrip(b"\0").decode()
        subprocess.run(["ip", "link", "set", outside, "netns", self._name, "name", device], check=True)
        return descriptor


@contextmanager
def open_host(role: str, folder: Path) -> Generator[Host]:
    """A namespace that is removed at the end of the block."""
    name = f"sample-{os.getpid()}-{role}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        yield Host(name, folder)
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def talk(client: Host, server: Host, script: Path) -> None:
    """The traffic: each line is a conversation that has ended before the next begins."""
    client.run("udhcpc", "-f", "-q", "-n", "-i", "eth0", "-s", str(script))
    client.run("busybox", "nslookup", "web.example", "192.0.2.1")
    for address in ("192.0.2.1", "2001:db8::1", "198.51.100.1", "2001:db8:10::1"):
        url = f"http://[{address}]/" if ":" in address else f"http://{address}/"
        client.run("ping", "-c", "5", "-i", "0.2", address)
        client.run("ping", "-c", "2", "-i", "0.2", "-s", "3000", address)
        client.run("curl", "--fail", "--silent", url, "--output", "page")
        client.run(sys.executable, "-c", UDP_CALL, address)
    client.run("ip", "neigh", "flush", "all")
    server.run("ping", "-c", "3", "-i", "0.2", "198.51.100.2")
    client.run(sys.executable, "-c", MULTICAST)
    client.run("ping", "-c", "3", "-i", "0.2", "192.0.2.1")


def record_sample(path: Path) -> None:
    """Record the whole conversation into ``path``."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        site = folder / "site"
        site.mkdir()
        (site / "index.html").write_text("".join(f"<p>This is line {n} of the page.\n" for n in range(400)))
        script = folder / "dhcp-script"
        script.write_text(DHCP_SCRIPT)
        script.chmod(0o755)
        client = stack.enter_context(open_host("client", folder))
        server = stack.enter_context(open_host("server", folder))
        cable = Cable(path)
        for device, tag in TAGS.items():
            one, other = client.open_tap(device), server.open_tap(device)
            stack.callback(os.close, one)
            stack.callback(os.close, other)
            cable.connect(one, other, tag)
        server.set_up(SERVER_SETUP)
        client.set_up(CLIENT_SETUP)
        stack.enter_context(cable)
        stack.enter_context(server.service(*DNSMASQ.split(), ready="started"))
        web = (sys.executable, "-u", "-m", "http.server", "--bind", "::", "--directory", str(site), "80")
        stack.enter_context(server.service(*web, ready="Serving"))
        stack.enter_context(server.service(sys.executable, "-c", UDP_ECHO, ready="ready"))
        talk(client, server, script)


if __name__ == "__main__":
    record_sample(Path(sys.argv[1]))
