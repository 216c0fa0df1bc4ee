"""What the words for a port mean: ``tap:NAME@NETNS,mtu=9000``, ``unix:OWN,PEER``, ``pcap:FILE,write`` and so on.

Text in, a description out; nothing is opened. Each mistake has a sentence that names it and the way out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from asyncndis.base import NdisStatus, check_instance

from .errors import PortError

__all__ = [
    "CaptureAddress",
    "DatagramAddress",
    "DescriptorAddress",
    "PortAddress",
    "StreamAddress",
    "TapAddress",
    "WireAddress",
    "parse_port",
]

KINDS = "tap:NAME, tap:NAME@NETNS, unix:OWN,PEER, stream:PATH, fd:N, pcap:FILE, pcap:FILE,write or wire:NAME"
_NAME_BYTES = 15
_PATH_BYTES = 107
_LEAST_MTU, _MOST_MTU = 68, 65535
_MOST_QUEUES = 256


@dataclass(frozen=True, slots=True)
class TapAddress:
    """A TAP device of the kernel.

    :ivar name: of the interface
    :ivar netns: the namespace that it is in, by name or path; None for this one
    :ivar mtu: the longest frame without header that it is to have, in bytes; None for what it has
    :ivar queues: descriptors to open; more than one for a multi-queue device
    :ivar persist: whether the interface stays when the program ends
    :ivar vnet: whether large packets and missing checksums may pass; None where that was not said
    """

    name: str
    netns: str | None = None
    mtu: int | None = None
    queues: int = 1
    persist: bool = False
    vnet: bool | None = None


@dataclass(frozen=True, slots=True)
class DatagramAddress:
    """A pair of Unix datagram sockets, one frame in each datagram; QEMU's ``-netdev dgram``.

    :ivar own: the path that frames come to
    :ivar peer: the path that frames go to
    """

    own: str
    peer: str


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """A Unix stream socket, each frame behind its length; QEMU's ``-netdev stream``.

    :ivar path: of the socket
    """

    path: str


@dataclass(frozen=True, slots=True)
class DescriptorAddress:
    """A descriptor that this process was given: of a TAP, or of a socket.

    :ivar number: of the descriptor
    """

    number: int


@dataclass(frozen=True, slots=True)
class CaptureAddress:
    """A capture file, whose frames come in; or one that is written, with what goes out.

    :ivar file: its path
    :ivar write: whether it is written
    """

    file: str
    write: bool = False


@dataclass(frozen=True, slots=True)
class WireAddress:
    """A wire in this process, which all ports of that name are attached to.

    :ivar name: of the wire
    """

    name: str


PortAddress: TypeAlias = TapAddress | DatagramAddress | StreamAddress | DescriptorAddress | CaptureAddress | WireAddress


def parse_port(text: str) -> PortAddress:
    """Understand the words for a port. IRQL: any.

    :param text: such as ``tap:left0@left,mtu=9000``
    :raises PortError: INVALID_DATA, with a sentence that says what is wrong
    """
    check_instance("a port", text, str)
    kind, colon, rest = text.partition(":")
    parser = _PARSERS.get(kind)
    if not colon or parser is None:
        raise _mistake(text, f"is no port; write {KINDS}")
    if not rest or "\0" in rest:
        raise _mistake(text, f"names nothing behind {kind}:; write {KINDS}")
    return parser(text, rest)


def _tap(text: str, rest: str) -> TapAddress:
    target, *words = rest.split(",")
    name, at, netns = target.partition("@")
    if not name or (at and not netns):
        raise _mistake(text, "lacks a name; write tap:NAME or tap:NAME@NETNS")
    if len(name.encode()) > _NAME_BYTES:
        raise _mistake(text, f"has a name of {len(name.encode())} bytes; the kernel takes {_NAME_BYTES}, shorten it")
    if name in (".", "..") or any(character.isspace() or character in "/:%" for character in name):
        raise _mistake(text, f"has a name that the kernel refuses: {name!r}; use letters and digits")
    options = _options(text, words, {"mtu": True, "queues": True, "persist": False, "vnet": False, "plain": False})
    if "vnet" in options and "plain" in options:
        raise _mistake(text, "is to be vnet and plain; leave one of the two out")
    return TapAddress(
        name,
        netns or None,
        _number(text, options, "mtu", _LEAST_MTU, _MOST_MTU),
        _number(text, options, "queues", 1, _MOST_QUEUES) or 1,
        "persist" in options,
        True if "vnet" in options else False if "plain" in options else None,
    )


def _datagram(text: str, rest: str) -> DatagramAddress:
    own, comma, peer = rest.partition(",")
    if not (own and comma and peer) or "," in peer:
        raise _mistake(text, "lacks one of its two paths; write unix:OWN,PEER")
    if own == peer:
        raise _mistake(text, "has one path for both ends; write unix:OWN,PEER with two")
    return DatagramAddress(_path(text, own), _path(text, peer))


def _stream(text: str, rest: str) -> StreamAddress:
    return StreamAddress(_path(text, rest))


def _descriptor(text: str, rest: str) -> DescriptorAddress:
    if not (rest.isascii() and rest.isdigit()):
        raise _mistake(text, "needs the number of a descriptor; write fd:N, as fd:3")
    return DescriptorAddress(int(rest))


def _capture(_text: str, rest: str) -> CaptureAddress:
    file, comma, word = rest.rpartition(",")
    if comma and word == "write" and file:
        return CaptureAddress(file, write=True)
    return CaptureAddress(rest)


def _wire(_text: str, rest: str) -> WireAddress:
    return WireAddress(rest)


_PARSERS: Mapping[str, Callable[[str, str], PortAddress]] = {
    "tap": _tap,
    "unix": _datagram,
    "stream": _stream,
    "fd": _descriptor,
    "pcap": _capture,
    "wire": _wire,
}


def _options(text: str, words: list[str], known: Mapping[str, bool]) -> dict[str, str]:
    """The options behind a target; ``known`` says of each whether it has a value."""
    options: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if key not in known:
            names = ", ".join(name + "=N" * has_value for name, has_value in known.items())
            raise _mistake(text, f"has an unknown option {word!r}; there are {names}")
        if bool(equals) is not known[key] or (equals and not value):
            raise _mistake(text, f"has {word!r}; write {key}{'=N' * known[key]}")
        options[key] = value
    return options


def _number(text: str, options: Mapping[str, str], key: str, least: int, most: int) -> int | None:
    value = options.get(key)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
        raise _mistake(text, f"has {key}={value}; give a number from {least} to {most}")
    return int(value)


def _path(text: str, path: str) -> str:
    if len(path.encode()) > _PATH_BYTES:
        raise _mistake(text, f"has a path of {len(path.encode())} bytes; a socket takes {_PATH_BYTES}, shorten it")
    return path


def _mistake(text: str, what: str) -> PortError:
    return PortError(f"{text!r} {what}", NdisStatus.INVALID_DATA)
