"""The Internet checksum (RFC 1071): the complement of the ones' complement sum of 16-bit words."""

__all__ = ["internet_checksum"]


def internet_checksum(data: bytes) -> int:
    """The checksum of ``data``; 0 over bytes that hold their own, which is how one is verified. IRQL: any.

    :param data: any number of bytes; an odd one is filled up with a zero
    """
    number = int.from_bytes(data + b"\0" if len(data) % 2 else data, "big")
    if not number:
        return 0xFFFF
    # 2**16 is 1 modulo 0xFFFF, so the remainder of the whole number is that of the sum of its words; and a sum with
    # end-around carry is 0 only where all words are.
    return 0xFFFF - (number % 0xFFFF or 0xFFFF)
