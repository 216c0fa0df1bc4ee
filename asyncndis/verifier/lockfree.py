"""Which NDIS calls are made with no spin lock held, and the rule that each of them breaks otherwise (LOCK-01).

Chaining, macros, the NonInterlocked packet calls and interlocked calls on another lock may be made under a lock. A work
item may be scheduled under one unless it is waited for, which a call cannot tell.
"""

__all__ = ["LOCK_FREE"]

_CALLS = {
    "POOL-01": "NdisAllocateBufferPool",
    "POOL-08": "NdisFreeBufferPool",
    "POOL-11": "NdisAllocatePacketPool NdisAllocatePacketPoolEx NdisFreePacketPool",
    "BUF-04": "NdisAllocateBuffer NdisFreeBuffer NdisAdjustBufferLength NdisQueryBuffer",
    "PKT-02": "NdisFreePacket NdisDprFreePacket",
    "PKT-13": "NdisCopyFromPacketToPacket NdisCopyFromPacketToPacketSafe",
    "SEND-12": "NdisSend NdisSendPackets NdisMSendComplete NdisMSendResourcesAvailable",
    "RCV-12": "NdisMTransferDataComplete",
    "RCV-14": """
        NdisMIndicateReceivePacket NdisMEthIndicateReceive NdisMEthIndicateReceiveComplete NdisReturnPackets
    """,
    "OID-07": "NdisMQueryInformationComplete NdisMSetInformationComplete",
    "LOCK-01": """
        NdisAllocatePacket NdisDprAllocatePacket NdisTransferData NdisRequest NdisMIndicateStatus
        NdisMIndicateStatusComplete NdisMResetComplete NdisOpenAdapter NdisCloseAdapter
    """,
}

LOCK_FREE = {call: rule for rule, calls in _CALLS.items() for call in calls.split()}
"""For each call that is made lock-free, the rule that says so."""
