"""What is in a capture file."""

from pathlib import Path

from asyncndis.real import open_capture

__all__ = ["frames_of"]


def frames_of(path: Path) -> list[bytes]:
    """The frames of a capture, in order."""
    with open_capture(path) as reader:
        return [bytes(record.frame) for record in reader if record.frame is not None]
