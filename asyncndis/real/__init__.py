"""Floor 5: the outside world. Ports to TAPs, sockets and capture files; what kind of Ethernet frame is in these."""

from .capture import SAMPLE, CaptureReader, CaptureWriter, PcapWriter, open_capture
from .container import CaptureError, CaptureStatistics, Record
from .errors import PortError
from .ethernet import classify
from .opening import open_port
from .pcapng_writer import PcapngWriter
from .port_address import PortAddress, parse_port

__all__ = [
    "SAMPLE",
    "CaptureError",
    "CaptureReader",
    "CaptureStatistics",
    "CaptureWriter",
    "PcapWriter",
    "PcapngWriter",
    "PortAddress",
    "PortError",
    "Record",
    "classify",
    "open_capture",
    "open_port",
    "parse_port",
]
