"""What the system has assigned to an adapter, and its registers: a window of memory, or a range of ports, upon a NIC.

Source: the pages of NdisMQueryAdapterResources, NdisMMapIoSpace, NdisMRegisterIoPortRange, NdisReadRegisterUlong and
NdisRawReadPortUlong. Both windows lead to the same registers, those that the NIC's ``read`` and ``write`` know; a
window is claimed while its adapter initializes (LIFE-11), and is gone once it was given up.
"""

from enum import IntEnum
from typing import NamedTuple, runtime_checkable
from typing import Protocol as Interface

from asyncndis.base import Probe, RuleViolation, check_integer
from asyncndis.kernel import Irql

__all__ = [
    "AssignedInterrupt",
    "AssignedRange",
    "AssignedResource",
    "IoAddress",
    "IoSpace",
    "Registers",
    "ResourceType",
    "assign_resources",
]

WINDOW_BYTES = 0x1000
PORT_COUNT = 0x400
_FIRST_WINDOW = 0xFEB0_0000
_FIRST_PORT = 0x1000
_FIRST_VECTOR = 16
_SIZES = (1, 2, 4)


class ResourceType(IntEnum):
    """The kind of an assigned resource (CM_RESOURCE_TYPE)."""

    PORT = 1
    INTERRUPT = 2
    MEMORY = 3


_READS = {
    (ResourceType.MEMORY, 1): "NdisReadRegisterUchar",
    (ResourceType.MEMORY, 2): "NdisReadRegisterUshort",
    (ResourceType.MEMORY, 4): "NdisReadRegisterUlong",
    (ResourceType.PORT, 1): "NdisRawReadPortUchar",
    (ResourceType.PORT, 2): "NdisRawReadPortUshort",
    (ResourceType.PORT, 4): "NdisRawReadPortUlong",
}
_WRITES = {
    (ResourceType.MEMORY, 1): "NdisWriteRegisterUchar",
    (ResourceType.MEMORY, 2): "NdisWriteRegisterUshort",
    (ResourceType.MEMORY, 4): "NdisWriteRegisterUlong",
    (ResourceType.PORT, 1): "NdisRawWritePortUchar",
    (ResourceType.PORT, 2): "NdisRawWritePortUshort",
    (ResourceType.PORT, 4): "NdisRawWritePortUlong",
}


class AssignedRange(NamedTuple):
    """Addresses of the NIC's registers.

    :ivar type: PORT or MEMORY
    :ivar start: the first
    :ivar length: how many
    """

    type: ResourceType
    start: int
    length: int


class AssignedInterrupt(NamedTuple):
    """The NIC's interrupt.

    :ivar type: INTERRUPT
    :ivar level: its IRQL
    :ivar vector: the bus's number for it
    """

    type: ResourceType
    level: int
    vector: int


AssignedResource = AssignedRange | AssignedInterrupt


@runtime_checkable
class Registers(Interface):
    """Hardware that has registers."""

    def read(self, offset: int, size: int = ..., /) -> int:
        """Read one."""
        ...

    def write(self, offset: int, value: int, size: int = ..., /) -> None:
        """Write one."""
        ...


def assign_resources(nic: object, slot: int) -> tuple[AssignedResource, ...]:
    """What a NIC in a slot of the machine gets: two windows upon its registers, where it has some, and an interrupt.

    :param nic: the hardware
    :param slot: which, from 0
    """
    resources: list[AssignedRange] = []
    if isinstance(nic, Registers):
        resources.append(AssignedRange(ResourceType.PORT, _FIRST_PORT + slot * PORT_COUNT, PORT_COUNT))
        resources.append(AssignedRange(ResourceType.MEMORY, _FIRST_WINDOW + slot * WINDOW_BYTES, WINDOW_BYTES))
    return (*resources, AssignedInterrupt(ResourceType.INTERRUPT, Irql.DIRQL, _FIRST_VECTOR + slot))


class IoSpace:
    """A window upon the registers of a NIC; made by ``Adapter.map_io_space`` and ``Adapter.register_io_ports``.

    :ivar name: for messages
    :ivar type: PORT or MEMORY
    :ivar start: the first address or port
    :ivar length: how many of them
    :ivar is_mapped: whether it can be used
    """

    __slots__ = ("_nic", "_offset", "_probe", "is_mapped", "length", "name", "start", "type")

    def __init__(self, nic: Registers, within: AssignedRange, start: int, length: int, probe: Probe | None) -> None:
        self.type = within.type
        self.name = f"{within.type.name.lower()} {start:#x}"
        self.start = start
        self.length = length
        self.is_mapped = True
        self._nic = nic
        self._offset = start - within.start
        self._probe = probe

    def __repr__(self) -> str:
        return f"<IoSpace {self.name} of {self.length} bytes, {'mapped' if self.is_mapped else 'given up'}>"

    def overlaps(self, other_start: int, other_length: int) -> bool:
        """Whether it has addresses in common with another range. IRQL: any."""
        return self.start < other_start + other_length and other_start < self.start + self.length

    def read(self, offset: int, size: int = 4) -> int:
        """Read a register (NdisReadRegisterUlong, NdisRawReadPortUlong and their neighbours). IRQL: any.

        :param offset: from the start of the window, in bytes
        :param size: 1, 2 or 4 bytes
        :raises ValueError: outside the window, or where the NIC has no such register
        :raises RuleViolation: LIFE-03 when the window was given up
        """
        self._check(offset, size)
        probe = self._probe
        if probe is None:
            return self._nic.read(self._offset + offset, size)
        operation = _READS[self.type, size]
        probe.before(operation, self, offset)
        value = self._nic.read(self._offset + offset, size)
        probe.after(operation, self, offset, value)
        return value

    def write(self, offset: int, value: int, size: int = 4) -> None:
        """Write a register (NdisWriteRegisterUlong, NdisRawWritePortUlong and their neighbours). IRQL: any.

        :param offset: from the start of the window, in bytes
        :param value: its new value
        :param size: 1, 2 or 4 bytes
        :raises ValueError: outside the window, or where the NIC has no such register, or takes no such value
        :raises RuleViolation: LIFE-03 when the window was given up
        """
        self._check(offset, size)
        check_integer("value", value, 0, (1 << 8 * size) - 1)
        probe = self._probe
        if probe is None:
            self._nic.write(self._offset + offset, value, size)
            return
        operation = _WRITES[self.type, size]
        probe.before(operation, self, offset, value)
        self._nic.write(self._offset + offset, value, size)
        probe.after(operation, self, offset, value)

    def _check(self, offset: int, size: int) -> None:
        if size not in _SIZES:
            raise ValueError(f"a register access has 1, 2 or 4 bytes, not {size}")
        check_integer("offset", offset, 0, self.length - size)
        if not self.is_mapped:
            raise RuleViolation("LIFE-03", f"{self!r} is used after it was given up; stop the NIC before", self)


class IoAddress:
    """A place in a window: what C has as a pointer to a register, or as the number of a port. Add bytes to move on.

    :param space: the window
    :param offset: from its start, in bytes
    """

    __slots__ = ("offset", "space")

    def __init__(self, space: IoSpace, offset: int = 0) -> None:
        self.space = space
        self.offset = offset

    def __repr__(self) -> str:
        return f"<IoAddress {self.space.name} + {self.offset:#x}>"

    def __add__(self, offset: int) -> "IoAddress":
        return IoAddress(self.space, self.offset + offset)

    def read(self, size: int = 4) -> int:
        """Read the register there; see :meth:`IoSpace.read`. IRQL: any."""
        return self.space.read(self.offset, size)

    def write(self, value: int, size: int = 4) -> None:
        """Write the register there; see :meth:`IoSpace.write`. IRQL: any."""
        self.space.write(self.offset, value, size)
