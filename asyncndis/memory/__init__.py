"""Floor 3: buffers, chains, packets, pools and the memory behind them."""

from .borrow import Borrow
from .buffer import Buffer, Memory, Priority
from .buffers import BufferPool
from .chain import Chain, PacketCounts
from .creation import PoolCreation
from .descriptor import Descriptor
from .layout import PACKET_LAYOUTS, PacketLayout, packet_size
from .metadata import PACKET_STACKS, Metadata
from .oob import NdisPacketFlags, OutOfBandData, PacketFlags, PerPacketInfo, ProtocolId
from .packet import FirstBuffer, Packet
from .packets import PACKET_POOL_LIMIT, PacketPool
from .pool import DescriptorPool
from .provider import PAGE_SIZE, Block, HeapProvider, MemoryProvider
from .states import BUFFER_STATES, PACKET_STATES, BufferEvent, BufferState, PacketEvent, PacketState
from .statistics import LeakReport, PoolStatistics
from .watermarks import Watermarks

__all__ = [
    "BUFFER_STATES",
    "PACKET_LAYOUTS",
    "PACKET_POOL_LIMIT",
    "PACKET_STACKS",
    "PACKET_STATES",
    "PAGE_SIZE",
    "Block",
    "Borrow",
    "Buffer",
    "BufferEvent",
    "BufferPool",
    "BufferState",
    "Chain",
    "Descriptor",
    "DescriptorPool",
    "FirstBuffer",
    "HeapProvider",
    "LeakReport",
    "Memory",
    "MemoryProvider",
    "Metadata",
    "NdisPacketFlags",
    "OutOfBandData",
    "Packet",
    "PacketCounts",
    "PacketEvent",
    "PacketFlags",
    "PacketLayout",
    "PacketPool",
    "PacketState",
    "PerPacketInfo",
    "PoolCreation",
    "PoolStatistics",
    "Priority",
    "ProtocolId",
    "Watermarks",
    "packet_size",
]
