"""The vocabulary is complete, and what it says of itself is so."""

from functools import reduce

import pytest

from asyncndis import ddi, kernel, memory, ndis
from asyncndis.ddi import Ddi, families, lookup
from asyncndis.ddi.table import render

# The calls and macros of the reference, by section: pinned here, so that none can go missing unnoticed.
REFERENCE = {
    "adapters": "NdisMSetAttributesEx NdisMResetComplete NdisMRemoveMiniport NdisWriteErrorLogEntry",
    "bindings": """
        NdisOpenAdapter NdisCloseAdapter NdisCompleteBindAdapter NdisCompleteUnbindAdapter NdisCompletePnPEvent
        NdisUnbindAdapter NdisReEnumerateProtocolBindings
    """,
    "buffers": """
        NdisAllocateBufferPool NdisFreeBufferPool NdisAllocateBuffer NdisCopyBuffer NdisFreeBuffer
        NdisAdjustBufferLength NdisQueryBuffer NdisQueryBufferSafe NdisBufferVirtualAddress
        NdisBufferVirtualAddressSafe NdisBufferLength NdisQueryBufferOffset NDIS_BUFFER_TO_SPAN_PAGES
        NdisGetBufferPhysicalArraySize NdisGetNextBuffer NDIS_BUFFER_LINKAGE NdisFlushBuffer
    """,
    "chaining": """
        NdisChainBufferAtFront NdisChainBufferAtBack NdisUnchainBufferAtFront NdisUnchainBufferAtBack
    """,
    "configurations": """
        NdisOpenConfiguration NdisReadConfiguration NdisReadNetworkAddress NdisCloseConfiguration
    """,
    "delays": "NdisMSleep NdisStallExecution NdisGetCurrentSystemTime NdisGetSystemUpTime",
    "dma": """
        NdisMAllocateSharedMemory NdisMAllocateSharedMemoryAsync NdisMFreeSharedMemory
        NdisCreateLookaheadBufferFromSharedMemory NdisDestroyLookaheadBufferFromSharedMemory
        NdisMAllocateMapRegisters NdisMFreeMapRegisters NdisMStartBufferPhysicalMapping
        NdisMCompleteBufferPhysicalMapping NdisMInitializeScatterGatherDma NdisMGetDmaAlignment
    """,
    "events": "NdisInitializeEvent NdisSetEvent NdisResetEvent NdisWaitEvent",
    "indications": "NdisMIndicateStatus NdisMIndicateStatusComplete",
    "interlocked": """
        NdisInterlockedInsertHeadList NdisInterlockedInsertTailList NdisInterlockedRemoveHeadList
        NdisInitializeSListHead NdisInterlockedPushEntrySList NdisInterlockedPopEntrySList NdisQueryDepthSList
        NdisInterlockedIncrement NdisInterlockedDecrement NdisInterlockedAddUlong NdisInterlockedAddLargeStatistic
    """,
    "intermediate": """
        NdisIMRegisterLayeredMiniport NdisIMAssociateMiniport NdisIMInitializeDeviceInstance
        NdisIMInitializeDeviceInstanceEx NdisIMDeInitializeDeviceInstance NdisIMCancelInitializeDeviceInstance
        NdisIMGetBindingContext NdisIMGetDeviceContext
    """,
    "interrupts": "NdisMRegisterInterrupt NdisMDeregisterInterrupt NdisMSynchronizeWithInterrupt",
    "levels": """
        NDIS_RAISE_IRQL_TO_DISPATCH NDIS_LOWER_IRQL NDIS_INIT_MUTEX NDIS_WAIT_FOR_MUTEX NDIS_RELEASE_MUTEX
    """,
    "locks": """
        NdisAllocateSpinLock NdisFreeSpinLock NdisAcquireSpinLock NdisReleaseSpinLock NdisDprAcquireSpinLock
        NdisDprReleaseSpinLock
    """,
    "memory": """
        NdisAllocateMemoryWithTag NdisAllocateMemory NdisFreeMemory NdisZeroMemory NdisMoveMemory NdisFillMemory
        NdisEqualMemory NdisInitializeNPagedLookasideList NdisAllocateFromNPagedLookasideList
        NdisFreeToNPagedLookasideList NdisDeleteNPagedLookasideList
    """,
    "oob": """
        NDIS_OOB_DATA_FROM_PACKET NDIS_GET_PACKET_HEADER_SIZE NDIS_SET_PACKET_HEADER_SIZE NDIS_GET_PACKET_STATUS
        NDIS_SET_PACKET_STATUS NDIS_GET_PACKET_TIME_TO_SEND NDIS_SET_PACKET_TIME_TO_SEND NDIS_GET_PACKET_TIME_SENT
        NDIS_SET_PACKET_TIME_SENT NDIS_GET_PACKET_TIME_RECEIVED NDIS_SET_PACKET_TIME_RECEIVED
        NDIS_GET_PACKET_MEDIA_SPECIFIC_INFO NDIS_SET_PACKET_MEDIA_SPECIFIC_INFO NDIS_PACKET_EXTENSION_FROM_PACKET
        NDIS_PER_PACKET_INFO_FROM_PACKET NDIS_GET_ORIGINAL_PACKET NDIS_SET_ORIGINAL_PACKET NDIS_GET_PACKET_CANCEL_ID
        NDIS_SET_PACKET_CANCEL_ID NdisIMCopySendPerPacketInfo NdisIMCopySendCompletePerPacketInfo
        NdisIMGetCurrentPacketStack
    """,
    "packets": """
        NdisAllocatePacketPool NdisAllocatePacketPoolEx NdisFreePacketPool NdisPacketPoolUsage
        NdisSetPacketPoolProtocolId NdisAllocatePacket NdisDprAllocatePacket NdisDprAllocatePacketNonInterlocked
        NdisFreePacket NdisDprFreePacket NdisDprFreePacketNonInterlocked NdisReinitializePacket NdisQueryPacket
        NdisQueryPacketLength NdisRecalculatePacketCounts NdisGetFirstBufferFromPacket
        NdisGetFirstBufferFromPacketSafe NdisCopyFromPacketToPacket NdisCopyFromPacketToPacketSafe
        NdisGetPoolFromPacket NdisPacketSize NdisSetPacketFlags NdisGetPacketFlags NdisClearPacketFlags
    """,
    "receives": """
        NdisMIndicateReceivePacket NdisReturnPackets NdisMEthIndicateReceive NdisMEthIndicateReceiveComplete
        NdisTransferData NdisMTransferDataComplete NdisGetReceivedPacket
    """,
    "registers": """
        NdisMQueryAdapterResources NdisMMapIoSpace NdisMUnmapIoSpace NdisMRegisterIoPortRange
        NdisMDeregisterIoPortRange NdisReadRegisterUchar NdisReadRegisterUshort NdisReadRegisterUlong
        NdisRawReadPortUchar NdisRawReadPortUshort NdisRawReadPortUlong NdisWriteRegisterUchar NdisWriteRegisterUshort
        NdisWriteRegisterUlong NdisRawWritePortUchar NdisRawWritePortUshort NdisRawWritePortUlong
    """,
    "registration": """
        NdisMInitializeWrapper NdisInitializeWrapper NdisTerminateWrapper NdisMRegisterMiniport
        NdisMRegisterUnloadHandler NdisRegisterProtocol NdisDeregisterProtocol NdisMRegisterAdapterShutdownHandler
        NdisMDeregisterAdapterShutdownHandler
    """,
    "requests": "NdisRequest NdisMQueryInformationComplete NdisMSetInformationComplete NdisReset",
    "rwlocks": "NdisInitializeReadWriteLock NdisAcquireReadWriteLock NdisReleaseReadWriteLock",
    "sends": """
        NdisSend NdisSendPackets NdisCancelSendPackets NdisGeneratePartialCancelId NdisMSendComplete
        NdisMSendResourcesAvailable
    """,
    "timers": """
        NdisInitializeTimer NdisSetTimer NdisSetTimerEx NdisCancelTimer NdisMInitializeTimer NdisMSetTimer
        NdisMSetPeriodicTimer NdisMCancelTimer
    """,
    "workitems": "NdisInitializeWorkItem NdisScheduleWorkItem",
}
LEVELS = {"any", "PASSIVE", "< DISPATCH", "<= DISPATCH", "exactly DISPATCH", "<= DIRQL"}
BESIDES = {
    "Callback",
    "Ddi",
    "MINIPORT_CALLBACKS",
    "NDIS_MINIPORT_CHARACTERISTICS",
    "NDIS_PROTOCOL_CHARACTERISTICS",
    "PROTOCOL_CALLBACKS",
    "PacketExtension",
    "families",
    "lookup",
}
CALLS = [call for calls in families().values() for call in calls]

every_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)


def object_form(path: str) -> object:
    """What a path such as "BufferPool.create" means: a public name of a lower floor, and what it has."""
    first, *rest = path.split(".")
    home = next(module for module in (ndis, memory, kernel) if first in module.__all__)
    found: object = reduce(getattr, rest, getattr(home, first))
    return found


def test_no_call_of_the_reference_is_missing() -> None:
    assert {family: [call.name for call in calls] for family, calls in families().items()} == {
        family: names.split() for family, names in REFERENCE.items()
    }


@every_call
def test_a_call_is_offered_and_found(call: Ddi) -> None:
    assert call.name in ddi.__all__
    assert getattr(ddi, call.name) is call.function
    assert lookup(call.name) is call


def test_the_star_gives_the_calls_and_little_else() -> None:
    assert set(ddi.__all__) == {call.name for call in CALLS} | BESIDES


@every_call
def test_the_object_form_exists(call: Ddi) -> None:
    assert object_form(call.maps_to) is not None


@every_call
def test_the_levels_are_known(call: Ddi) -> None:
    level, _, locks = call.irql.partition(", ")
    assert level in LEVELS
    assert locks in {"", "no spin lock held"}


@every_call
def test_a_call_explains_itself(call: Ddi) -> None:
    text = call.function.__doc__ or ""
    assert call.summary == text.splitlines()[0]
    assert f":IRQL: {call.irql}\n" in text
    assert (f":Rules: {', '.join(call.rules)}\n" in text) is bool(call.rules)
    assert text.endswith(f":Object form: ``{call.maps_to}``\n:Source: {call.page}")


def test_one_call_in_full() -> None:
    call = lookup("NdisAllocateBufferPool")
    assert call.signature == "await NdisAllocateBufferPool(NumberOfDescriptors, name, profile)"
    assert (call.family, call.awaited, call.irql) == ("buffers", True, "<= DISPATCH, no spin lock held")
    assert (call.maps_to, call.rules[0]) == ("BufferPool.create", "POOL-01")
    assert call.summary == "Create a pool of buffer descriptors; meant for initialization."


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(LookupError, match="NdisAllocateEverything is no call of this vocabulary"):
        lookup("NdisAllocateEverything")


def test_the_families_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        families()["buffers"] = ()  # type: ignore[index]  # the point of the test


def test_the_table_has_every_call_once() -> None:
    rows = [line.split(" | ") for line in render().splitlines() if line.startswith("| {")]
    assert [row[0] for row in rows] == [f"| {{py:func}}`~asyncndis.ddi.{call.name}`" for call in CALLS]
    assert {len(row) for row in rows} == {5}
    assert render().count("\n## ") == len(families()) - 1
