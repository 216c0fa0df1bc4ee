"""Floor 4: the NDIS library: registration, adapters, bindings, send, receive, OIDs, status, reset, hang, halt."""

from .adapter import Adapter, AdapterStatistics
from .binding import Binding, BindingStatistics
from .characteristics import MiniportCharacteristics, ProtocolCharacteristics
from .claims import Claim, Claims
from .configuration import (
    Configuration,
    ConfigurationHandle,
    ConfigurationParameter,
    ConfigurationStatistics,
    ConfigurationValue,
)
from .device_access import Pluggable
from .driver import Driver, DriverStatistics, Wrapper
from .error_log import ErrorCode, ErrorLog, ErrorLogEntry, ErrorLogStatistics
from .filters import (
    BROADCAST_ADDRESS,
    Destination,
    LoopbackRule,
    ReceiveFilter,
    Route,
    check_address,
    classify_destination,
    combine_filters,
)
from .frames import Frame, FramePool, FramePoolCreation
from .intermediate import Intermediate
from .interrupts import Interrupt, InterruptStatistics, Recognized
from .io_space import AssignedInterrupt, AssignedRange, AssignedResource, IoAddress, IoSpace, Registers, ResourceType
from .layered import LayeredMiniport, LayeredMiniportStatistics
from .library import Ndis
from .lookahead import Transferred
from .machine import current_ndis
from .media import (
    AdapterAttributes,
    DevicePnpEvent,
    HardwareStatus,
    InterruptMode,
    MacOptions,
    MediaState,
    NdisMedium,
    PacketFilter,
    ParameterType,
    PhysicalMedium,
    PnpEvent,
    PowerState,
    ProtocolOptions,
    RequestType,
)
from .miniport import Miniport
from .oid_values import (
    Addresses,
    Array,
    Codec,
    Counter,
    EthernetAddress,
    LinkSpeed,
    Number,
    PnpCapabilities,
    PowerCapabilities,
    Raw,
    Text,
    Version,
)
from .oids import BIND_ORDER, OID_TABLE, Oid, OidEntry, decode_oid, encode_oid, mandatory_oids, oid_name
from .opening import BindContext, UnbindContext
from .pnp_events import NetPnpEvent
from .properties import (
    CurrentInformation,
    MiniportCounters,
    MiniportProperties,
    answer_query,
    check_setting,
    supported_oids,
)
from .protocol import Protocol
from .receiving import ReceiveStatistics
from .registered import RegisteredProtocol
from .requests import OidRequest
from .scatter_gather import ScatterGather, ScatterGatherList, ScatterGatherStatistics
from .stack import Hardware, Layer, Stack, open_stack
from .states import (
    ADAPTER_STATES,
    BINDING_STATES,
    REQUEST_STATES,
    RESET_STATES,
    AdapterEvent,
    AdapterState,
    BindingEvent,
    BindingState,
    RequestEvent,
    RequestState,
    ResetEvent,
    ResetState,
)
from .submissions import SendStatistics

__all__ = [
    "ADAPTER_STATES",
    "BINDING_STATES",
    "BIND_ORDER",
    "BROADCAST_ADDRESS",
    "OID_TABLE",
    "REQUEST_STATES",
    "RESET_STATES",
    "Adapter",
    "AdapterAttributes",
    "AdapterEvent",
    "AdapterState",
    "AdapterStatistics",
    "Addresses",
    "Array",
    "AssignedInterrupt",
    "AssignedRange",
    "AssignedResource",
    "BindContext",
    "Binding",
    "BindingEvent",
    "BindingState",
    "BindingStatistics",
    "Claim",
    "Claims",
    "Codec",
    "Configuration",
    "ConfigurationHandle",
    "ConfigurationParameter",
    "ConfigurationStatistics",
    "ConfigurationValue",
    "Counter",
    "CurrentInformation",
    "Destination",
    "DevicePnpEvent",
    "Driver",
    "DriverStatistics",
    "ErrorCode",
    "ErrorLog",
    "ErrorLogEntry",
    "ErrorLogStatistics",
    "EthernetAddress",
    "Frame",
    "FramePool",
    "FramePoolCreation",
    "Hardware",
    "HardwareStatus",
    "Intermediate",
    "Interrupt",
    "InterruptMode",
    "InterruptStatistics",
    "IoAddress",
    "IoSpace",
    "Layer",
    "LayeredMiniport",
    "LayeredMiniportStatistics",
    "LinkSpeed",
    "LoopbackRule",
    "MacOptions",
    "MediaState",
    "Miniport",
    "MiniportCharacteristics",
    "MiniportCounters",
    "MiniportProperties",
    "Ndis",
    "NdisMedium",
    "NetPnpEvent",
    "Number",
    "Oid",
    "OidEntry",
    "OidRequest",
    "PacketFilter",
    "ParameterType",
    "PhysicalMedium",
    "Pluggable",
    "PnpCapabilities",
    "PnpEvent",
    "PowerCapabilities",
    "PowerState",
    "Protocol",
    "ProtocolCharacteristics",
    "ProtocolOptions",
    "Raw",
    "ReceiveFilter",
    "ReceiveStatistics",
    "Recognized",
    "RegisteredProtocol",
    "Registers",
    "RequestEvent",
    "RequestState",
    "RequestType",
    "ResetEvent",
    "ResetState",
    "ResourceType",
    "Route",
    "ScatterGather",
    "ScatterGatherList",
    "ScatterGatherStatistics",
    "SendStatistics",
    "Stack",
    "Text",
    "Transferred",
    "UnbindContext",
    "Version",
    "Wrapper",
    "answer_query",
    "check_address",
    "check_setting",
    "classify_destination",
    "combine_filters",
    "current_ndis",
    "decode_oid",
    "encode_oid",
    "mandatory_oids",
    "oid_name",
    "open_stack",
    "supported_oids",
]
