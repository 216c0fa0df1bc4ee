"""pcapng: blocks with their length at both ends, in sections that each choose their byte order.

Three kinds of block carry a frame (enhanced, simple, and the obsolete packet block). Of all others only the
section header and the interface description are looked into, for what a frame needs: byte order, link type,
snap length, unit and origin of the times. Everything else passes through as it is, known or not. The
declared length of a section is not used, since many writers leave it out.
"""

from collections.abc import Iterator
from fractions import Fraction
from struct import Struct
from typing import NamedTuple

from .container import Record, Source

__all__ = ["PCAPNG_MAGIC", "read_pcapng"]

PCAPNG_MAGIC = b"\x0a\x0d\x0d\x0a"
"""The type of a section header block, the same in both byte orders, hence the first bytes of a file."""

_SECTION = 0x0A0D0D0A
_INTERFACE = 1
_OBSOLETE = 2
_SIMPLE = 3
_ENHANCED = 6
_SHORTEST = {_SECTION: 28, _INTERFACE: 20, _OBSOLETE: 32, _SIMPLE: 16, _ENHANCED: 32}
_SHORTEST_BLOCK = 12
_TRAILER = 4
_PACKET_HEADER = 28
_SIMPLE_HEADER = 12
_BYTE_ORDER = {b"\x4d\x3c\x2b\x1a": "<", b"\x1a\x2b\x3c\x4d": ">"}
_MAX_INTERFACES = 65_536

_END_OF_OPTIONS = 0
_TIME_UNIT = 9
_TIME_ORIGIN = 14
_OPTION_FORMAT = {_TIME_UNIT: "B", _TIME_ORIGIN: "q"}
_MICROSECONDS = 6
_NS_PER_S = 1_000_000_000


class _Interface(NamedTuple):
    link_type: int
    snap_length: int
    ns_per_unit: tuple[int, int]
    origin_ns: int


class _Section:
    """A section: its byte order, and the interfaces described in it so far."""

    def __init__(self, order: str) -> None:
        self._order = order
        self._block = Struct(order + "II")
        self._trailer = Struct(order + "I")
        self._enhanced = Struct(order + "8xIIIII")
        self._obsolete = Struct(order + "8xHxxIIII")
        self._interfaces: list[_Interface] = []

    def read(self, source: Source) -> Record:
        """The record of the block at which ``source`` stands."""
        kind, size = self._block.unpack_from(source.data, source.position)
        self._check_block(source, kind, size)
        if kind == _ENHANCED:
            return self._packet(source, size, self._enhanced)
        if kind == _SIMPLE:
            return self._simple_packet(source, size)
        if kind == _OBSOLETE:
            return self._packet(source, size, self._obsolete)
        if kind == _INTERFACE:
            self._describe_interface(source, size)
        return source.opaque(size)

    def _check_block(self, source: Source, kind: int, size: int) -> None:
        shortest = _SHORTEST.get(kind, _SHORTEST_BLOCK)
        if size < shortest or size % 4:
            raise source.error(f"a block of type {kind:#x} says it has {size} bytes, not {shortest} or more by fours")
        if size > source.max_block:
            raise source.error(
                f"a block of {size} bytes is longer than max_block={source.max_block}",
                "raise the limit if that is right",
            )
        source.ensure(size)
        (trailer,) = self._trailer.unpack_from(source.data, source.position + size - _TRAILER)
        if trailer != size:
            raise source.error(f"a block says {size} bytes at its beginning and {trailer} at its end")

    def _packet(self, source: Source, size: int, header: Struct) -> Record:
        number, high, low, captured, original_length = header.unpack_from(source.data, source.position)
        interface = self._interface(source, number)
        suffix = _check_fit(source, size, _PACKET_HEADER, captured)
        multiply, divide = interface.ns_per_unit
        timestamp_ns = (high << 32 | low) * multiply // divide + interface.origin_ns
        return source.packet(_PACKET_HEADER, captured, suffix, timestamp_ns, original_length, interface.link_type)

    def _simple_packet(self, source: Source, size: int) -> Record:
        (original_length,) = self._trailer.unpack_from(source.data, source.position + 8)
        interface = self._interface(source, 0)
        # Such a block has no captured length: it follows from the snap length, where 0 means no limit.
        captured = min(original_length, interface.snap_length or original_length)
        suffix = _check_fit(source, size, _SIMPLE_HEADER, captured)
        return source.packet(_SIMPLE_HEADER, captured, suffix, None, original_length, interface.link_type)

    def _interface(self, source: Source, number: int) -> _Interface:
        try:
            return self._interfaces[number]
        except IndexError:
            known = len(self._interfaces)
            raise source.error(f"a frame names interface {number}, the section has {known} so far") from None

    def _describe_interface(self, source: Source, size: int) -> None:
        if len(self._interfaces) == _MAX_INTERFACES:
            raise source.error(f"the section describes more than {_MAX_INTERFACES} interfaces")
        at = source.position
        link_type, snap_length = Struct(self._order + "8xHxxI").unpack_from(source.data, at)
        options = self._read_time_options(source, at + 16, at + size - _TRAILER)
        unit = options.get(_TIME_UNIT, _MICROSECONDS)
        ns = Fraction(_NS_PER_S, (2 if unit & 0x80 else 10) ** (unit & 0x7F))
        origin_ns = options.get(_TIME_ORIGIN, 0) * _NS_PER_S
        self._interfaces.append(_Interface(link_type, snap_length, ns.as_integer_ratio(), origin_ns))

    def _read_time_options(self, source: Source, at: int, end: int) -> dict[int, int]:
        head = Struct(self._order + "HH")
        found: dict[int, int] = {}
        while at < end:
            code, size = head.unpack_from(source.data, at)
            value = at + head.size
            if code == _END_OF_OPTIONS:
                break
            if value + size > end:
                raise source.error(
                    f"option {code} of an interface has {size} bytes, {end - value} are left in its block"
                )
            if code in _OPTION_FORMAT:
                layout = Struct(self._order + _OPTION_FORMAT[code])
                if size != layout.size:
                    raise source.error(f"option {code} of an interface has {size} bytes, not {layout.size}")
                (found[code],) = layout.unpack_from(source.data, value)
            at = value + (size + 3 & ~3)  # padded to fours
        return found


def read_pcapng(source: Source) -> Iterator[Record]:
    """The records of a pcapng file, of which ``source`` holds the first bytes."""
    section = _Section("<")  # replaced at once: a file begins with a section header
    while source.ensure(_SHORTEST_BLOCK):
        if source.data.startswith(PCAPNG_MAGIC, source.position):
            section = _open_section(source)
        yield section.read(source)


def _open_section(source: Source) -> _Section:
    at = source.position + 8
    order = _BYTE_ORDER.get(source.data[at : at + 4])
    if order is None:
        raise source.error(f"{source.data[at : at + 4].hex()} in a section header is not a byte order")
    source.ensure(_SHORTEST[_SECTION])
    (major,) = Struct(order + "12xH").unpack_from(source.data, source.position)
    if major != 1:
        raise source.error(f"pcapng version {major} is not 1", "convert the file with editcap")
    return _Section(order)


def _check_fit(source: Source, size: int, header: int, captured: int) -> int:
    """How many bytes follow the frame in a block of ``size`` bytes."""
    source.check_frame(captured)
    if header + captured + _TRAILER > size:
        raise source.error(f"a frame of {captured} bytes does not fit into its block of {size} bytes")
    return size - header - captured
