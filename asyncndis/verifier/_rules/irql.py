"""Rules of IRQL: at which level what may be called, and what may wait."""

from .rule import DOCUMENTATION, KNOWLEDGE, SDV, CheckedBy, Harm, Rule

__all__ = ["RULES"]

ALWAYS, VERIFIER, NOBODY = CheckedBy.ALWAYS, CheckedBy.VERIFIER, CheckedBy.NOBODY

RULES = (
    Rule(
        "IRQL-01",
        "Every NDIS call is made at a level that its page permits.",
        f"{DOCUMENTATION}; {SDV} rules Irql_*",
        Harm.BUGCHECK,
        "Move the call to code that runs lower, such as a work item or a DPC.",
        VERIFIER,
        "kernel",
        detail="or corrupt",
        microsoft=(
            "Irql_Miniport_Driver_Function",
            "Irql_Protocol_Driver_Function",
            "Irql_SendRcv_Function",
            "Irql_Synch_Function",
            "Irql_Miscellaneous_Function",
            "Irql_NetBuffer_Function",
            "Irql_IrqlSetting_Function",
            "Flags_Irql",
        ),
        note="Locks and pools check their own calls always.",
    ),
    Rule(
        "IRQL-02",
        "Nothing waits at or above DISPATCH_LEVEL: no event, no sleep, no mutex, no await.",
        DOCUMENTATION,
        Harm.BUGCHECK,
        "Use the form that does not wait, or wait in a work item.",
        ALWAYS,
        "kernel",
        detail="0x7C/0x14, 0xB8",
    ),
    Rule(
        "IRQL-03",
        "NdisMSleep is called below DISPATCH_LEVEL for at most 30 seconds, NdisStallExecution for at most 50 us.",
        f"{DOCUMENTATION}; {SDV}",
        Harm.PERF,
        "Set a timer for what takes longer.",
        ALWAYS,
        "kernel",
        microsoft=("NdisStallExecution_Delay",),
    ),
    Rule(
        "IRQL-04",
        "A handler leaves at the level at which it was entered.",
        KNOWLEDGE,
        Harm.BUGCHECK,
        "Restore the level on every way out.",
        ALWAYS,
        "kernel",
    ),
    Rule(
        "IRQL-05",
        "At DIRQL a driver reads and writes registers and ports, and nothing else: it allocates nothing, takes no "
        "lock, indicates and completes nothing.",
        f"{DOCUMENTATION}; {KNOWLEDGE}",
        Harm.BUGCHECK,
        "Note what happened, and let MiniportHandleInterrupt do the work at DISPATCH_LEVEL.",
        VERIFIER,
        "kernel",
        note="Creating a pool or taking a lock there is refused always, as IRQL-01.",
    ),
    Rule(
        "IRQL-06",
        "Data shared with the ISR is touched under NdisMSynchronizeWithInterrupt, not under a spin lock.",
        DOCUMENTATION,
        Harm.HANG,
        "Put the access into a function, and let NdisMSynchronizeWithInterrupt call it.",
        NOBODY,
        "nic",
        detail="or a race",
        note="Python does not tell who reads an attribute, and no service routine runs in the middle of another "
        "handler's step here. A spin lock that is taken in the ISR is seen, as IRQL-05.",
    ),
    Rule(
        "IRQL-07",
        "Shared memory is allocated at PASSIVE_LEVEL.",
        DOCUMENTATION,
        Harm.BUGCHECK,
        "Allocate it in MiniportInitialize, or by NdisMAllocateSharedMemoryAsync.",
        ALWAYS,
        "memory",
        detail="0xD2; 0x7C/0x01",
        microsoft=("Irql_Gather_DMA_Function",),
    ),
)
