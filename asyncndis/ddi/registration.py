"""Driver registration.

A driver's entry gets the driver object of ``asyncndis.ndis.Driver.load``. A miniport asks for a wrapper first, and
registers through it; a protocol registers with the machine it runs on. What is registered does not change any more
(BIND-07), and is bound by NDIS once the entry has returned.
"""

from collections.abc import Callable
from typing import Any

from asyncndis.base import NdisStatus
from asyncndis.ndis import Adapter, Driver, RegisteredProtocol, Wrapper, current_ndis

from .characteristics import NDIS_MINIPORT_CHARACTERISTICS, NDIS_PROTOCOL_CHARACTERISTICS
from .vocabulary import answer, attempt, ddi

__all__ = [
    "NdisDeregisterProtocol",
    "NdisInitializeWrapper",
    "NdisMDeregisterAdapterShutdownHandler",
    "NdisMInitializeWrapper",
    "NdisMRegisterAdapterShutdownHandler",
    "NdisMRegisterMiniport",
    "NdisMRegisterUnloadHandler",
    "NdisRegisterProtocol",
    "NdisTerminateWrapper",
]


@ddi(
    page="NdisMInitializeWrapper, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    maps_to="Driver.initialize_wrapper",
)
def NdisMInitializeWrapper(DriverObject: Driver, RegistryPath: str, SystemSpecific: object = None) -> Wrapper | None:
    """Have NDIS stand around a driver; the first call of a miniport's DriverEntry.

    :param DriverObject: as DriverEntry was given it
    :param RegistryPath: as DriverEntry was given it
    :param SystemSpecific: None
    :returns: the handle by which the driver registers; None on failure
    """
    del RegistryPath, SystemSpecific  # the driver object knows its key
    _, wrapper = answer(NdisStatus.FAILURE, DriverObject.initialize_wrapper)
    return wrapper


@ddi(page="NdisInitializeWrapper, NT DDK", irql="PASSIVE", maps_to="Driver.initialize_wrapper")
def NdisInitializeWrapper(DriverObject: Driver, RegistryPath: str, SystemSpecific: object = None) -> Wrapper | None:
    """The older name of NdisMInitializeWrapper.

    :param DriverObject: as DriverEntry was given it
    :param RegistryPath: as DriverEntry was given it
    :param SystemSpecific: None
    :returns: the handle by which the driver registers; None on failure
    """
    del RegistryPath, SystemSpecific  # the driver object knows its key
    _, wrapper = answer(NdisStatus.FAILURE, DriverObject.initialize_wrapper)
    return wrapper


@ddi(
    page="NdisTerminateWrapper, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-18",),
    maps_to="Wrapper.terminate",
)
def NdisTerminateWrapper(NdisWrapperHandle: Wrapper, SystemSpecific: object = None) -> None:
    """Give the wrapper up, where registration has failed.

    :param NdisWrapperHandle: what NdisMInitializeWrapper returned
    :param SystemSpecific: None
    """
    del SystemSpecific
    NdisWrapperHandle.terminate()


@ddi(
    page="NdisMRegisterMiniport, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("BIND-07",),
    maps_to="Wrapper.register_miniport",
)
def NdisMRegisterMiniport(
    NdisWrapperHandle: Wrapper, MiniportCharacteristics: NDIS_MINIPORT_CHARACTERISTICS, CharacteristicsLength: int
) -> NdisStatus:
    """Register a miniport.

    :param NdisWrapperHandle: what NdisMInitializeWrapper returned
    :param MiniportCharacteristics: its versions and handlers
    :param CharacteristicsLength: in bytes, ``len(characteristics)``
    :returns: SUCCESS; BAD_VERSION; BAD_CHARACTERISTICS when the length is too small for the version, or a mandatory
        handler is missing; FAILURE when the driver has registered one
    """
    handlers = MiniportCharacteristics.handlers(NdisWrapperHandle.name)
    status, _ = attempt(NdisWrapperHandle.register_miniport, handlers, CharacteristicsLength)
    return status


@ddi(
    page="NdisMRegisterUnloadHandler, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    maps_to="Wrapper.register_unload_handler",
)
def NdisMRegisterUnloadHandler(NdisWrapperHandle: Wrapper, UnloadHandler: Callable[[Driver], Any]) -> None:
    """Have a function called when the driver is unloaded.

    :param NdisWrapperHandle: what NdisMInitializeWrapper returned
    :param UnloadHandler: called with the driver object at PASSIVE_LEVEL; may be a coroutine function
    """
    NdisWrapperHandle.register_unload_handler(UnloadHandler)


@ddi(
    page="NdisRegisterProtocol, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("BIND-07",),
    maps_to="Ndis.register_protocol",
)
def NdisRegisterProtocol(
    ProtocolCharacteristics: NDIS_PROTOCOL_CHARACTERISTICS, CharacteristicsLength: int
) -> tuple[NdisStatus, RegisteredProtocol | None]:
    """Register a protocol, or the lower edge of an intermediate driver.

    :param ProtocolCharacteristics: its versions, name and handlers
    :param CharacteristicsLength: in bytes, ``len(characteristics)``
    :returns: SUCCESS and the protocol's handle; BAD_VERSION, or BAD_CHARACTERISTICS when the length is too small for
        the version or a mandatory handler is missing, and None
    """
    return attempt(current_ndis().register_protocol, ProtocolCharacteristics.handlers(), CharacteristicsLength)


@ddi(
    page="NdisDeregisterProtocol, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("BIND-05",),
    maps_to="RegisteredProtocol.deregister",
)
async def NdisDeregisterProtocol(NdisProtocolHandle: RegisteredProtocol) -> NdisStatus:
    """Forget a protocol; ProtocolUnbindAdapter is called for each open binding before.

    :param NdisProtocolHandle: what NdisRegisterProtocol returned
    :returns: SUCCESS
    """
    await NdisProtocolHandle.deregister()
    return NdisStatus.SUCCESS


@ddi(
    page="NdisMRegisterAdapterShutdownHandler, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-15",),
    maps_to="Adapter.register_shutdown_handler",
)
def NdisMRegisterAdapterShutdownHandler(
    MiniportAdapterHandle: Adapter, ShutdownContext: object, ShutdownHandler: Callable[[Any], object]
) -> None:
    """Have a function called when the system shuts down; once, in MiniportInitialize.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param ShutdownContext: what the function is called with
    :param ShutdownHandler: a plain function that only stops the NIC
    """
    MiniportAdapterHandle.register_shutdown_handler(ShutdownHandler, ShutdownContext)


@ddi(
    page="NdisMDeregisterAdapterShutdownHandler, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-03",),
    maps_to="Adapter.deregister_shutdown_handler",
)
def NdisMDeregisterAdapterShutdownHandler(MiniportAdapterHandle: Adapter) -> None:
    """Call the shutdown handler off, as MiniportHalt does.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    """
    MiniportAdapterHandle.deregister_shutdown_handler()
