"""Rules of direct memory access: map registers, shared memory, flushing, descriptors of the device."""

from .rule import DOCUMENTATION, KNOWLEDGE, CheckedBy, Harm, Rule

__all__ = ["RULES"]

ALWAYS, VERIFIER = CheckedBy.ALWAYS, CheckedBy.VERIFIER

RULES = (
    Rule(
        "DMA-01",
        "A map register is one of those allocated, and carries one mapping at a time.",
        f"{DOCUMENTATION}; Driver Verifier (DMA verification)",
        Harm.BUGCHECK,
        "Count registers from 0, and complete the old mapping before starting the next.",
        ALWAYS,
        "memory",
        detail="0xE6",
    ),
    Rule(
        "DMA-02",
        "Every mapping that was started is completed, before its packet's send completion.",
        DOCUMENTATION,
        Harm.LEAK,
        "Complete the mapping in the transmit interrupt, then complete the send.",
        ALWAYS,
        "memory",
        note="The verifier adds sends that complete and buffers that are freed while they are mapped, and mappings "
        "left at the end of the run.",
    ),
    Rule(
        "DMA-03",
        "An adapter has at most 64 map registers.",
        DOCUMENTATION,
        Harm.STATUS,
        "Ask for fewer base registers, or for a smaller maximum buffer.",
        ALWAYS,
        "memory",
        detail="RESOURCES",
        note="A status, not a violation: NdisError is raised.",
    ),
    Rule(
        "DMA-04",
        "Shared memory is freed once, as a whole, with the arguments that it was allocated with.",
        DOCUMENTATION,
        Harm.BUGCHECK,
        "Keep address, physical address, length and kind together.",
        ALWAYS,
        "memory",
        detail="0x7C/0x03",
        microsoft=("NdisMFreeSharedMemory", "Irql_Gather_DMA_Function"),
    ),
    Rule(
        "DMA-05",
        "Neither driver nor device reaches beyond shared memory.",
        DOCUMENTATION,
        Harm.BUGCHECK,
        "Check offsets against the length before giving them to the device.",
        ALWAYS,
        "nic",
        detail="0xD2; 0x7C/0x02",
        note="Python stops a driver by an IndexError. A device's reach is checked by its ring checker, and an address "
        "that names no memory of the adapter is refused.",
    ),
    Rule(
        "DMA-06",
        "A descriptor that was handed to the device is left alone until the device gives it back.",
        KNOWLEDGE,
        Harm.CORRUPT,
        "Read the ownership bit first.",
        ALWAYS,
        "nic",
        note="By the ring checker of a bus-master NIC: on under verify(), or by check_rings=True.",
    ),
    Rule(
        "DMA-07",
        "A buffer is flushed before DMA out of it, and after DMA into it.",
        f"{DOCUMENTATION}; Driver Verifier (DMA verification)",
        Harm.CORRUPT,
        "Call NdisFlushBuffer with WriteToDevice TRUE before, FALSE afterwards.",
        VERIFIER,
        "nic",
        note="Seen for mapped buffers: the flush before a mapping that the device reads, and the one before what it "
        "wrote is read or chained. Shared memory needs none.",
    ),
)
