"""The configuration of an adapter.

What MiniportInitialize is given as its WrapperConfigurationContext opens the adapter's registry key. A parameter lives
as long as the handle that read it, and every handle is closed by the end of halt (LIFE-12).
"""

from asyncndis.base import NdisStatus
from asyncndis.ndis import Adapter, ConfigurationHandle, ConfigurationParameter, ParameterType

from .vocabulary import attempt, ddi

__all__ = ["NdisCloseConfiguration", "NdisOpenConfiguration", "NdisReadConfiguration", "NdisReadNetworkAddress"]


@ddi(
    page="NdisOpenConfiguration, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-12",),
    maps_to="Adapter.open_configuration",
)
def NdisOpenConfiguration(
    WrapperConfigurationContext: Adapter,
) -> tuple[NdisStatus, ConfigurationHandle | None]:
    """Open the configuration.

    :param WrapperConfigurationContext: as MiniportInitialize was given it
    :returns: SUCCESS and a handle; RESOURCES and None
    """
    return attempt(WrapperConfigurationContext.open_configuration)


@ddi(
    page="NdisReadConfiguration, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-12",),
    maps_to="ConfigurationHandle.read",
)
def NdisReadConfiguration(
    ConfigurationHandle: ConfigurationHandle, Keyword: str, ParameterType: ParameterType
) -> tuple[NdisStatus, ConfigurationParameter | None]:
    """Read one parameter.

    :param ConfigurationHandle: open
    :param Keyword: its name, in any case
    :param ParameterType: what it has to be
    :returns: SUCCESS and the parameter, with its ``value``; FAILURE and None when there is none of that name and kind
    """
    return attempt(ConfigurationHandle.read, Keyword, ParameterType)


@ddi(
    page="NdisReadNetworkAddress, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-12",),
    maps_to="ConfigurationHandle.network_address",
)
def NdisReadNetworkAddress(ConfigurationHandle: ConfigurationHandle) -> tuple[NdisStatus, bytes | None, int]:
    """The address to use instead of the NIC's own.

    :param ConfigurationHandle: open
    :returns: SUCCESS, the address and its length; FAILURE, None and 0 when none is set
    """
    address = ConfigurationHandle.network_address()
    return NdisStatus.FAILURE if address is None else NdisStatus.SUCCESS, address, len(address or b"")


@ddi(
    page="NdisCloseConfiguration, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-12",),
    maps_to="ConfigurationHandle.close",
)
def NdisCloseConfiguration(ConfigurationHandle: ConfigurationHandle) -> None:
    """Give a handle up, and all that was read by it.

    :param ConfigurationHandle: open
    """
    ConfigurationHandle.close()
