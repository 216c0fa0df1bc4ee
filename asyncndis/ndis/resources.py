"""What a miniport takes through its adapter: pools, memory, map registers, interrupts, timers, its configuration.

Source: the pages of MiniportInitialize, NdisMRegisterInterrupt, NdisMInitializeTimer, NdisMAllocateMapRegisters,
NdisMAllocateSharedMemory and NdisOpenConfiguration. Hardware is claimed in MiniportInitialize only (LIFE-08, LIFE-11),
and each claim is entered, so that NDIS can tell what a halt or a failed initialization has forgotten.
"""

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from asyncndis.base import NdisError, NdisStatus, Probe, RuleViolation, check_instance
from asyncndis.kernel import Irql, Kernel, Timer
from asyncndis.memory import Block, BufferPool, DmaSize, MapRegisters, PacketPool, SharedMemory

from .claims import Claims
from .configuration import Configuration, ConfigurationHandle, ConfigurationValue
from .frames import FramePool
from .interrupts import Interrupt
from .media import AdapterAttributes, InterruptMode
from .states import AdapterState
from .watched import Watched

if TYPE_CHECKING:
    from .adapter import Adapter

__all__ = ["Resources"]

_INITIALIZING = (AdapterState.INITIALIZING,)


class Resources:
    """The part of an adapter that its miniport takes things from.

    :ivar name: of the adapter
    :ivar nic: the hardware behind it, as it was given to the stack; its miniport knows its kind
    :ivar kernel: whose timers and DPCs it uses
    :ivar probe: who watches
    :ivar claims: what was taken and not given back
    :ivar shared_memory: the books of the memory that driver and NIC share
    :ivar attributes: what NdisMSetAttributesEx was given
    """

    def __init__(
        self, name: str, nic: object, kernel: Kernel, probe: Probe | None, keys: Mapping[str, ConfigurationValue]
    ) -> None:
        self.name = name
        self.nic = nic
        self.kernel = kernel
        self.probe = probe
        self.claims = Claims()
        self.shared_memory = SharedMemory(name=f"shared memory of {name}")
        self.attributes = AdapterAttributes(0)
        self._blocks: list[Block] = []
        self._map_registers: MapRegisters | None = None
        self._configuration = Configuration(keys, name=f"configuration of {name}")
        self._interrupts: list[Interrupt] = []

    if TYPE_CHECKING:  # what an adapter knows of itself

        @property
        def state(self) -> AdapterState:
            """Where it is in its life."""
            ...

    async def allocate_buffers(self, count: int, *, name: str = "buffers") -> BufferPool:
        """Allocate a buffer pool for this adapter (NdisAllocateBufferPool). IRQL: <= DISPATCH, no spin lock held.

        Rules: POOL-01, POOL-02, POOL-05. It is to be freed when the adapter halts (POOL-06).

        :param count: how many descriptors; a ring-DMA NIC needs as many as its ring has
        :param name: for messages
        """
        pool = await BufferPool.create(count, name=f"{name} of {self.name}")
        self.claims.enter(f"pool {pool.name!r}", "POOL-06", lambda: not pool.closed, pool.aclose, pool)
        return pool

    async def allocate_packets(
        self, count: int, *, overflow: int = 0, protocol_reserved_length: int = 32, name: str = "packets"
    ) -> PacketPool:
        """Allocate a packet pool for this adapter (NdisAllocatePacketPoolEx). IRQL: <= DISPATCH, no spin lock held.

        Rules: POOL-11 to POOL-15. It is to be freed when the adapter halts (POOL-06).

        :param count: how many descriptors
        :param overflow: how many more while all of these are out
        :param protocol_reserved_length: 32 bytes for packets that are indicated
        :param name: for messages
        """
        pool = await PacketPool.create(
            count,
            overflow=overflow,
            protocol_reserved_length=protocol_reserved_length,
            name=f"{name} of {self.name}",
        )
        self.claims.enter(f"pool {pool.name!r}", "POOL-06", lambda: not pool.closed, pool.aclose, pool)
        return pool

    async def allocate_frames(self, count: int, *, name: str = "frames") -> FramePool:
        """Allocate a pool of packets with one buffer each, ready to be indicated.

        IRQL: <= DISPATCH, no spin lock held. Rules as :meth:`allocate_packets`.

        :param count: how many
        :param name: for messages
        """
        pool = await FramePool.create(count, name=f"{name} of {self.name}", header_size=14)
        self.claims.enter(f"pool {pool.name!r}", "POOL-06", lambda: not pool.closed, pool.aclose, pool)
        return pool

    def allocate_shared_memory(self, length: int, *, cached: bool = False) -> Block:
        """Allocate memory that driver and NIC share (NdisMAllocateSharedMemory). IRQL: PASSIVE.

        Rules: IRQL-07, LIFE-11.

        :param length: in bytes
        :param cached: whether it may be cached
        :returns: the memory; ``physical_address`` is what the NIC is told
        :raises NdisError: RESOURCES, when there is none
        """
        self.require_initializing("NdisMAllocateSharedMemory")
        block = self.shared_memory.allocate(length, cached=cached)
        self._enter_block(block, cached=cached)
        return block

    def free_shared_memory(
        self, block: Block, *, cached: bool = False, length: int | None = None, physical_address: int | None = None
    ) -> None:
        """Free shared memory, with the arguments of its allocation (NdisMFreeSharedMemory). IRQL: <= DISPATCH.

        :param block: the memory, all of it
        :param cached: as it was allocated
        :param length: as it was allocated; None for the block's own
        :param physical_address: as it was allocated; None for the block's own
        :raises RuleViolation: DMA-04
        """
        self.shared_memory.free(block, cached=cached, length=length, physical_address=physical_address)
        self._blocks = [other for other in self._blocks if other is not block]

    def allocate_map_registers(
        self, count: int, maximum_buffer_size: int, *, dma_size: DmaSize = DmaSize.BITS_32
    ) -> MapRegisters:
        """Allocate map registers (NdisMAllocateMapRegisters). IRQL: PASSIVE. Rules: DMA-03, LIFE-01, LIFE-11.

        :param count: how many buffers are to be mapped at once
        :param maximum_buffer_size: the longest of them, in bytes
        :param dma_size: how wide the NIC's addresses are
        :raises NdisError: RESOURCES, for more than 64 in all, or without the attribute BUS_MASTER
        """
        self.require_initializing("NdisMAllocateMapRegisters")
        if not self.attributes & AdapterAttributes.BUS_MASTER:
            raise NdisError(
                f"{self.name} asks for map registers and is no bus master; give AdapterAttributes.BUS_MASTER to "
                "set_attributes() before (LIFE-01)",
                NdisStatus.RESOURCES,
            )
        registers = MapRegisters(count, maximum_buffer_size, dma_size=dma_size, name=f"map registers of {self.name}")
        self._map_registers = registers
        self.claims.enter(
            "map registers",
            "LIFE-03",
            lambda: self._map_registers is registers,
            self.free_map_registers,
            registers,
        )
        return registers

    def free_map_registers(self) -> None:
        """Give the map registers up (NdisMFreeMapRegisters). IRQL: PASSIVE. Rule: DMA-02."""
        if self._map_registers is not None:
            self._map_registers.free()
            self._map_registers = None

    def view_at(self, physical_address: int, length: int) -> memoryview:
        """The bytes that the NIC finds at an address: in shared memory, or behind a map register. IRQL: any.

        :param physical_address: as the NIC was told it
        :param length: in bytes
        :raises RuleViolation: DMA-05 where it runs past shared memory, DMA-01 where nothing is there
        """
        start, window = self.window_at(physical_address, length)
        offset = physical_address - start
        return window[offset : offset + length]

    def window_at(self, physical_address: int, length: int) -> tuple[int, memoryview]:
        """The contiguous memory around such bytes, for a NIC that goes through many of them in a step. IRQL: any.

        :param physical_address: as in :meth:`view_at`
        :param length: in bytes
        :returns: where the memory begins for the NIC, and its bytes
        :raises RuleViolation: as :meth:`view_at`
        """
        for block in self._blocks:
            offset = physical_address - block.physical_address
            if 0 <= offset < len(block):
                if offset + length > len(block):
                    raise RuleViolation(
                        "DMA-05",
                        f"{self.name}: {length} bytes at {physical_address:#x} run past {block!r}; give the NIC "
                        "addresses within it",
                        block,
                    )
                return block.physical_address, block.view
        if self._map_registers is not None:
            return physical_address, self._map_registers.view_at(physical_address, length)
        raise RuleViolation(
            "DMA-01", f"{self.name}: its NIC was given {physical_address:#x}, which is no shared memory and not mapped"
        )

    def register_interrupt(
        self,
        line: Callable[[], bool],
        *,
        vector: int = 0,
        level: int = Irql.DIRQL,
        request_isr: bool = True,
        shared: bool = False,
        mode: InterruptMode = InterruptMode.LEVEL_SENSITIVE,
    ) -> Interrupt:
        """Register the interrupt, the last step of initialization (NdisMRegisterInterrupt). IRQL: PASSIVE.

        Rules: LIFE-08. The service routine may run before this returns.

        :param line: tells whether the device asserts its line
        :param vector: the bus's number for it
        :param level: its IRQL, from DIRQL to DIRQL_MAX
        :param request_isr: whether MiniportISR is called for every interrupt
        :param shared: whether other devices use the same line; then MiniportISR is requested (DDK)
        :param mode: how the device uses the line
        :returns: the interrupt, whose ``fire`` is what the device calls when its line goes up
        :raises NdisError: RESOURCE_CONFLICT, when it is shared and MiniportISR is not requested
        """
        self.require_initializing("NdisMRegisterInterrupt", "LIFE-08")
        if not callable(line):
            raise TypeError(f"line is a function that tells whether the line is up, not {type(line).__name__}")
        if shared and not request_isr:
            raise NdisError(
                f"{self.name}: a shared interrupt needs request_isr=True, to tell whose it is",
                NdisStatus.RESOURCE_CONFLICT,
            )
        interrupt = Interrupt(
            self._as_adapter(),
            line,
            vector=vector,
            level=level,
            request_isr=request_isr,
            shared=shared,
            mode=mode,
        )
        self._interrupts.append(interrupt)
        self.claims.enter(interrupt.name, "LIFE-08", lambda: interrupt.registered, interrupt.deregister, interrupt)
        if self.probe is not None:
            self.probe.after("NdisMRegisterInterrupt", interrupt)
        return interrupt

    def timer(self, function: Callable[..., object], *arguments: object, name: str = "timer") -> Timer:
        """Make a timer of this adapter (NdisMInitializeTimer). IRQL: PASSIVE. Rules: LIFE-06, LIFE-07.

        :param function: runs at DISPATCH_LEVEL; in its turn with the handlers of a serialized miniport
        :param arguments: what it is called with
        :param name: for messages
        """
        if inspect.iscoroutinefunction(function):
            raise TypeError(f"the function of {name!r} is a plain function, since it runs in a DPC and may not wait")
        adapter = self._as_adapter()
        if self.probe is not None:
            self.probe.before("NdisMInitializeTimer", adapter, name)

        def tick(*given: object) -> None:
            with Watched(self.probe, "MiniportTimer", adapter):
                adapter.gate.run(adapter.guard, name, function, *given)

        timer = Timer(tick, *arguments, kernel=self.kernel, name=f"{name} of {self.name}")

        async def stop() -> None:
            timer.cancel()

        self.claims.enter(f"timer {name!r}", "LIFE-06", lambda: timer.armed or timer.pending, stop, timer)
        return timer

    def open_configuration(self) -> ConfigurationHandle:
        """Open the adapter's configuration (NdisOpenConfiguration). IRQL: PASSIVE. Rule: LIFE-12."""
        handle = self._configuration.open()
        self.claims.enter("an open configuration", "LIFE-12", lambda: not handle.is_closed, handle.close)
        return handle

    def require_initializing(self, operation: str, rule: str = "LIFE-11") -> None:
        """Refuse what is legal only in MiniportInitialize.

        :raises RuleViolation: LIFE-11, LIFE-08
        """
        check_instance("operation", operation, str)
        if self.probe is not None:
            self.probe.before(operation, self)
        if self.state not in _INITIALIZING:
            raise RuleViolation(
                rule,
                f"{self.name} calls {operation} while it is {self.state.value}; claim hardware in MiniportInitialize",
                self,
            )

    def _enter_block(self, block: Block, *, cached: bool) -> None:
        """Shared memory was allocated."""
        self._blocks.append(block)

        def free() -> None:
            self.free_shared_memory(block, cached=cached)

        self.claims.enter(f"{len(block)} bytes of shared memory", "LIFE-03", lambda: block in self._blocks, free, block)

    def _as_adapter(self) -> "Adapter":
        raise AssertionError("only an adapter has resources")
