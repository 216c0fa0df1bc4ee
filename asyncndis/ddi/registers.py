"""I/O space: assigned resources, register windows and ports.

A window is claimed in MiniportInitialize (LIFE-11) and given up in halt. What C has as a pointer to a register, or as
the number of a port, is a place in a window here: add bytes to the start of it. The accesses are legal at any level,
and in MiniportISR they are the only calls that are.
"""

from asyncndis.base import NdisStatus
from asyncndis.ndis import Adapter, AssignedResource, IoAddress

from .vocabulary import attempt, ddi

__all__ = [
    "NdisMDeregisterIoPortRange",
    "NdisMMapIoSpace",
    "NdisMQueryAdapterResources",
    "NdisMRegisterIoPortRange",
    "NdisMUnmapIoSpace",
    "NdisRawReadPortUchar",
    "NdisRawReadPortUlong",
    "NdisRawReadPortUshort",
    "NdisRawWritePortUchar",
    "NdisRawWritePortUlong",
    "NdisRawWritePortUshort",
    "NdisReadRegisterUchar",
    "NdisReadRegisterUlong",
    "NdisReadRegisterUshort",
    "NdisWriteRegisterUchar",
    "NdisWriteRegisterUlong",
    "NdisWriteRegisterUshort",
]


@ddi(
    page="NdisMQueryAdapterResources, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-11",),
    maps_to="Adapter.query_resources",
)
def NdisMQueryAdapterResources(
    WrapperConfigurationContext: Adapter, BufferSize: int
) -> tuple[NdisStatus, tuple[AssignedResource, ...] | None, int]:
    """The resources that the NIC was assigned, in MiniportInitialize.

    :param WrapperConfigurationContext: as MiniportInitialize was given it
    :param BufferSize: the bytes that there is room for
    :returns: SUCCESS and the list, or RESOURCES and None when there is too little room; and the bytes that it takes
    """
    status, resources = attempt(WrapperConfigurationContext.query_resources, BufferSize)
    return status, resources, WrapperConfigurationContext.resources_size


@ddi(
    page="NdisMMapIoSpace, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-01", "LIFE-11"),
    maps_to="Adapter.map_io_space",
)
def NdisMMapIoSpace(
    MiniportAdapterHandle: Adapter, PhysicalAddress: int, Length: int
) -> tuple[NdisStatus, IoAddress | None]:
    """Map registers of the NIC.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param PhysicalAddress: within a range of memory that the NIC was assigned
    :param Length: in bytes
    :returns: SUCCESS and where the registers begin; RESOURCE_CONFLICT or RESOURCES, and None
    """
    return attempt(MiniportAdapterHandle.map_io_space, PhysicalAddress, Length)


@ddi(
    page="NdisMUnmapIoSpace, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-03",),
    maps_to="Adapter.unmap_io_space",
)
def NdisMUnmapIoSpace(MiniportAdapterHandle: Adapter, VirtualAddress: IoAddress, Length: int) -> None:
    """Give registers up.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param VirtualAddress: what NdisMMapIoSpace returned
    :param Length: as it was given there
    """
    MiniportAdapterHandle.unmap_io_space(VirtualAddress, Length)


@ddi(
    page="NdisMRegisterIoPortRange, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-01", "LIFE-11"),
    maps_to="Adapter.register_io_ports",
)
def NdisMRegisterIoPortRange(
    MiniportAdapterHandle: Adapter, InitialPort: int, NumberOfPorts: int
) -> tuple[NdisStatus, IoAddress | None]:
    """Register I/O ports of the NIC.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param InitialPort: within a range of ports that the NIC was assigned
    :param NumberOfPorts: how many
    :returns: SUCCESS and where the ports begin; RESOURCE_CONFLICT or RESOURCES, and None
    """
    return attempt(MiniportAdapterHandle.register_io_ports, InitialPort, NumberOfPorts)


@ddi(
    page="NdisMDeregisterIoPortRange, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-03",),
    maps_to="Adapter.deregister_io_ports",
)
def NdisMDeregisterIoPortRange(
    MiniportAdapterHandle: Adapter, InitialPort: int, NumberOfPorts: int, PortOffset: IoAddress
) -> None:
    """Give ports up.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param InitialPort: as NdisMRegisterIoPortRange was given it
    :param NumberOfPorts: as it was given there
    :param PortOffset: what it returned
    """
    MiniportAdapterHandle.deregister_io_ports(InitialPort, NumberOfPorts, PortOffset)


@ddi(page="NdisReadRegisterUchar, network reference of Windows 2000 and XP", irql="any", maps_to="IoAddress.read")
def NdisReadRegisterUchar(Register: IoAddress) -> int:
    """Read a register of 8 bits.

    :param Register: where
    :returns: the value, which in C is written through a pointer
    """
    return Register.read(1)


@ddi(page="NdisReadRegisterUshort, network reference of Windows 2000 and XP", irql="any", maps_to="IoAddress.read")
def NdisReadRegisterUshort(Register: IoAddress) -> int:
    """Read a register of 16 bits.

    :param Register: where
    :returns: the value, which in C is written through a pointer
    """
    return Register.read(2)


@ddi(page="NdisReadRegisterUlong, network reference of Windows 2000 and XP", irql="any", maps_to="IoAddress.read")
def NdisReadRegisterUlong(Register: IoAddress) -> int:
    """Read a register of 32 bits.

    :param Register: where
    :returns: the value, which in C is written through a pointer
    """
    return Register.read(4)


@ddi(page="NdisRawReadPortUchar, network reference of Windows 2000 and XP", irql="any", maps_to="IoAddress.read")
def NdisRawReadPortUchar(Port: IoAddress) -> int:
    """Read a port of 8 bits.

    :param Port: where
    :returns: the value, which in C is written through a pointer
    """
    return Port.read(1)


@ddi(page="NdisRawReadPortUshort, network reference of Windows 2000 and XP", irql="any", maps_to="IoAddress.read")
def NdisRawReadPortUshort(Port: IoAddress) -> int:
    """Read a port of 16 bits.

    :param Port: where
    :returns: the value, which in C is written through a pointer
    """
    return Port.read(2)


@ddi(page="NdisRawReadPortUlong, network reference of Windows 2000 and XP", irql="any", maps_to="IoAddress.read")
def NdisRawReadPortUlong(Port: IoAddress) -> int:
    """Read a port of 32 bits.

    :param Port: where
    :returns: the value, which in C is written through a pointer
    """
    return Port.read(4)


@ddi(page="NdisWriteRegisterUchar, network reference of Windows 2000 and XP", irql="any", maps_to="IoAddress.write")
def NdisWriteRegisterUchar(Register: IoAddress, Data: int) -> None:
    """Write a register of 8 bits.

    :param Register: where
    :param Data: the value
    """
    Register.write(Data, 1)


@ddi(page="NdisWriteRegisterUshort, network reference of Windows 2000 and XP", irql="any", maps_to="IoAddress.write")
def NdisWriteRegisterUshort(Register: IoAddress, Data: int) -> None:
    """Write a register of 16 bits.

    :param Register: where
    :param Data: the value
    """
    Register.write(Data, 2)


@ddi(page="NdisWriteRegisterUlong, network reference of Windows 2000 and XP", irql="any", maps_to="IoAddress.write")
def NdisWriteRegisterUlong(Register: IoAddress, Data: int) -> None:
    """Write a register of 32 bits.

    :param Register: where
    :param Data: the value
    """
    Register.write(Data, 4)


@ddi(page="NdisRawWritePortUchar, network reference of Windows 2000 and XP", irql="any", maps_to="IoAddress.write")
def NdisRawWritePortUchar(Port: IoAddress, Data: int) -> None:
    """Write a port of 8 bits.

    :param Port: where
    :param Data: the value
    """
    Port.write(Data, 1)


@ddi(page="NdisRawWritePortUshort, network reference of Windows 2000 and XP", irql="any", maps_to="IoAddress.write")
def NdisRawWritePortUshort(Port: IoAddress, Data: int) -> None:
    """Write a port of 16 bits.

    :param Port: where
    :param Data: the value
    """
    Port.write(Data, 2)


@ddi(page="NdisRawWritePortUlong, network reference of Windows 2000 and XP", irql="any", maps_to="IoAddress.write")
def NdisRawWritePortUlong(Port: IoAddress, Data: int) -> None:
    """Write a port of 32 bits.

    :param Port: where
    :param Data: the value
    """
    Port.write(Data, 4)
