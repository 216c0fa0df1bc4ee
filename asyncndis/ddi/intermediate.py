"""Intermediate drivers.

One registers a protocol for its lower edge and a layered miniport for its upper one, associates them, and starts a
virtual adapter once it has opened an adapter below. Source: the pages of the NdisIM functions.
"""

from asyncndis.base import NdisStatus
from asyncndis.ndis import Adapter, Binding, LayeredMiniport, RegisteredProtocol, Wrapper

from .characteristics import NDIS_MINIPORT_CHARACTERISTICS
from .vocabulary import attempt, attempt_later, ddi

__all__ = [
    "NdisIMAssociateMiniport",
    "NdisIMCancelInitializeDeviceInstance",
    "NdisIMDeInitializeDeviceInstance",
    "NdisIMGetBindingContext",
    "NdisIMGetDeviceContext",
    "NdisIMInitializeDeviceInstance",
    "NdisIMInitializeDeviceInstanceEx",
    "NdisIMRegisterLayeredMiniport",
]


@ddi(
    page="NdisIMRegisterLayeredMiniport, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("BIND-07",),
    maps_to="Wrapper.register_layered_miniport",
)
def NdisIMRegisterLayeredMiniport(
    NdisWrapperHandle: Wrapper, MiniportCharacteristics: NDIS_MINIPORT_CHARACTERISTICS, CharacteristicsLength: int
) -> tuple[NdisStatus, LayeredMiniport | None]:
    """Register the upper edge of an intermediate driver.

    :param NdisWrapperHandle: what NdisMInitializeWrapper returned
    :param MiniportCharacteristics: its versions and handlers
    :param CharacteristicsLength: in bytes, ``len(characteristics)``
    :returns: SUCCESS and the driver's handle; BAD_VERSION, BAD_CHARACTERISTICS or FAILURE, and None
    """
    handlers = MiniportCharacteristics.handlers(NdisWrapperHandle.name)
    return attempt(NdisWrapperHandle.register_layered_miniport, handlers, CharacteristicsLength)


@ddi(
    page="NdisIMAssociateMiniport, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    maps_to="LayeredMiniport.associate",
)
def NdisIMAssociateMiniport(DriverHandle: LayeredMiniport, ProtocolHandle: RegisteredProtocol) -> None:
    """Say that a protocol is the lower edge of a layered miniport.

    :param DriverHandle: what NdisIMRegisterLayeredMiniport returned
    :param ProtocolHandle: what NdisRegisterProtocol returned
    """
    DriverHandle.associate(ProtocolHandle)


@ddi(
    page="NdisIMInitializeDeviceInstance, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    maps_to="LayeredMiniport.initialize_device",
)
async def NdisIMInitializeDeviceInstance(DriverHandle: LayeredMiniport, DeviceInstance: str) -> NdisStatus:
    """Start a virtual adapter, in ProtocolBindAdapter, once the adapter below is open.

    :param DriverHandle: what NdisIMRegisterLayeredMiniport returned
    :param DeviceInstance: the name of the virtual adapter
    :returns: SUCCESS, and MiniportInitialize has been called or will be; the status by which it failed
    """
    status, _ = await attempt_later(DriverHandle.initialize_device, DeviceInstance)
    return status


@ddi(
    page="NdisIMInitializeDeviceInstanceEx, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    maps_to="LayeredMiniport.initialize_device",
)
async def NdisIMInitializeDeviceInstanceEx(
    DriverHandle: LayeredMiniport, DeviceInstance: str, DeviceContext: object
) -> NdisStatus:
    """Start a virtual adapter, with a context of its own.

    :param DriverHandle: what NdisIMRegisterLayeredMiniport returned
    :param DeviceInstance: the name of the virtual adapter
    :param DeviceContext: what NdisIMGetDeviceContext returns for it
    :returns: SUCCESS, and MiniportInitialize has been called or will be; the status by which it failed
    """
    status, _ = await attempt_later(DriverHandle.initialize_device, DeviceInstance, DeviceContext)
    return status


@ddi(
    page="NdisIMDeInitializeDeviceInstance, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-03",),
    maps_to="Ndis.halt_adapter",
)
async def NdisIMDeInitializeDeviceInstance(NdisMiniportHandle: Adapter) -> NdisStatus:
    """Halt a virtual adapter: the protocols above are unbound, and MiniportHalt is called.

    :param NdisMiniportHandle: the MiniportAdapterHandle of its MiniportInitialize
    :returns: SUCCESS
    """
    status, _ = await attempt_later(NdisMiniportHandle.library.halt_adapter, NdisMiniportHandle)
    return status


@ddi(
    page="NdisIMCancelInitializeDeviceInstance, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    maps_to="LayeredMiniport.cancel_device",
)
def NdisIMCancelInitializeDeviceInstance(DriverHandle: LayeredMiniport, DeviceInstance: str) -> NdisStatus:
    """Call the start of a virtual adapter off, in ProtocolUnbindAdapter.

    :param DriverHandle: what NdisIMRegisterLayeredMiniport returned
    :param DeviceInstance: the name of the virtual adapter
    :returns: SUCCESS, and MiniportInitialize will not be called; FAILURE when it was, or nothing is about to start
    """
    status, _ = attempt(DriverHandle.cancel_device, DeviceInstance)
    return status


@ddi(
    page="NdisIMGetBindingContext, network reference of Windows 2000 and XP",
    irql="any",
    maps_to="Adapter.device_context",
)
def NdisIMGetBindingContext(NdisBindingHandle: Binding) -> object:
    """The device context of the intermediate driver's adapter that a protocol is bound to.

    :param NdisBindingHandle: the protocol's handle
    """
    return NdisBindingHandle.adapter.device_context


@ddi(
    page="NdisIMGetDeviceContext, network reference of Windows 2000 and XP",
    irql="any",
    maps_to="Adapter.device_context",
)
def NdisIMGetDeviceContext(MiniportAdapterHandle: Adapter) -> object:
    """The context that a virtual adapter was started with, in its MiniportInitialize.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    """
    return MiniportAdapterHandle.device_context
