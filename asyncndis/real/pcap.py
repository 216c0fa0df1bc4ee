"""Classic pcap: a 24-byte file header, then frames behind 16-byte headers (pcap-savefile(5)).

The first four bytes tell the byte order and whether times count micro- or nanoseconds. The snap length of the
header is not enforced, since tools write frames beyond it; ``max_frame`` is.
"""

from collections.abc import Iterator
from struct import Struct

from .container import Record, Source

__all__ = ["FILE_HEADER_SIZE", "PCAP_MAGIC", "VERSION", "read_pcap"]

PCAP_MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\xc3\xd4": (">", 1000),
    b"\x4d\x3c\xb2\xa1": ("<", 1),
    b"\xa1\xb2\x3c\x4d": (">", 1),
}
"""The first bytes of a file: its byte order, and how many nanoseconds the unit of its times has."""

FILE_HEADER_SIZE = 24
VERSION = (2, 4)
_RECORD_HEADER_SIZE = 16
_NS_PER_S = 1_000_000_000
_LINK_TYPE_MASK = 0xFFFF  # above it: the length of the frame check sequence


def read_pcap(source: Source) -> Iterator[Record]:
    """The records of a classic pcap file, of which ``source`` holds the first bytes."""
    order, unit_ns = PCAP_MAGIC[source.data[:4]]
    link_type = _read_link_type(source, order)
    yield source.opaque(FILE_HEADER_SIZE)
    unpack = Struct(order + "IIII").unpack_from
    while source.ensure(_RECORD_HEADER_SIZE):
        seconds, fraction, size, original_length = unpack(source.data, source.position)
        source.check_frame(size)
        source.ensure(_RECORD_HEADER_SIZE + size)
        timestamp_ns = seconds * _NS_PER_S + fraction * unit_ns
        yield source.packet(_RECORD_HEADER_SIZE, size, 0, timestamp_ns, original_length, link_type)


def _read_link_type(source: Source, order: str) -> int:
    source.ensure(FILE_HEADER_SIZE)
    major, minor, network = Struct(order + "4xHH12xI").unpack_from(source.data)
    if (major, minor) != VERSION:
        # Versions before 2.4 store the two lengths of a frame in another order.
        raise source.error(f"pcap version {major}.{minor} is not 2.4", "convert the file with editcap")
    return int(network) & _LINK_TYPE_MASK
