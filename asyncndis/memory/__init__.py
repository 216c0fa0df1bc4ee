"""Floor 3: buffers, chains, packets, pools and the memory behind them."""

from .borrow import Borrow
from .buffer import Buffer, BufferState, Memory, Priority
from .buffers import BufferPool
from .creation import PoolCreation
from .descriptor import Descriptor
from .pool import DescriptorPool
from .provider import PAGE_SIZE, Block, HeapProvider, MemoryProvider
from .statistics import LeakReport, PoolStatistics
from .watermarks import Watermarks

__all__ = [
    "PAGE_SIZE",
    "Block",
    "Borrow",
    "Buffer",
    "BufferPool",
    "BufferState",
    "Descriptor",
    "DescriptorPool",
    "HeapProvider",
    "LeakReport",
    "Memory",
    "MemoryProvider",
    "PoolCreation",
    "PoolStatistics",
    "Priority",
    "Watermarks",
]
