"""Names, addresses and ports of the network in memory: nothing is asked of the machine.

``localhost`` is 127.0.0.1, a number is itself, and any other name is a host of its own: names get 10.0.0.1, 10.0.0.2
and so on as they are first used, for servers that listen on them and clients that look for them alike.
Ports that a program leaves open (port 0) count up from 49152.
"""

import socket
from ipaddress import IPv6Address, ip_address
from itertools import count
from typing import Any, NamedTuple

__all__ = ["ANY", "Address", "AddressBook", "Resolved", "address_text", "place_of", "source_of"]

Address = tuple[str, int] | tuple[str, int, int, int] | str
"""Of IPv4, of IPv6, or the path of a Unix socket."""

ANY = {socket.AF_INET: "0.0.0.0", socket.AF_INET6: "::"}  # noqa: S104 - nothing is bound outside the memory
_LOCALHOST = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}
_PROTOCOLS = {socket.SOCK_STREAM: socket.IPPROTO_TCP, socket.SOCK_DGRAM: socket.IPPROTO_UDP}
_FIRST_OPEN_PORT = 49_152


class Resolved(NamedTuple):
    """One answer to a question for a name, as ``getaddrinfo`` gives it."""

    family: socket.AddressFamily
    type: socket.SocketKind
    proto: int
    canonical_name: str
    address: Address


class AddressBook:
    """What the hosts of one run are called, and which port is next."""

    def __init__(self) -> None:
        self._hosts: dict[str, str] = {}
        self._ports = count(_FIRST_OPEN_PORT)

    def next_port(self) -> int:
        """A port that nobody has."""
        return next(self._ports)

    def resolve(
        self, host: str | bytes | None, port: str | bytes | int | None, family: int = 0, kind: int = 0, flags: int = 0
    ) -> list[Resolved]:
        """All addresses of a name.

        :param host: a name or a number; None for this host, or for all its interfaces with the flag AI_PASSIVE
        :param port: a number, also in digits; None is 0
        :param family: AF_INET or AF_INET6; 0 for any
        :param kind: SOCK_STREAM or SOCK_DGRAM; 0 for both
        :param flags: flags of ``getaddrinfo``
        :returns: addresses as ``getaddrinfo`` gives them
        :raises OSError: as ``socket.gaierror``, if the host has no address of the family, or the port is no number
        """
        number = _number_of(port)
        kinds = [each for each in _PROTOCOLS if kind in {0, each}]
        name = host.decode() if isinstance(host, bytes) else host
        answers = [
            Resolved(of, each, _PROTOCOLS[each], "", (ip, number, 0, 0) if of is socket.AF_INET6 else (ip, number))
            for of, ip in self._interfaces(name, flags)
            for each in kinds
            if family in {0, of}
        ]
        if not answers:
            raise socket.gaierror(socket.EAI_NONAME, f"{name} has no address of this family in the network in memory")
        return answers

    def _interfaces(self, host: str | None, flags: int) -> list[tuple[socket.AddressFamily, str]]:
        if not host:
            return list((ANY if flags & socket.AI_PASSIVE else _LOCALHOST).items())
        if host == "localhost":
            return [(socket.AF_INET, _LOCALHOST[socket.AF_INET])]
        try:
            number = ip_address(host.partition("%")[0])
        except ValueError:
            ip = self._hosts.setdefault(host, f"10.0.{(len(self._hosts) + 1) // 256}.{(len(self._hosts) + 1) % 256}")
            return [(socket.AF_INET, ip)]
        return [(socket.AF_INET6 if isinstance(number, IPv6Address) else socket.AF_INET, str(number))]

    def name_of(self, ip: str) -> str:
        """What a host is called; its number if it has no name."""
        named = {address: host for host, address in self._hosts.items()}
        return "localhost" if ip in _LOCALHOST.values() else named.get(ip, ip)


def _number_of(port: str | bytes | int | None) -> int:
    try:
        return int(port or 0)
    except ValueError:
        raise socket.gaierror(socket.EAI_SERVICE, f"{port!r} is no port: give its number") from None


def source_of(address: Any) -> Address:
    """The address that others see of an end bound to this one."""
    if address[0] in ANY.values():
        family = socket.AF_INET6 if address[0] == ANY[socket.AF_INET6] else socket.AF_INET
        return (_LOCALHOST[family], *address[1:])
    found: Address = address
    return found


def place_of(address: Address) -> str:
    """An address as reports show it."""
    return address if isinstance(address, str) else f"{address[0]}:{address[1]}"


def address_text(address: Any) -> str:
    """An address as errors show it."""
    return repr(address) if isinstance(address, str) else repr(tuple(address[:2]))
