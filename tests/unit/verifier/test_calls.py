"""Every call of the NDIS library that is made lock-free, under a spin lock and in an ISR, on a stack that runs."""

import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

import pytest

from asyncndis.base import NdisStatus, RuleViolation
from asyncndis.kernel import Irql, SpinLock, at_irql
from asyncndis.memory import Packet
from asyncndis.ndis import (
    Adapter,
    Binding,
    FramePool,
    Miniport,
    Oid,
    OidRequest,
    Protocol,
    RequestType,
    open_stack,
)
from asyncndis.verifier import LEVELS, LOCK_FREE, verify

pytestmark = pytest.mark.every_loop

WAITING = {"NdisOpenAdapter", "NdisCloseAdapter"}  # refused always under a lock, since they wait (LOCK-11)


class Card(Miniport):
    """A miniport that is called from outside."""

    rx: FramePool

    async def initialize(self, adapter: Adapter) -> None:
        self.rx = await adapter.allocate_frames(4)

    def send(self, packet: Packet) -> NdisStatus:
        return NdisStatus.SUCCESS


@dataclass
class Running:
    """What the calls are made on."""

    adapter: Adapter
    binding: Binding
    packet: Packet
    frame: Packet


@contextlib.asynccontextmanager
async def running() -> AsyncGenerator[Running]:
    card = Card()
    async with open_stack(Protocol(), card) as stack:
        packet = stack.binding.frames.allocate_nowait(bytearray(60))
        frame = card.rx.allocate_nowait(bytearray(60))
        yield Running(stack.adapter, stack.binding, packet, frame)
        stack.binding.frames.free(packet)
        card.rx.free(frame)


def show(driver: Running) -> None:
    frame = memoryview(bytes(60))
    driver.adapter.indicate_lookahead(None, frame[:14], frame[14:], 46)


def ask(driver: Running) -> None:
    driver.binding.request_nowait(OidRequest(RequestType.QUERY_INFORMATION, Oid.GEN_VENDOR_ID, bytearray(4)))


CALLS: dict[str, Callable[[Running], object]] = {
    "NdisSend": lambda driver: driver.binding.send_nowait(driver.packet),
    "NdisSendPackets": lambda driver: driver.binding.send_packets([driver.packet]),
    "NdisMSendComplete": lambda driver: driver.adapter.send_complete(driver.packet),
    "NdisMSendResourcesAvailable": lambda driver: driver.adapter.send_resources_available(),
    "NdisMIndicateReceivePacket": lambda driver: driver.adapter.indicate(driver.frame),
    "NdisMEthIndicateReceive": show,
    "NdisMEthIndicateReceiveComplete": lambda driver: driver.adapter.indicate_receive_complete(),
    "NdisReturnPackets": lambda driver: driver.binding.return_packet(driver.frame),
    "NdisTransferData": lambda driver: driver.binding.transfer_data_nowait(None, 0, 1, driver.packet),
    "NdisMTransferDataComplete": lambda driver: driver.adapter.transfer_data_complete(driver.packet, 0, 0),
    "NdisRequest": ask,
    "NdisMQueryInformationComplete": lambda driver: driver.adapter.query_complete(0),
    "NdisMSetInformationComplete": lambda driver: driver.adapter.set_complete(0),
    "NdisMIndicateStatus": lambda driver: driver.adapter.indicate_status(NdisStatus.MEDIA_CONNECT),
    "NdisMIndicateStatusComplete": lambda driver: driver.adapter.indicate_status_complete(),
    "NdisMResetComplete": lambda driver: driver.adapter.reset_complete(),
}


@pytest.mark.parametrize("call", CALLS)
async def test_a_lock_free_call_under_a_lock(call: str) -> None:
    with verify(LOCK_FREE[call]) as findings:
        async with running() as driver:
            with contextlib.suppress(RuleViolation), SpinLock("tx-ring"):
                CALLS[call](driver)
            assert LOCK_FREE[call] in findings.rules
            driver.adapter.indicate_status_complete()


@pytest.mark.parametrize("call", CALLS)
async def test_it_is_refused_where_violations_are_raised(call: str) -> None:
    with verify(LOCK_FREE[call], raises=True):
        async with running() as driver:
            with SpinLock("tx-ring"), pytest.raises(RuleViolation, match=LOCK_FREE[call]):
                CALLS[call](driver)


@pytest.mark.parametrize("call", CALLS)
async def test_a_call_in_an_isr(call: str) -> None:
    assert LEVELS[call].highest == Irql.DISPATCH
    with verify("IRQL-05", raises=True):
        async with running() as driver:
            with at_irql(Irql.DIRQL), pytest.raises(RuleViolation, match="IRQL-05"):
                CALLS[call](driver)


def test_no_call_of_this_floor_is_forgotten() -> None:
    of_memory = {
        call
        for call, rule in LOCK_FREE.items()
        if rule.partition("-")[0] in {"POOL", "BUF", "PKT"} or call.endswith("AllocatePacket")
    }
    assert LOCK_FREE.keys() - of_memory - WAITING == CALLS.keys()
