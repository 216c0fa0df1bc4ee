"""What is wrong with a port, in a sentence that says what to do."""

from asyncndis.base import NdisError, NdisStatus

__all__ = ["PortError"]


class PortError(NdisError):
    """A port cannot be opened, or its device has gone; the message says what to do."""

    default_status = NdisStatus.OPEN_FAILED
