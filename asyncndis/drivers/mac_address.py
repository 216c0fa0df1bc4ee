"""MAC addresses, as the six bytes that they are on the wire; ``address.hex(":")`` writes one out."""

__all__ = ["BROADCAST", "check_mac", "is_group"]

BROADCAST = b"\xff\xff\xff\xff\xff\xff"
"""The address of everybody on the wire."""


def check_mac(what: str, address: object) -> None:
    """Refuse what is no MAC address. IRQL: any.

    :param what: names the address in the message
    :raises TypeError: when it is not bytes
    :raises ValueError: when these are not six
    """
    if not isinstance(address, bytes):
        raise TypeError(f"{what} is a MAC address in bytes, not {type(address).__name__}")
    if len(address) != 6:
        raise ValueError(f"{what} is a MAC address of 6 bytes, not of {len(address)}")


def is_group(address: bytes) -> bool:
    """Whether an address means several stations, as multicast and broadcast do; nobody sends from one. IRQL: any."""
    return address[0] & 1 == 1
