"""The words for a port: what they mean, and what is wrong with them."""

import pytest

from asyncndis.real import PortError, parse_port
from asyncndis.real.port_address import (
    CaptureAddress,
    DatagramAddress,
    DescriptorAddress,
    PortAddress,
    StreamAddress,
    TapAddress,
    WireAddress,
)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("tap:t0", TapAddress("t0")),
        ("tap:t0@left", TapAddress("t0", "left")),
        ("tap:t0@/proc/1/ns/net", TapAddress("t0", "/proc/1/ns/net")),
        ("tap:t0@left,mtu=9000,queues=2,persist", TapAddress("t0", "left", 9000, 2, persist=True)),
        ("tap:t0,vnet", TapAddress("t0", vnet=True)),
        ("tap:t0,plain", TapAddress("t0", vnet=False)),
        ("tap:exactly15bytes_", TapAddress("exactly15bytes_")),
        ("unix:/run/a,/run/b", DatagramAddress("/run/a", "/run/b")),
        ("stream:/run/guest", StreamAddress("/run/guest")),
        ("fd:3", DescriptorAddress(3)),
        ("pcap:file.pcap", CaptureAddress("file.pcap")),
        ("pcap:file.pcap,write", CaptureAddress("file.pcap", write=True)),
        ("pcap:with,comma.pcap", CaptureAddress("with,comma.pcap")),
        ("wire:middle", WireAddress("middle")),
    ],
)
def test_words_and_what_they_mean(text: str, address: PortAddress) -> None:
    assert parse_port(text) == address


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is no port; write tap:NAME"),
        ("t0", "is no port"),
        ("tun:t0", "is no port"),
        ("tap:", "names nothing behind tap:"),
        ("tap:@left", "lacks a name"),
        ("tap:t0@", "lacks a name"),
        ("tap:sixteen_bytes_ab", "has a name of 16 bytes; the kernel takes 15, shorten it"),
        ("tap:äöüäöüäö", "has a name of 16 bytes"),
        ("tap:a/b", "a name that the kernel refuses: 'a/b'"),
        ("tap:..", "a name that the kernel refuses"),
        ("tap:t%d", "a name that the kernel refuses"),
        ("tap:t0,mtu", "has 'mtu'; write mtu=N"),
        ("tap:t0,mtu=", "has 'mtu='; write mtu=N"),
        ("tap:t0,mtu=67", "has mtu=67; give a number from 68 to 65535"),
        ("tap:t0,mtu=65536", "has mtu=65536"),
        ("tap:t0,queues=0", "has queues=0; give a number from 1 to 256"),
        ("tap:t0,persist=1", "has 'persist=1'; write persist"),
        ("tap:t0,vnet,plain", "is to be vnet and plain; leave one of the two out"),
        ("tap:t0,fast", "has an unknown option 'fast'; there are mtu=N, queues=N, persist"),
        ("unix:/run/a", "lacks one of its two paths; write unix:OWN,PEER"),
        ("unix:/run/a,", "lacks one of its two paths"),
        ("unix:/run/a,/run/b,/run/c", "lacks one of its two paths"),
        ("unix:/run/a,/run/a", "has one path for both ends"),
        ("unix:/run/a,/" + "b" * 107, "has a path of 108 bytes; a socket takes 107"),
        ("stream:" + "s" * 108, "has a path of 108 bytes"),
        ("fd:three", "needs the number of a descriptor"),
        ("fd:-1", "needs the number of a descriptor"),
        ("pcap:", "names nothing behind pcap:"),
        ("wire:", "names nothing behind wire:"),
        ("stream:a\0b", "names nothing behind stream:"),
    ],
)
def test_a_mistake_has_one_sentence(text: str, complaint: str) -> None:
    with pytest.raises(PortError) as caught:
        parse_port(text)
    assert complaint in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_text() -> None:
    with pytest.raises(TypeError, match="a port is"):
        parse_port(3)  # type: ignore[arg-type]  # the point is to find out
