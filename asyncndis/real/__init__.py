"""Floor 5: the outside world. Capture files, and what kind of Ethernet frame is in them."""

from .capture import SAMPLE, CaptureReader, CaptureWriter, PcapWriter, open_capture
from .container import CaptureError, CaptureStatistics, Record
from .ethernet import classify

__all__ = [
    "SAMPLE",
    "CaptureError",
    "CaptureReader",
    "CaptureStatistics",
    "CaptureWriter",
    "PcapWriter",
    "Record",
    "classify",
    "open_capture",
]
