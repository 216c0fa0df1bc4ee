"""A TAP device of the kernel as a port: its interface is the other end, its descriptor this one.

Source: the kernel's Documentation/networking/tuntap.rst and include/uapi/linux/if_tun.h. A TAP holds nothing back in
either direction: what nobody reads is dropped behind its queue of a thousand frames, and what is written too fast is
lost behind it. While the interface is down writes fail with EIO. It may be moved to another namespace, renamed and
flapped: the descriptor stays good, and ``TapLink`` follows.
"""

import errno
import os
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import replace

from asyncndis.base import NdisStatus
from asyncndis.nic import PortStatistics
from asyncndis.nic.offload import HEADER_BYTES

from .descriptor_port import DescriptorPort
from .errors import PortError
from .interfaces import Interfaces
from .namespaces import inside_namespace, open_namespace
from .port_address import TapAddress
from .station_address import station_address
from .tap_link import TapLink
from .tuntap import attach, can_have_headers, has_headers, is_tap, set_offloads, set_persistent

__all__ = ["TapPort", "adopt_tap", "open_tap"]

_TUN = "/dev/net/tun"


class TapPort(DescriptorPort):
    """A TAP that is open; made by :func:`open_tap`.

    :param name: as it was asked for
    :param descriptors: of its queues; the port's from now on
    """

    def __init__(self, name: str, descriptors: Sequence[int]) -> None:
        self._link = TapLink(name, descriptors[0])
        super().__init__(name, station_address(name), descriptors, self._link.mtu)
        self.offloads = has_headers(descriptors[0])
        self._link_up = self._link.is_up

    async def run(self) -> None:
        """See :meth:`Port.run`."""
        self._watch_link()
        await super().run()

    def close(self) -> None:
        """See :meth:`Port.close`."""
        if not self._is_closed:
            self._link.close()
            self.let_in_unfinished(False)  # one that stays is left as it was
        super().close()

    def let_in_unfinished(self, wanted: bool) -> None:
        """See :meth:`Port.let_in_unfinished`."""
        if self.offloads:
            with suppress(OSError):  # it is gone, which shows elsewhere
                set_offloads(self._out, wanted)

    def statistics(self) -> PortStatistics:
        """The state of it now; headers do not count. IRQL: any."""
        counted = super().statistics()
        if not self.offloads:
            return counted
        return replace(
            counted,
            received_bytes=counted.received_bytes - HEADER_BYTES * counted.received_frames,
            sent_bytes=counted.sent_bytes - HEADER_BYTES * counted.sent_frames,
        )

    def _watch_link(self) -> None:
        """Look at the interface whenever something happens in its namespace, which may be another one by then."""
        watched = self._link.descriptor
        if watched is not None:
            self._ready.read(watched, self._look)

    def _look(self) -> None:
        before = self._link.descriptor
        is_up = self._link.look()
        if self._link.descriptor != before:
            self._watch_link()
        if self._link.is_gone:
            self._fail(self._gone())
        else:
            self._set_link(is_up)

    def _gone(self) -> PortError:
        return PortError(
            f"{self.name}: the interface was deleted while it was in use; make it again, and start again",
            NdisStatus.ADAPTER_REMOVED,
        )


def open_tap(address: TapAddress, name: str, *, vnet: bool = False) -> TapPort:
    """Open a TAP that exists, or make one, and set it up. IRQL: PASSIVE.

    :param address: which one
    :param name: how it was asked for
    :param vnet: whether it has offload headers where the address does not say, and the kernel can
    :raises PortError: when it is missing and cannot be made, is used by another program, or is no TAP
    """
    with ExitStack() as undo:
        namespace: int | None = None
        if address.netns is not None:
            namespace = open_namespace(address.netns, name)
            undo.callback(os.close, namespace)
        with inside_namespace(namespace, name), closing(Interfaces()) as interfaces, ExitStack() as on_failure:
            existed = interfaces.flags(address.name) is not None
            descriptors: list[int] = []
            for _ in range(address.queues):
                descriptors.append(_open_queue(address, name, vnet=vnet, existed=existed or bool(descriptors)))
                on_failure.callback(os.close, descriptors[-1])
            _set_up(interfaces, address, name, existed=existed)
            if address.persist:
                set_persistent(descriptors[0])
            port = TapPort(name, descriptors)
            on_failure.pop_all()
    return port


def adopt_tap(descriptor: int, name: str) -> TapPort | None:
    """A port on a TAP that somebody else has opened; None when the descriptor is of something else. IRQL: PASSIVE."""
    return TapPort(name, [descriptor]) if is_tap(descriptor) else None


def _set_up(interfaces: Interfaces, address: TapAddress, name: str, *, existed: bool) -> None:
    """Give a new interface its MTU, and let it be up; one that was there is left as it is."""
    wanted = address.mtu
    if existed:
        mtu = interfaces.mtu(address.name)
        if wanted not in (None, mtu):
            raise PortError(
                f"{name}: the interface has an MTU of {mtu}, not {wanted}; leave mtu out, or set it with "
                f"ip link set {address.name} mtu {wanted}"
            )
        return
    try:
        if wanted is not None:
            interfaces.set_mtu(address.name, wanted)
        interfaces.set_up(address.name)
    except OSError as error:
        raise PortError(f"{name}: the interface cannot be set up: {error.strerror}; run as root") from None


def _open_queue(address: TapAddress, name: str, *, vnet: bool, existed: bool) -> int:
    try:
        descriptor = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _no_tun(name, error) from None
    try:
        headers = vnet and can_have_headers(descriptor) if address.vnet is None else address.vnet
        attach(descriptor, address.name, many_queues=address.queues > 1, headers=headers)
    except OSError as error:
        os.close(descriptor)
        raise _not_attached(address, name, error, existed=existed) from None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _no_tun(name: str, error: OSError) -> PortError:
    if error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return PortError(
            f"{name}: this system has no {_TUN}; load the module with modprobe tun, or give the container that device",
            NdisStatus.ADAPTER_NOT_FOUND,
        )
    return PortError(
        f"{name}: {_TUN} cannot be opened: {error.strerror}; run as root, or let it be opened by this user"
    )


def _not_attached(address: TapAddress, name: str, error: OSError, *, existed: bool) -> PortError:
    if error.errno == errno.EBUSY:
        return PortError(
            f"{name}: the interface {address.name} is used by another program; end that, or take another name",
            NdisStatus.RESOURCE_CONFLICT,
        )
    if error.errno == errno.EPERM:
        return PortError(
            f"{name}: the interface {address.name} may not be opened by this user; run as root, or have root make it: "
            f"ip tuntap add {address.name} mode tap user NAME"
        )
    if existed:
        return PortError(
            f"{name}: the interface {address.name} is there, and is no TAP that can be opened with "
            f"{address.queues} queue(s): {error.strerror}; take another name",
            NdisStatus.RESOURCE_CONFLICT,
        )
    return PortError(f"{name}: the interface {address.name} cannot be made: {error.strerror}; take another name")
