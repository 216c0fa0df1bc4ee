"""The ioctls of /dev/net/tun. Source: include/uapi/linux/if_tun.h, if.h, and the tuntap documentation."""

import errno
import fcntl
from struct import Struct

__all__ = ["attach", "is_tap", "name_of", "namespace_of", "set_persistent"]

_SET_INTERFACE = 0x400454CA  # TUNSETIFF
_SET_PERSIST = 0x400454CB  # TUNSETPERSIST
_GET_INTERFACE = 0x800454D2  # TUNGETIFF
_GET_NAMESPACE = 0x54E3  # TUNGETDEVNETNS
_TAP = 0x0002
_NO_PACKET_INFORMATION = 0x1000
_MULTI_QUEUE = 0x0100
_REQUEST = Struct("16sH22x")


def attach(descriptor: int, name: str, *, many_queues: bool = False) -> None:
    """Let an open /dev/net/tun be a queue of an interface, which is made if need be. IRQL: PASSIVE.

    :param many_queues: whether the interface is to have several; one that has them already is opened all the same
    :raises OSError: EBUSY, EPERM, EINVAL, as the kernel says
    """
    flags = _TAP | _NO_PACKET_INFORMATION
    kinds = (flags | _MULTI_QUEUE,) if many_queues else (flags, flags | _MULTI_QUEUE)
    for kind in kinds:
        try:
            fcntl.ioctl(descriptor, _SET_INTERFACE, _REQUEST.pack(name.encode(), kind))
        except OSError as error:
            if error.errno != errno.EINVAL or kind is kinds[-1]:
                raise
        else:
            return


def set_persistent(descriptor: int) -> None:
    """Let the interface stay when nobody has it open. IRQL: PASSIVE.

    :raises OSError: EPERM
    """
    fcntl.ioctl(descriptor, _SET_PERSIST, 1)


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
