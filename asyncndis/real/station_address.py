"""The address of the station at this end of a port: made from what the port is called, the same in every run."""

from hashlib import blake2b

__all__ = ["station_address"]


def station_address(name: str) -> bytes:
    """Six bytes, administered locally, of no group. IRQL: any.

    :param name: of the port, with all that tells it from others
    """
    return b"\x02" + blake2b(name.encode(errors="surrogateescape"), digest_size=5).digest()
