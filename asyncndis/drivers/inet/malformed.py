"""What parsing raises when bytes are not what they claim to be."""

__all__ = ["MalformedPacket"]


class MalformedPacket(ValueError):
    """Bytes from the wire that are cut off, contradict themselves, or fail their checksum."""
