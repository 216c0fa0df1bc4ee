"""Floor 3: buffers, chains, packets, pools and the memory behind them."""

from .arena import Arena, ArenaState, ArenaStatistics
from .borrow import Borrow
from .buffer import Buffer, Memory, Priority
from .buffers import BufferPool
from .chain import Chain, PacketCounts
from .creation import PoolCreation
from .descriptor import Descriptor
from .layout import PACKET_LAYOUTS, PacketLayout, packet_size
from .lookaside import LookasideList, LookasideStatistics
from .mapregisters import MAP_REGISTER_LIMIT, DmaSize, MapRegisters, MapRegisterStatistics, PhysicalFragment
from .metadata import PACKET_STACKS, Metadata
from .oob import NdisPacketFlags, OutOfBandData, PacketFlags, PerPacketInfo, ProtocolId
from .packet import FirstBuffer, Packet
from .packets import PACKET_POOL_LIMIT, PacketPool
from .pool import DescriptorPool
from .provider import PAGE_SIZE, Block, HeapProvider, MemoryProvider
from .rawmemory import equal_memory, fill_memory, move_memory, zero_memory
from .shared import SharedMemory, SharedMemoryStatistics, create_lookahead_buffer, destroy_lookahead_buffer
from .states import BUFFER_STATES, PACKET_STATES, BufferEvent, BufferState, PacketEvent, PacketState
from .statistics import LeakReport, PoolStatistics
from .tagged import DriverMemory, DriverMemoryStatistics, MemoryFlags, driver_memory
from .watermarks import Watermarks

__all__ = [
    "BUFFER_STATES",
    "MAP_REGISTER_LIMIT",
    "PACKET_LAYOUTS",
    "PACKET_POOL_LIMIT",
    "PACKET_STACKS",
    "PACKET_STATES",
    "PAGE_SIZE",
    "Arena",
    "ArenaState",
    "ArenaStatistics",
    "Block",
    "Borrow",
    "Buffer",
    "BufferEvent",
    "BufferPool",
    "BufferState",
    "Chain",
    "Descriptor",
    "DescriptorPool",
    "DmaSize",
    "DriverMemory",
    "DriverMemoryStatistics",
    "FirstBuffer",
    "HeapProvider",
    "LeakReport",
    "LookasideList",
    "LookasideStatistics",
    "MapRegisterStatistics",
    "MapRegisters",
    "Memory",
    "MemoryFlags",
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
    "PhysicalFragment",
    "PoolCreation",
    "PoolStatistics",
    "Priority",
    "ProtocolId",
    "SharedMemory",
    "SharedMemoryStatistics",
    "Watermarks",
    "create_lookahead_buffer",
    "destroy_lookahead_buffer",
    "driver_memory",
    "equal_memory",
    "fill_memory",
    "move_memory",
    "packet_size",
    "zero_memory",
]
