"""What an adapter knows of its NIC: slots, resources, windows, interrupts, shared memory that comes later."""

from collections.abc import Callable
from typing import Any

import pytest

from asyncndis.base import NdisError, NdisStatus, Probe, RuleViolation, observe
from asyncndis.memory import Block, HeapProvider, SharedMemory
from asyncndis.ndis import (
    Adapter,
    AssignedInterrupt,
    AssignedRange,
    AssignedResource,
    Interrupt,
    Ndis,
    Recognized,
    ResourceType,
)
from asyncndis.nic import BusMasterNic, Loopback, SimpleNic
from tests.support.loops import settle
from tests.support.scripted import Scripted

pytestmark = pytest.mark.every_loop


class Acting(Scripted):
    """A miniport that does something while it initializes."""

    def __init__(self, act: Callable[[Adapter], Any], **options: Any) -> None:
        super().__init__(**options)
        self.act = act
        self.memory: list[tuple[object, ...]] = []

    async def initialize(self, adapter: Adapter) -> Any:
        await super().initialize(adapter)
        return self.act(adapter)

    def allocate_complete(self, memory: object, length: int, context: object) -> None:
        assert memory is None or isinstance(memory, Block)
        self.memory.append((memory is not None, length, context))


async def test_a_nic_is_plugged_in_and_out() -> None:
    nic = SimpleNic()
    async with Ndis() as ndis:
        adapter = await ndis.add_adapter(Acting(lambda adapter: None), nic=nic, plugged=True)
        with pytest.raises(ValueError, match="is plugged in already"):
            nic.plug(None, lambda: None)
        await ndis.halt_adapter(adapter)
        nic.plug(None, lambda: None)
        nic.unplug()


async def test_a_nic_is_taken_out_when_its_adapter_does_not_start() -> None:
    nic = SimpleNic()
    async with Ndis() as ndis:
        with pytest.raises(NdisError):
            await ndis.add_adapter(Acting(lambda adapter: NdisStatus.FAILURE), nic=nic, plugged=True)
        nic.plug(None, lambda: None)


async def test_every_nic_has_a_slot_of_its_own() -> None:
    found: list[tuple[AssignedResource, ...]] = []
    async with Ndis() as ndis:
        for nic in (BusMasterNic("one"), BusMasterNic("two")):
            await ndis.add_adapter(
                Acting(lambda adapter: found.append(adapter.query_resources())), nic=nic, plugged=True
            )
    firsts = [[resource.start for resource in one if isinstance(resource, AssignedRange)] for one in found]
    assert firsts == [[0x1000, 0xFEB0_0000], [0x1400, 0xFEB0_1000]]
    assert [one[-1] for one in found] == [AssignedInterrupt(ResourceType.INTERRUPT, 3, vector) for vector in (16, 17)]


async def test_a_nic_that_its_miniport_plugs_in_has_no_resources() -> None:
    def act(adapter: Adapter) -> None:
        assert adapter.query_resources() == ()
        assert adapter.resources_size == 8
        with pytest.raises(NdisError) as error:
            adapter.connect_interrupt(16, 3, request_isr=True, shared=False)
        assert error.value.status is NdisStatus.RESOURCE_CONFLICT

    async with Ndis() as ndis:
        await ndis.add_adapter(Acting(act), nic=BusMasterNic())


async def test_resources_are_claimed_in_initialization_only() -> None:
    async with Ndis() as ndis:
        adapter = await ndis.add_adapter(Acting(lambda adapter: None), nic=BusMasterNic(), plugged=True)
        for claim in (
            adapter.query_resources,
            lambda: adapter.map_io_space(0xFEB0_0000, 4),
            lambda: adapter.register_io_ports(0x1000, 4),
            lambda: adapter.initialize_scatter_gather(1514),
        ):
            with pytest.raises(RuleViolation, match="claim hardware in MiniportInitialize") as violation:
                claim()
            assert violation.value.rule == "LIFE-11"


async def test_what_is_forgotten_is_given_up() -> None:
    def act(adapter: Adapter) -> None:
        ports, memory, interrupt = adapter.query_resources()
        assert isinstance(ports, AssignedRange)
        assert isinstance(memory, AssignedRange)
        assert interrupt == AssignedInterrupt(ResourceType.INTERRUPT, 3, 16)
        windows.append(adapter.map_io_space(memory.start, 64).space)
        windows.append(adapter.register_io_ports(ports.start, 64).space)

    windows: list[Any] = []
    async with Ndis() as ndis:
        await ndis.add_adapter(Acting(act), nic=BusMasterNic(), plugged=True)
        assert [window.is_mapped for window in windows] == [True, True]
    assert [window.is_mapped for window in windows] == [False, False]


async def test_shared_memory_that_comes_later() -> None:
    async with Ndis() as ndis:
        rig = Acting(lambda adapter: None)
        adapter = await ndis.add_adapter(rig)
        adapter.allocate_shared_memory_later(256, cached=True, context="ring")
        await settle()
        assert rig.memory == [(True, 256, "ring")]
        assert adapter.shared_memory.statistics().used == 256
        await ndis.halt_adapter(adapter)
        assert adapter.shared_memory.statistics().used == 0


async def test_without_a_handler_no_shared_memory_comes() -> None:
    async with Ndis() as ndis:
        adapter = await ndis.add_adapter(Scripted())
        with pytest.raises(NdisError, match="has no MiniportAllocateComplete") as error:
            adapter.allocate_shared_memory_later(256)
        assert error.value.status is NdisStatus.FAILURE


async def test_without_map_registers_nothing_is_mapped() -> None:
    async with Ndis() as ndis:
        adapter = await ndis.add_adapter(Scripted())
        with pytest.raises(RuleViolation, match="has no map registers") as violation:
            _ = adapter.map_registers
        assert violation.value.rule == "DMA-01"
        assert adapter.dma_alignment == 8


async def test_either_map_registers_or_lists() -> None:
    def act(adapter: Adapter) -> None:
        adapter.allocate_map_registers(4, 1514)
        with pytest.raises(NdisError) as error:
            adapter.initialize_scatter_gather(1514)
        assert error.value.status is NdisStatus.NOT_SUPPORTED

    async with Ndis() as ndis:
        await ndis.add_adapter(Acting(act))


async def test_shared_memory_that_does_not_come() -> None:
    class Empty(HeapProvider):
        def allocate(self, length: int, *, alignment: int = 16) -> Block:
            raise NdisError("there is none", NdisStatus.RESOURCES)

    async with Ndis() as ndis:
        rig = Acting(lambda adapter: None)
        adapter = await ndis.add_adapter(rig)
        adapter.shared_memory = SharedMemory(Empty())
        adapter.allocate_shared_memory_later(256)
        await settle()
        assert rig.memory == [(False, 256, None)]


async def test_a_nic_that_reads_lists_and_shared_memory() -> None:
    blocks: list[Block] = []

    def act(adapter: Adapter) -> None:
        adapter.initialize_scatter_gather(1514)
        blocks.append(adapter.allocate_shared_memory(64))

    async with Ndis() as ndis:
        adapter = await ndis.add_adapter(Acting(act))
        assert len(adapter.view_at(blocks[0].physical_address + 4, 8)) == 8
        with pytest.raises(RuleViolation, match="is no shared memory and not mapped"):
            adapter.view_at(0x1234, 8)


async def test_the_probe_is_told_of_windows() -> None:
    class Diary(Probe):
        def __init__(self) -> None:
            self.told: list[tuple[str, str]] = []

        def before(self, operation: str, subject: object, *arguments: object) -> None:
            self.told.append(("before", operation))

        def after(self, operation: str, subject: object, *arguments: object) -> None:
            self.told.append(("after", operation))

    def act(adapter: Adapter) -> None:
        adapter.unmap_io_space(adapter.map_io_space(0xFEB0_0000, 64), 64)
        ports = adapter.register_io_ports(0x1000, 8)
        with pytest.raises(RuleViolation, match="gives up 9 at 0x1000") as violation:
            adapter.deregister_io_ports(0x1000, 9, ports)
        assert violation.value.rule == "LIFE-03"
        adapter.deregister_io_ports(0x1000, 8, ports)

    with observe(Diary()) as diary:
        async with Ndis() as ndis:
            await ndis.add_adapter(Acting(act), nic=BusMasterNic(), plugged=True)
    assert isinstance(diary, Diary)
    names = ("MapIoSpace", "UnmapIoSpace", "RegisterIoPortRange", "DeregisterIoPortRange")
    told = [one for one in diary.told if one[1].removeprefix("NdisM") in names]
    assert told == [
        ("before", "NdisMMapIoSpace"),
        ("after", "NdisMMapIoSpace"),
        ("before", "NdisMUnmapIoSpace"),
        ("after", "NdisMUnmapIoSpace"),
        ("before", "NdisMRegisterIoPortRange"),
        ("after", "NdisMRegisterIoPortRange"),
        ("before", "NdisMDeregisterIoPortRange"),  # which is refused
        ("before", "NdisMDeregisterIoPortRange"),
        ("after", "NdisMDeregisterIoPortRange"),
    ]


async def test_a_line_that_nobody_serves_any_more() -> None:
    nic = SimpleNic()
    interrupts: list[Interrupt] = []

    class Deaf(Acting):
        def isr(self) -> Recognized:
            nic.disable_interrupts()
            return Recognized(True, False)

    def act(adapter: Adapter) -> None:
        interrupts.append(adapter.connect_interrupt(16, 3, request_isr=True, shared=False))

    async with Ndis() as ndis:
        await ndis.add_adapter(Deaf(act), nic=nic, plugged=True)
        nic.enable_interrupts()
        nic.connect(Loopback(nic))
        assert interrupts[0].statistics().fired == 1
        nic.acknowledge(nic.cause)
        await interrupts[0].deregister()
        nic.enable_interrupts()
        nic.connect(None)
        assert nic.line()
        assert interrupts[0].statistics().fired == 1
        nic.disable_interrupts()
