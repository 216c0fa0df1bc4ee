"""How a miniport reaches its hardware: assigned resources, register windows, scatter/gather DMA, its error log.

Source: the pages of NdisMQueryAdapterResources, NdisMMapIoSpace, NdisMRegisterIoPortRange, NdisMRegisterInterrupt,
NdisMInitializeScatterGatherDma, NdisMGetDmaAlignment, NdisMAllocateSharedMemoryAsync and NdisWriteErrorLogEntry. What
a driver in C finds on its bus is there once the NIC is plugged in: ``Driver.add_device`` does that.
"""

from collections.abc import Callable
from typing import Protocol as Interface
from typing import runtime_checkable

from asyncndis.base import NdisError, NdisStatus, RuleViolation, check_integer
from asyncndis.memory import Block, MapRegisters

from .error_log import ErrorLog
from .interrupts import Interrupt
from .io_space import (
    AssignedInterrupt,
    AssignedRange,
    AssignedResource,
    IoAddress,
    IoSpace,
    Registers,
    ResourceType,
    assign_resources,
)
from .media import AdapterAttributes, InterruptMode
from .outcome import Outcome
from .resources import Resources
from .scatter_gather import ScatterGather

__all__ = ["DeviceAccess", "Pluggable"]

_HEAD, _DESCRIPTOR = 8, 20  # bytes of a CM_PARTIAL_RESOURCE_LIST and of each descriptor in it, on 64 bits
_DMA_ALIGNMENT = 8


@runtime_checkable
class Pluggable(Interface):
    """Hardware that is plugged into the bus of a machine."""

    def plug(self, bus: "DeviceAccess", on_interrupt: Callable[[], object], /) -> None:
        """Be powered up, with memory to reach and an interrupt line to raise."""
        ...

    def unplug(self) -> None:
        """Be taken out."""
        ...

    def line(self) -> bool:
        """Whether the interrupt line is up."""
        ...


class DeviceAccess(Resources):
    """The part of an adapter that leads to its NIC.

    :ivar scatter_gather: where the miniport uses it
    """

    scatter_gather: ScatterGather | None = None
    _assigned: tuple[AssignedResource, ...] = ()
    _spaces: tuple[IoSpace, ...] = ()
    _error_log: ErrorLog | None = None
    _is_plugged = False

    # The bus

    def plug_in(self) -> None:
        """Put the NIC into a slot of the machine, which assigns it resources. IRQL: PASSIVE."""
        if isinstance(self.nic, Pluggable):
            self._assigned = assign_resources(self.nic, self._as_adapter().library.next_slot())
            self.nic.plug(self, self._interrupted)
            self._is_plugged = True

    def unplug(self) -> None:
        """Take the NIC out, if it was put in. IRQL: PASSIVE."""
        if self._is_plugged and isinstance(self.nic, Pluggable):
            self._is_plugged = False
            self.nic.unplug()

    def _interrupted(self) -> None:
        """The NIC has raised its line."""
        for interrupt in self._interrupts:
            if interrupt.registered:
                interrupt.fire()

    # Resources

    @property
    def resources_size(self) -> int:
        """The bytes of the list that :meth:`query_resources` answers, as C has it. IRQL: any."""
        return _HEAD + _DESCRIPTOR * len(self._assigned)

    def query_resources(self, room: int | None = None) -> tuple[AssignedResource, ...]:
        """The resources that are assigned to the NIC (NdisMQueryAdapterResources). IRQL: PASSIVE.

        :param room: the bytes that there is room for; None for enough
        :returns: ranges of ports and memory, and the interrupt; nothing for a NIC that is not plugged in
        :raises NdisError: RESOURCES, when there is too little room
        """
        self.require_initializing("NdisMQueryAdapterResources")
        if room is not None:
            check_integer("room", room)
            if room < self.resources_size:
                raise NdisError(
                    f"{self.name}: its resources take {self.resources_size} bytes, not {room}", NdisStatus.RESOURCES
                )
        return self._assigned

    def map_io_space(self, physical_address: int, length: int) -> IoAddress:
        """Map registers of the NIC (NdisMMapIoSpace). IRQL: PASSIVE. Rules: LIFE-01, LIFE-11.

        :param physical_address: within an assigned range of memory
        :param length: in bytes
        :returns: where they begin
        :raises NdisError: RESOURCE_CONFLICT where they are not the NIC's, or mapped already; RESOURCES
        """
        return self._claim_space("NdisMMapIoSpace", ResourceType.MEMORY, physical_address, length)

    def unmap_io_space(self, address: IoAddress, length: int) -> None:
        """Give registers up (NdisMUnmapIoSpace), with the length that they were mapped with. IRQL: PASSIVE.

        :param address: what :meth:`map_io_space` returned
        :param length: as it was given there
        :raises RuleViolation: LIFE-03 when that is not mapped
        """
        self._give_up("NdisMUnmapIoSpace", address, address.space.start, length)

    def register_io_ports(self, first: int, count: int) -> IoAddress:
        """Register I/O ports of the NIC (NdisMRegisterIoPortRange). IRQL: PASSIVE. Rules: LIFE-01, LIFE-11.

        :param first: within an assigned range of ports
        :param count: how many
        :returns: where they begin
        :raises NdisError: RESOURCE_CONFLICT where they are not the NIC's, or registered already; RESOURCES
        """
        return self._claim_space("NdisMRegisterIoPortRange", ResourceType.PORT, first, count)

    def deregister_io_ports(self, first: int, count: int, address: IoAddress) -> None:
        """Give ports up (NdisMDeregisterIoPortRange), with what they were registered with. IRQL: PASSIVE.

        :param first: as it was given there
        :param count: as it was given there
        :param address: what :meth:`register_io_ports` returned
        :raises RuleViolation: LIFE-03 when that is not registered
        """
        self._give_up("NdisMDeregisterIoPortRange", address, first, count)

    def connect_interrupt(
        self,
        vector: int,
        level: int,
        *,
        request_isr: bool,
        shared: bool,
        mode: InterruptMode = InterruptMode.LEVEL_SENSITIVE,
    ) -> Interrupt:
        """Register the interrupt that is assigned to the NIC (NdisMRegisterInterrupt). IRQL: PASSIVE. Rule: LIFE-08.

        :param vector: as it is assigned
        :param level: as it is assigned
        :param request_isr: whether MiniportISR is called for every interrupt
        :param shared: whether other devices use the same line
        :param mode: how the device uses the line
        :raises NdisError: RESOURCE_CONFLICT for another interrupt, or a shared one without ``request_isr``; RESOURCES
        """
        if AssignedInterrupt(ResourceType.INTERRUPT, level, vector) not in self._assigned:
            raise NdisError(
                f"{self.name}: interrupt {vector} at level {level} is not assigned to it", NdisStatus.RESOURCE_CONFLICT
            )
        self._refuse_sometimes("NdisMRegisterInterrupt")
        assert isinstance(self.nic, Pluggable)  # or no interrupt would be assigned
        return self.register_interrupt(
            self.nic.line, vector=vector, level=level, request_isr=request_isr, shared=shared, mode=mode
        )

    # Direct memory access

    @property
    def dma_alignment(self) -> int:
        """What memory for DMA is to be aligned to, in bytes (NdisMGetDmaAlignment). IRQL: PASSIVE."""
        return _DMA_ALIGNMENT

    @property
    def map_registers(self) -> MapRegisters:
        """The map registers that were allocated. IRQL: any.

        :raises RuleViolation: DMA-01 when none were
        """
        if self._map_registers is None:
            raise RuleViolation(
                "DMA-01", f"{self.name} has no map registers; allocate them in MiniportInitialize", self
            )
        return self._map_registers

    def initialize_scatter_gather(self, maximum: int, *, wide: bool = False) -> ScatterGather:
        """Have packets come with a scatter/gather list (NdisMInitializeScatterGatherDma). IRQL: PASSIVE. Rule: LIFE-01.

        :param maximum: the longest packet with its header, in bytes
        :param wide: whether the NIC has addresses of 64 bits, not 32
        :raises NdisError: NOT_SUPPORTED without the attribute BUS_MASTER, or with map registers; RESOURCES
        """
        operation = "NdisMInitializeScatterGatherDma"
        self.require_initializing(operation)
        if not self.attributes & AdapterAttributes.BUS_MASTER or self._map_registers is not None:
            raise NdisError(
                f"{self.name} asks for scatter/gather DMA; that is for a bus master without map registers",
                NdisStatus.NOT_SUPPORTED,
            )
        self._refuse_sometimes(operation)
        self.scatter_gather = ScatterGather(f"scatter/gather of {self.name}", maximum, wide=wide)
        return self.scatter_gather

    def window_at(self, physical_address: int, length: int) -> tuple[int, memoryview]:
        """As :meth:`Resources.window_at`, and the bytes of packets that have a scatter/gather list. IRQL: any.

        :param physical_address: as the NIC was told it
        :param length: in bytes
        """
        if self.scatter_gather is not None:
            view = self.scatter_gather.view_at(physical_address, length)
            if view is not None:
                return physical_address, view
        return super().window_at(physical_address, length)

    def allocate_shared_memory_later(self, length: int, *, cached: bool = False, context: object = None) -> None:
        """Ask for memory that driver and NIC share (NdisMAllocateSharedMemoryAsync). IRQL: <= DISPATCH. Not in halt.

        MiniportAllocateComplete gets it, or None.

        :param length: in bytes
        :param cached: whether it may be cached
        :param context: the driver's own
        :raises NdisError: FAILURE, when it cannot even be asked for
        """
        handler = self._as_adapter().handler("MiniportAllocateComplete", "allocate_complete")
        if handler is None:
            raise NdisError(f"{self.name} has no MiniportAllocateComplete", NdisStatus.FAILURE)
        found: list[Block | None] = []
        arrival = Outcome()

        def complete(block: Block | None, _length: int, _context: object) -> None:
            found.append(block)
            arrival.set(length)

        async def deliver() -> None:
            await arrival.wait()
            block = found[0]
            if block is not None:
                self._enter_block(block, cached=cached)
            await handler.run(block, length, context)

        self.shared_memory.allocate_later(length, cached=cached, complete=complete)
        self._as_adapter().group.start_soon(deliver, name=f"shared memory of {self.name}")

    # Saying what is wrong

    def write_error_log(self, code: int, *values: int) -> None:
        """Write an entry into the error log (NdisWriteErrorLogEntry). IRQL: <= DISPATCH.

        :param code: one of ``ErrorCode``
        :param values: 32-bit numbers that mean something to whoever reads the log
        """
        operation = "NdisWriteErrorLogEntry"
        if self.probe is not None:
            self.probe.before(operation, self, code, *values)
        self.error_log.write(code, *values)
        if self.probe is not None:
            self.probe.after(operation, self, code, *values)

    @property
    def error_log(self) -> ErrorLog:
        """What the miniport has said of its hardware. IRQL: any."""
        if self._error_log is None:
            self._error_log = ErrorLog(self.name)
        return self._error_log

    def _claim_space(self, operation: str, kind: ResourceType, start: int, length: int) -> IoAddress:
        check_integer("start", start, 0, (1 << 64) - 1)
        check_integer("length", length, 1)
        self.require_initializing(operation)
        self._as_adapter().require_attributes(operation)
        within = [range_ for range_ in self._assigned if isinstance(range_, AssignedRange) and range_.type is kind]
        if not any(one.start <= start and start + length <= one.start + one.length for one in within) or any(
            space.is_mapped and space.type is kind and space.overlaps(start, length) for space in self._spaces
        ):
            raise NdisError(
                f"{self.name}: {length} at {kind.name.lower()} {start:#x} are not assigned to it, or claimed already",
                NdisStatus.RESOURCE_CONFLICT,
            )
        self._refuse_sometimes(operation)
        assert isinstance(self.nic, Registers)
        space = IoSpace(self.nic, within[0], start, length, self.probe)
        self._spaces = (*self._spaces, space)
        self.claims.enter(repr(space), "LIFE-03", lambda: space.is_mapped, lambda: self._forget_space(space), space)
        if self.probe is not None:
            self.probe.after(operation, self, space)
        return IoAddress(space)

    def _give_up(self, operation: str, address: IoAddress, start: int, length: int) -> None:
        space = address.space
        if self.probe is not None:
            self.probe.before(operation, self, space)
        if space not in self._spaces or not space.is_mapped or (start, length) != (space.start, space.length):
            raise RuleViolation(
                "LIFE-03",
                f"{self.name} gives up {length} at {start:#x}, which is not what {space!r} is; give it up once, as it "
                "was claimed",
                space,
            )
        self._forget_space(space)
        if self.probe is not None:
            self.probe.after(operation, self, space)

    def _forget_space(self, space: IoSpace) -> None:
        space.is_mapped = False
        self._spaces = tuple(other for other in self._spaces if other is not space)

    def _refuse_sometimes(self, operation: str) -> None:
        """Low resources, where somebody wants to see what the driver does."""
        if self.probe is not None and self.probe.fails(operation, self):
            raise NdisError(f"{self.name}: {operation} finds no room", NdisStatus.RESOURCES)
