"""One packet descriptor (see packets.py)."""

from .descriptor import Descriptor

__all__ = ["Packet"]


class Packet(Descriptor):
    """A packet descriptor (NDIS_PACKET)."""

    __slots__ = ()
