"""Every call that is made lock-free, under every kind of lock and in an ISR; and the calls that are allowed there."""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from asyncndis.base import RuleViolation
from asyncndis.kernel import InterlockedList, Irql, ReadWriteLock, SpinLock, at_irql
from asyncndis.memory import Buffer, BufferPool, Packet, PacketPool
from asyncndis.verifier import LOCK_FREE, verify

pytestmark = pytest.mark.every_loop


@dataclass
class Driver:
    """What the calls are made on."""

    buffers: BufferPool
    packets: PacketPool
    buffer: Buffer
    packet: Packet
    copy: Packet
    unowned: PacketPool


async def make_driver() -> Driver:
    buffers, packets, unowned = await BufferPool.create(8), await PacketPool.create(8), await PacketPool.create(8)
    buffer = buffers.allocate_nowait(bytearray(64))
    return Driver(buffers, packets, buffer, packets.allocate_nowait(), packets.allocate_nowait(), unowned)


CALLS: dict[str, Callable[[Driver], object]] = {
    "NdisFreeBufferPool": lambda driver: driver.buffers.close(),
    "NdisAllocateBuffer": lambda driver: driver.buffers.allocate_nowait(bytearray(64)),
    "NdisFreeBuffer": lambda driver: driver.buffer.free(),
    "NdisAdjustBufferLength": lambda driver: driver.buffer.adjust_length(32),
    "NdisQueryBuffer": lambda driver: driver.buffer.view(),
    "NdisFreePacketPool": lambda driver: driver.unowned.close(),
    "NdisAllocatePacket": lambda driver: driver.packets.allocate_nowait(),
    "NdisDprAllocatePacket": lambda driver: driver.packets.allocate_dpr(),
    "NdisFreePacket": lambda driver: driver.packet.free(),
    "NdisDprFreePacket": lambda driver: driver.packet.free_dpr(),
    "NdisCopyFromPacketToPacket": lambda driver: driver.copy.copy_from(driver.packet),
    "NdisCopyFromPacketToPacketSafe": lambda driver: driver.copy.copy_from_safe(driver.packet),
}
NEED_NO_LOWER_LEVEL = {"NdisAdjustBufferLength"}
DPR = {"NdisDprAllocatePacket", "NdisDprFreePacket"}
ALLOWED: dict[str, Callable[[Driver], object]] = {
    "NdisChainBufferAtFront": lambda driver: driver.packet.chain_at_front(driver.buffer),
    "NdisChainBufferAtBack": lambda driver: driver.packet.chain_at_back(driver.buffer),
    "NdisUnchainBufferAtFront": lambda driver: driver.packet.unchain_at_front(),
    "NdisUnchainBufferAtBack": lambda driver: driver.packet.unchain_at_back(),
    "NdisQueryPacket": lambda driver: driver.packet.query(),
    "NdisReinitializePacket": lambda driver: driver.packet.reinitialize(),
    "NdisSetPacketFlags": lambda driver: driver.packet.set_flags(0x10),
    "NDIS_SET_PACKET_STATUS": lambda driver: setattr(driver.packet.oob, "status", 0),
    "NonInterlocked": lambda driver: driver.packets.allocate_dpr_noninterlocked().free_dpr_noninterlocked(),
    "interlocked, on another lock": lambda driver: InterlockedList[int]().insert_head_nowait(1, SpinLock("guard")),
}


@contextmanager
def by_the_dpr_form(lock: SpinLock) -> Generator[None]:
    lock.acquire_dpr_nowait()
    try:
        yield
    finally:
        lock.release_dpr()


HOLDS: dict[str, Callable[[], tuple[AbstractContextManager[object], ...]]] = {
    "spin lock": lambda: (SpinLock("tx-ring"),),
    "two spin locks": lambda: (SpinLock("adapter"), SpinLock("tx-ring")),
    "in a DPC": lambda: (at_irql(Irql.DISPATCH), SpinLock("tx-ring")),
    "Dpr form": lambda: (at_irql(Irql.DISPATCH), by_the_dpr_form(SpinLock("tx-ring"))),
    "reading": lambda: (ReadWriteLock("filters").read(),),
    "writing": lambda: (ReadWriteLock("filters").write(),),
}
under_every_lock = pytest.mark.parametrize("hold", HOLDS)


def call_while(conditions: tuple[AbstractContextManager[object], ...], call: Callable[[], object]) -> None:
    with ExitStack() as stack:
        for condition in conditions:
            stack.enter_context(condition)
        call()


@under_every_lock
@pytest.mark.parametrize("call", CALLS)
async def test_a_lock_free_call_under_a_lock(call: str, hold: str) -> None:
    with verify(["POOL-08", "POOL-11", "BUF-04", "PKT-02", "PKT-13", "LOCK"]) as findings:
        driver = await make_driver()
        call_while(HOLDS[hold](), lambda: CALLS[call](driver))
    assert findings.rules == (LOCK_FREE[call],)


@under_every_lock
@pytest.mark.parametrize("call", CALLS)
async def test_it_is_refused_where_violations_are_raised(call: str, hold: str) -> None:
    with verify(LOCK_FREE[call], raises=True):
        driver = await make_driver()
        state = repr(driver)
        with pytest.raises(RuleViolation, match=LOCK_FREE[call]):
            call_while(HOLDS[hold](), lambda: CALLS[call](driver))
        assert repr(driver) == state


@under_every_lock
@pytest.mark.parametrize("call", ALLOWED)
async def test_an_allowed_call_under_a_lock(call: str, hold: str) -> None:
    with verify(["BUF", "PKT", "LOCK", "IRQL"]) as findings:
        driver = await make_driver()
        call_while(HOLDS[hold](), lambda: ALLOWED[call](driver))
    assert not findings, findings.report()


@pytest.mark.parametrize("call", sorted(CALLS.keys() - DPR))
async def test_a_call_in_an_isr(call: str) -> None:
    with verify(["IRQL", "LOCK"]) as findings:
        driver = await make_driver()
        call_while((at_irql(Irql.DIRQL),), lambda: CALLS[call](driver))
    assert findings.rules == (() if call in NEED_NO_LOWER_LEVEL else ("IRQL-05",))


@pytest.mark.parametrize("level", [Irql.PASSIVE, Irql.APC, Irql.DISPATCH])
@pytest.mark.parametrize("call", sorted(CALLS.keys() - DPR))
async def test_a_call_where_it_is_legal(call: str, level: Irql) -> None:
    with verify(["IRQL", "LOCK", "BUF-04", "PKT-02"]) as findings:
        driver = await make_driver()
        call_while((at_irql(level),), lambda: CALLS[call](driver))
    assert not findings


def test_no_call_of_these_floors_is_forgotten() -> None:
    awaited = {"NdisAllocateBufferPool", "NdisAllocatePacketPool", "NdisAllocatePacketPoolEx"}  # refused always
    of_later_floors = {call for call in LOCK_FREE if call.startswith("NdisM")} | {
        "NdisSend",
        "NdisSendPackets",
        "NdisReturnPackets",
        "NdisTransferData",
        "NdisRequest",
        "NdisOpenAdapter",
        "NdisCloseAdapter",
    }
    assert LOCK_FREE.keys() - of_later_floors - awaited == CALLS.keys()
