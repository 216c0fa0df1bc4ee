"""At which IRQL each NDIS call is legal: the IRQL lines of all pages as data (IRQL-01).

Calls of floors that are not built yet are here too; those that a serialized miniport makes at exactly DISPATCH_LEVEL
and a deserialized one at or below it stand with the wider of the two. The objects themselves judge the lower bound of
the Dpr forms and of releasing a lock, since it depends on the profile: CE knows no such bound.
"""

from typing import NamedTuple

__all__ = ["LEVELS", "RULES_BY_CALL", "Levels", "rule_of"]

_DIRQL, _DIRQL_MAX, _HIGH = 3, 26, 31


class Levels(NamedTuple):
    """The levels from ``lowest`` to ``highest``, both included, and the words for them."""

    lowest: int
    highest: int
    words: str


PASSIVE = Levels(0, 0, "exactly PASSIVE_LEVEL")
BELOW_DISPATCH = Levels(0, 1, "below DISPATCH_LEVEL")
UP_TO_DISPATCH = Levels(0, 2, "at or below DISPATCH_LEVEL")
DISPATCH = Levels(2, 2, "exactly DISPATCH_LEVEL")
UP_TO_DIRQL = Levels(0, _DIRQL_MAX, "at or below DIRQL")
ANY = Levels(0, _HIGH, "any level")

_CALLS = {
    PASSIVE: """
        NDIS_WAIT_FOR_MUTEX NDIS_RELEASE_MUTEX NDIS_INIT_MUTEX NdisWaitEvent NdisMInitializeTimer
        NdisMInitializeWrapper NdisInitializeWrapper NdisTerminateWrapper NdisMRegisterMiniport
        NdisIMRegisterLayeredMiniport NdisIMInitializeDeviceInstance NdisIMInitializeDeviceInstanceEx
        NdisIMDeInitializeDeviceInstance NdisIMCancelInitializeDeviceInstance NdisIMAssociateMiniport
        NdisRegisterProtocol NdisDeregisterProtocol NdisMRegisterUnloadHandler
        NdisMRegisterAdapterShutdownHandler NdisMDeregisterAdapterShutdownHandler NdisMSetAttributesEx
        NdisOpenConfiguration NdisReadConfiguration NdisCloseConfiguration NdisReadNetworkAddress
        NdisOpenAdapter NdisCloseAdapter NdisCompleteBindAdapter NdisCompleteUnbindAdapter NdisCompletePnPEvent
        NdisReEnumerateProtocolBindings NdisMQueryAdapterResources NdisMMapIoSpace NdisMUnmapIoSpace
        NdisMRegisterIoPortRange NdisMDeregisterIoPortRange NdisMAllocateMapRegisters NdisMFreeMapRegisters
        NdisMAllocateSharedMemory NdisMInitializeScatterGatherDma NdisMGetDmaAlignment NdisMRegisterInterrupt
        NdisMDeregisterInterrupt
    """,
    BELOW_DISPATCH: "NdisMSleep",
    UP_TO_DISPATCH: """
        NdisAllocateBufferPool NdisFreeBufferPool NdisAllocateBuffer NdisCopyBuffer NdisFreeBuffer NdisQueryBuffer
        NdisQueryBufferSafe NdisBufferVirtualAddress NdisBufferVirtualAddressSafe NdisQueryBufferOffset
        NdisGetBufferPhysicalArraySize NdisFlushBuffer NdisAllocatePacketPool NdisAllocatePacketPoolEx
        NdisFreePacketPool NdisPacketPoolUsage NdisSetPacketPoolProtocolId NdisAllocatePacket NdisFreePacket
        NdisReinitializePacket NdisGetFirstBufferFromPacket NdisGetFirstBufferFromPacketSafe
        NdisCopyFromPacketToPacket NdisCopyFromPacketToPacketSafe NdisGetReceivedPacket NdisAllocateMemoryWithTag
        NdisAllocateMemory NdisFreeMemory NdisInitializeNPagedLookasideList NdisAllocateFromNPagedLookasideList
        NdisFreeToNPagedLookasideList NdisDeleteNPagedLookasideList NdisAcquireSpinLock NdisAcquireReadWriteLock
        NDIS_RAISE_IRQL_TO_DISPATCH NDIS_LOWER_IRQL NdisSetEvent NdisResetEvent NdisInitializeTimer NdisSetTimer
        NdisSetTimerEx NdisCancelTimer NdisMSetTimer NdisMSetPeriodicTimer NdisMCancelTimer NdisInitializeWorkItem
        NdisScheduleWorkItem NdisMResetComplete NdisMRemoveMiniport NdisWriteErrorLogEntry NdisUnbindAdapter NdisSend
        NdisSendPackets NdisCancelSendPackets NdisMSendComplete NdisMSendResourcesAvailable
        NdisMIndicateReceivePacket NdisReturnPackets NdisTransferData NdisRequest NdisMQueryInformationComplete
        NdisMSetInformationComplete NdisMIndicateStatus NdisMIndicateStatusComplete NdisMStartBufferPhysicalMapping
        NdisMCompleteBufferPhysicalMapping NdisMAllocateSharedMemoryAsync NdisMFreeSharedMemory NdisReset
    """,
    DISPATCH: """
        NdisDprAllocatePacket NdisDprAllocatePacketNonInterlocked NdisDprFreePacket NdisDprFreePacketNonInterlocked
        NdisReleaseSpinLock NdisDprAcquireSpinLock NdisDprReleaseSpinLock NdisReleaseReadWriteLock
        NdisCreateLookaheadBufferFromSharedMemory NdisDestroyLookaheadBufferFromSharedMemory
        NdisMTransferDataComplete NdisMEthIndicateReceive NdisMEthIndicateReceiveComplete
    """,
    UP_TO_DIRQL: "NdisMSynchronizeWithInterrupt",
    ANY: """
        NdisBufferLength NDIS_BUFFER_TO_SPAN_PAGES NDIS_BUFFER_LINKAGE NdisGetNextBuffer NdisAdjustBufferLength
        NdisQueryPacket NdisQueryPacketLength NdisRecalculatePacketCounts NdisGetPoolFromPacket NdisPacketSize
        NdisSetPacketFlags NdisGetPacketFlags NdisClearPacketFlags NdisChainBufferAtFront NdisChainBufferAtBack
        NdisUnchainBufferAtFront NdisUnchainBufferAtBack NdisIMCopySendPerPacketInfo
        NdisIMCopySendCompletePerPacketInfo NdisIMGetCurrentPacketStack NdisZeroMemory NdisMoveMemory NdisFillMemory
        NdisEqualMemory NdisAllocateSpinLock NdisFreeSpinLock NdisInitializeReadWriteLock
        NdisInterlockedInsertHeadList NdisInterlockedInsertTailList NdisInterlockedRemoveHeadList
        NdisInterlockedPushEntrySList NdisInterlockedPopEntrySList NdisInitializeSListHead NdisQueryDepthSList
        NdisInterlockedIncrement NdisInterlockedDecrement NdisInterlockedAddUlong NdisInterlockedAddLargeStatistic
        NdisInitializeEvent NdisStallExecution NdisGetCurrentSystemTime NdisGetSystemUpTime NdisIMGetBindingContext
        NdisIMGetDeviceContext NDIS_OOB_DATA_FROM_PACKET NDIS_GET_PACKET_HEADER_SIZE NDIS_SET_PACKET_HEADER_SIZE
        NDIS_GET_PACKET_STATUS NDIS_SET_PACKET_STATUS NDIS_GET_PACKET_TIME_TO_SEND NDIS_SET_PACKET_TIME_TO_SEND
        NDIS_GET_PACKET_TIME_SENT NDIS_SET_PACKET_TIME_SENT NDIS_GET_PACKET_TIME_RECEIVED
        NDIS_SET_PACKET_TIME_RECEIVED NDIS_GET_PACKET_MEDIA_SPECIFIC_INFO NDIS_SET_PACKET_MEDIA_SPECIFIC_INFO
        NDIS_PACKET_EXTENSION_FROM_PACKET NDIS_PER_PACKET_INFO_FROM_PACKET NDIS_GET_ORIGINAL_PACKET
        NDIS_SET_ORIGINAL_PACKET NDIS_GET_PACKET_CANCEL_ID NDIS_SET_PACKET_CANCEL_ID NdisGeneratePartialCancelId
        NdisReadRegisterUchar NdisReadRegisterUshort NdisReadRegisterUlong NdisWriteRegisterUchar
        NdisWriteRegisterUshort NdisWriteRegisterUlong NdisRawReadPortUchar NdisRawReadPortUshort
        NdisRawReadPortUlong NdisRawWritePortUchar NdisRawWritePortUshort NdisRawWritePortUlong
    """,
}

LEVELS = {call: levels for levels, calls in _CALLS.items() for call in calls.split()}
"""The levels at which each NDIS call is legal."""

RULES_BY_CALL = {
    "NDIS_WAIT_FOR_MUTEX": "IRQL-02",
    "NdisWaitEvent": "IRQL-02",
    "NdisMSleep": "IRQL-03",
    "NdisMAllocateSharedMemory": "IRQL-07",
}
"""The rule that a call at a wrong level breaks, where that is not IRQL-01."""


def rule_of(call: str, level: int) -> str:
    """The rule that a call at a wrong level breaks: its own, that of interrupt service, or IRQL-01."""
    if call in RULES_BY_CALL:
        return RULES_BY_CALL[call]
    return "IRQL-05" if _DIRQL <= level < _HIGH else "IRQL-01"
