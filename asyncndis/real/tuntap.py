"""The ioctls of /dev/net/tun. Source: include/uapi/linux/if_tun.h, if.h, and the tuntap documentation."""

import errno
import fcntl
from struct import Struct

from asyncndis.nic.offload import HEADER_BYTES

__all__ = [
    "attach",
    "can_have_headers",
    "has_headers",
    "is_tap",
    "name_of",
    "namespace_of",
    "set_offloads",
    "set_persistent",
]

_SET_INTERFACE = 0x400454CA  # TUNSETIFF
_SET_PERSIST = 0x400454CB  # TUNSETPERSIST
_GET_INTERFACE = 0x800454D2  # TUNGETIFF
_GET_NAMESPACE = 0x54E3  # TUNGETDEVNETNS
_TAP = 0x0002
_NO_PACKET_INFORMATION = 0x1000
_MULTI_QUEUE = 0x0100
_HEADERS = 0x4000  # IFF_VNET_HDR
_GET_FEATURES = 0x800454CF  # TUNGETFEATURES
_SET_OFFLOADS = 0x400454D0  # TUNSETOFFLOAD
_SET_HEADER_BYTES = 0x400454D8  # TUNSETVNETHDRSZ
_CHECKSUMS, _TCP_SEGMENTS, _UDP_SEGMENTS = 0x01, 0x0E, 0x60  # of IPv4 and IPv6 both, with CWR
_REQUEST = Struct("16sH22x")
_NUMBER = Struct("i")


def attach(descriptor: int, name: str, *, many_queues: bool = False, headers: bool = False) -> None:
    """Let an open /dev/net/tun be a queue of an interface, which is made if need be. IRQL: PASSIVE.

    What an earlier program has wanted to be left undone is done again.

    :param many_queues: whether the interface is to have several; one that has them already is opened all the same
    :param headers: whether an offload header stands in front of every frame
    :raises OSError: EBUSY, EPERM, EINVAL, as the kernel says
    """
    flags = _TAP | _NO_PACKET_INFORMATION | (_HEADERS if headers else 0)
    kinds = (flags | _MULTI_QUEUE,) if many_queues else (flags, flags | _MULTI_QUEUE)
    for kind in kinds:
        try:
            fcntl.ioctl(descriptor, _SET_INTERFACE, _REQUEST.pack(name.encode(), kind))
        except OSError as error:
            if error.errno != errno.EINVAL or kind is kinds[-1]:
                raise
        else:
            set_offloads(descriptor, False)
            return


def set_persistent(descriptor: int) -> None:
    """Let the interface stay when nobody has it open. IRQL: PASSIVE.

    :raises OSError: EPERM
    """
    fcntl.ioctl(descriptor, _SET_PERSIST, 1)


def can_have_headers(descriptor: int) -> bool:
    """Whether the TAPs of this kernel can have offload headers, asked of an open /dev/net/tun. IRQL: PASSIVE."""
    features: int = _NUMBER.unpack(fcntl.ioctl(descriptor, _GET_FEATURES, bytes(_NUMBER.size)))[0]
    return bool(features & _HEADERS)


def has_headers(descriptor: int) -> bool:
    """Whether an offload header stands in front of every frame of a TAP, which then has ten bytes. IRQL: PASSIVE."""
    flags: int = _REQUEST.unpack(fcntl.ioctl(descriptor, _GET_INTERFACE, bytes(_REQUEST.size)))[1]
    if not flags & _HEADERS:
        return False
    fcntl.ioctl(descriptor, _SET_HEADER_BYTES, _NUMBER.pack(HEADER_BYTES))
    return True


def set_offloads(descriptor: int, wanted: bool) -> None:
    """Choose whether the kernel gives us packets that are large, or lack their checksum. IRQL: any.

    UDP is segmented by kernels from 6.2 on.

    :raises OSError: when the interface is gone
    """
    try:
        fcntl.ioctl(descriptor, _SET_OFFLOADS, _CHECKSUMS | _TCP_SEGMENTS | _UDP_SEGMENTS if wanted else 0)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        fcntl.ioctl(descriptor, _SET_OFFLOADS, _CHECKSUMS | _TCP_SEGMENTS)


def is_tap(descriptor: int) -> bool:
    """Whether a descriptor is the queue of a TAP. IRQL: PASSIVE."""
    try:
        return bool(_REQUEST.unpack(fcntl.ioctl(descriptor, _GET_INTERFACE, bytes(_REQUEST.size)))[1] & _TAP)
    except OSError:
        return False


def name_of(descriptor: int) -> str:
    """What the interface is called now. IRQL: any.

    :raises OSError: when it was deleted
    """
    name: bytes = _REQUEST.unpack(fcntl.ioctl(descriptor, _GET_INTERFACE, bytes(_REQUEST.size)))[0]
    return name.rstrip(b"\0").decode(errors="surrogateescape")


def namespace_of(descriptor: int) -> int:
    """A descriptor of the namespace that the interface is in now; the caller closes it. IRQL: any.

    :raises OSError: when it was deleted, or this user may not know
    """
    return fcntl.ioctl(descriptor, _GET_NAMESPACE)
