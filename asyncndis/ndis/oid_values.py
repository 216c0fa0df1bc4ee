"""How the values of OIDs travel: one codec for each form that an information buffer takes.

Encoding is the caller's doing, so a wrong value is a TypeError or ValueError; decoding judges what another driver
filled in, so it answers as NDIS does: INVALID_LENGTH, or INVALID_DATA. Numbers are little-endian. Source: the pages of
the OIDs.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from asyncndis.base import NdisError, NdisStatus, check_instance, check_integer

from .filters import check_address
from .media import PowerState

__all__ = [
    "Addresses",
    "Array",
    "Codec",
    "Counter",
    "EthernetAddress",
    "LinkSpeed",
    "Number",
    "PnpCapabilities",
    "PowerCapabilities",
    "Raw",
    "Text",
    "Version",
]

_WORD = 4
_ADDRESS = 6
_BITS_PER_UNIT = 100


class Codec(Protocol):
    """Turns a value into the bytes of an information buffer and back; ``what`` is the OID's name, for messages."""

    def encode(self, what: str, value: Any) -> bytes:
        """The bytes of ``value``.

        :raises TypeError: when it is of the wrong kind
        :raises ValueError: when it does not fit
        """
        ...

    def decode(self, what: str, data: bytes) -> Any:
        """The value of ``data``.

        :raises NdisError: INVALID_LENGTH, or INVALID_DATA
        """
        ...


@dataclass(frozen=True, slots=True)
class Number:
    """An unsigned number of 32 bits, or what is made of one.

    :ivar kind: makes the value of the number: ``int``, an enumeration, a set of flags
    """

    kind: Callable[[int], int] = int

    def encode(self, what: str, value: int) -> bytes:
        """See :class:`Codec`."""
        check_integer(what, value)
        return int(self.kind(value)).to_bytes(_WORD, "little")

    def decode(self, what: str, data: bytes) -> int:
        """See :class:`Codec`."""
        _check_length(what, data, _WORD)
        number = int.from_bytes(data, "little")
        try:
            return self.kind(number)
        except ValueError as error:
            raise NdisError(f"{what} holds {number:#x}: {error}", NdisStatus.INVALID_DATA) from None


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter that only grows: cut to the width that was asked for, as a register of that width is.

    :ivar widths: the lengths that it may have, in bytes, ascending
    """

    widths: tuple[int, ...] = (4, 8)

    def encode(self, what: str, value: int, room: int | None = None) -> bytes:
        """See :class:`Codec`.

        :param room: bytes of the buffer; the widest form that fits in is taken. None for the widest of all
        :raises NdisError: INVALID_LENGTH, when not even the shortest fits
        """
        check_integer(what, value, 0, 0xFFFF_FFFF_FFFF_FFFF)
        fitting = [width for width in self.widths if room is None or width <= room]
        if not fitting:
            raise NdisError(f"{what} is {self.widths[0]} bytes at least, not {room}", NdisStatus.INVALID_LENGTH)
        return value.to_bytes(8, "little")[: fitting[-1]]

    def decode(self, what: str, data: bytes) -> int:
        """See :class:`Codec`."""
        _check_length(what, data, *self.widths)
        return int.from_bytes(data, "little")


@dataclass(frozen=True, slots=True)
class LinkSpeed:
    """A speed: bit/s in Python, units of 100 bit/s in the buffer."""

    def encode(self, what: str, value: int) -> bytes:
        """See :class:`Codec`."""
        check_integer(what, value, 0, 0xFFFF_FFFF * _BITS_PER_UNIT)
        units, rest = divmod(value, _BITS_PER_UNIT)
        if rest:
            raise ValueError(f"{what} is told in units of {_BITS_PER_UNIT} bit/s, and {value} is no multiple of that")
        return units.to_bytes(_WORD, "little")

    def decode(self, what: str, data: bytes) -> int:
        """See :class:`Codec`."""
        _check_length(what, data, _WORD)
        return int.from_bytes(data, "little") * _BITS_PER_UNIT


@dataclass(frozen=True, slots=True)
class Version:
    """A version as (major, minor): one byte each, in a USHORT."""

    def encode(self, what: str, value: tuple[int, int]) -> bytes:
        """See :class:`Codec`."""
        check_instance(what, value, tuple)
        if len(value) != 2:
            raise ValueError(f"{what} is a pair of major and minor number, not {value!r}")
        major, minor = value
        check_integer(f"the major number of {what}", major, 0, 0xFF)
        check_integer(f"the minor number of {what}", minor, 0, 0xFF)
        return bytes((minor, major))

    def decode(self, what: str, data: bytes) -> tuple[int, int]:
        """See :class:`Codec`."""
        _check_length(what, data, 2)
        return data[1], data[0]


@dataclass(frozen=True, slots=True)
class Array:
    """Numbers one after the other, as many as there are.

    :ivar item: the form of one
    """

    item: Number = field(default_factory=Number)

    def encode(self, what: str, value: tuple[int, ...]) -> bytes:
        """See :class:`Codec`."""
        return b"".join(self.item.encode(what, number) for number in value)

    def decode(self, what: str, data: bytes) -> tuple[int, ...]:
        """See :class:`Codec`."""
        return tuple(self.item.decode(what, part) for part in _cut(what, data, _WORD))


@dataclass(frozen=True, slots=True)
class Text:
    """ASCII text, ended by a zero."""

    def encode(self, what: str, value: str) -> bytes:
        """See :class:`Codec`."""
        check_instance(what, value, str)
        if not value.isascii() or "\0" in value:
            raise ValueError(f"{what} is ASCII text without a zero, not {value!r}")
        return value.encode("ascii") + b"\0"

    def decode(self, what: str, data: bytes) -> str:
        """See :class:`Codec`. What follows the zero is not looked at."""
        text, end, _ = data.partition(b"\0")
        if not end or not text.isascii():
            raise NdisError(f"{what} is ASCII text ended by a zero, not {data!r}", NdisStatus.INVALID_DATA)
        return text.decode("ascii")


@dataclass(frozen=True, slots=True)
class EthernetAddress:
    """One Ethernet address, as six bytes."""

    def encode(self, what: str, value: bytes) -> bytes:
        """See :class:`Codec`."""
        return check_address(what, value)

    def decode(self, what: str, data: bytes) -> bytes:
        """See :class:`Codec`."""
        _check_length(what, data, _ADDRESS)
        return data


@dataclass(frozen=True, slots=True)
class Addresses:
    """Multicast addresses one after the other (OID-09)."""

    def encode(self, what: str, value: tuple[bytes, ...]) -> bytes:
        """See :class:`Codec`."""
        return b"".join(check_address(f"an address of {what}", address) for address in value)

    def decode(self, what: str, data: bytes) -> tuple[bytes, ...]:
        """See :class:`Codec`. The address of one station among them is INVALID_DATA."""
        addresses = tuple(_cut(what, data, _ADDRESS))
        for address in addresses:
            if not address[0] & 1:
                raise NdisError(
                    f"{what} holds {address.hex(':')}, which is no multicast address", NdisStatus.INVALID_DATA
                )
        return addresses


@dataclass(frozen=True, slots=True)
class PnpCapabilities:
    """What wakes the system up (NDIS_PNP_CAPABILITIES): the deepest sleep from which it does, UNSPECIFIED for never.

    :ivar magic_packet: a magic packet
    :ivar pattern: a frame with a pattern that was added
    :ivar link_change: a link that comes up
    :ivar flags: reserved to NDIS
    """

    magic_packet: PowerState = PowerState.UNSPECIFIED
    pattern: PowerState = PowerState.UNSPECIFIED
    link_change: PowerState = PowerState.UNSPECIFIED
    flags: int = 0


@dataclass(frozen=True, slots=True)
class PowerCapabilities:
    """Four numbers: the flags, and the deepest sleep for each cause."""

    def encode(self, what: str, value: PnpCapabilities) -> bytes:
        """See :class:`Codec`."""
        check_instance(what, value, PnpCapabilities)
        flags = Number().encode(what, value.flags)
        return flags + _SLEEPS.encode(what, (value.magic_packet, value.pattern, value.link_change))

    def decode(self, what: str, data: bytes) -> PnpCapabilities:
        """See :class:`Codec`."""
        _check_length(what, data, 4 * _WORD)
        flags = Number().decode(what, data[:_WORD])
        magic_packet, pattern, link_change = map(PowerState, _SLEEPS.decode(what, data[_WORD:]))
        return PnpCapabilities(magic_packet, pattern, link_change, flags)


_SLEEPS = Array(Number(PowerState))


@dataclass(frozen=True, slots=True)
class Raw:
    """A structure, as its bytes."""

    def encode(self, what: str, value: bytes) -> bytes:
        """See :class:`Codec`."""
        check_instance(what, value, bytes)
        return value

    def decode(self, what: str, data: bytes) -> bytes:
        """See :class:`Codec`."""
        return data


def _check_length(what: str, data: bytes, *lengths: int) -> None:
    if len(data) not in lengths:
        due = " or ".join(map(str, lengths))
        raise NdisError(f"{what} is {due} bytes, not {len(data)}", NdisStatus.INVALID_LENGTH)


def _cut(what: str, data: bytes, length: int) -> list[bytes]:
    if len(data) % length:
        raise NdisError(f"{what} is a multiple of {length} bytes, not {len(data)}", NdisStatus.INVALID_LENGTH)
    return [data[start : start + length] for start in range(0, len(data), length)]
