"""Rules of bindings: open, close, bind, unbind, registered handlers."""

from .rule import DOCUMENTATION, SDV, CheckedBy, Harm, Rule

__all__ = ["RULES"]

ALWAYS, VERIFIER = CheckedBy.ALWAYS, CheckedBy.VERIFIER

RULES = (
    Rule(
        "BIND-01",
        "NdisOpenAdapter is called inside ProtocolBindAdapter only.",
        DOCUMENTATION,
        Harm.STATUS,
        "Open the adapter that the bind names, in that handler.",
        ALWAYS,
        "ndis",
        detail="elsewhere it fails; 0x7C/0x16",
    ),
    Rule(
        "BIND-02",
        "A binding handle is not used before its open has completed, nor once NdisCloseAdapter was called.",
        DOCUMENTATION,
        Harm.CORRUPT,
        "Send from ProtocolOpenAdapterComplete on, and stop before closing.",
        ALWAYS,
        "ndis",
    ),
    Rule(
        "BIND-03",
        "A bind or unbind that answered PENDING is completed exactly once, an unbind always with SUCCESS.",
        DOCUMENTATION,
        Harm.HANG,
        "Complete from one place; an unbind cannot be refused.",
        ALWAYS,
        "ndis",
    ),
    Rule(
        "BIND-04",
        "A protocol frees the context of a binding only after NdisCompleteUnbindAdapter.",
        DOCUMENTATION,
        Harm.CORRUPT,
        "Make freeing it the last step of ProtocolCloseAdapterComplete.",
        VERIFIER,
        "ndis",
        detail="use after free",
        note="Seen where the context is a block of NdisAllocateMemory, of a protocol that is registered by its "
        "characteristics. Python keeps other objects alive.",
    ),
    Rule(
        "BIND-05",
        "A binding is closed only when its requests, sends and lent packets are back.",
        DOCUMENTATION,
        Harm.HANG,
        "Stop sending, wait for the completions, return what was lent, then close.",
        ALWAYS,
        "ndis",
        detail="NDIS waits",
        note="The library keeps it: closing waits. What is not back after the stack's patience is reported under the "
        "rule of who has it: SEND-02, OID-02, RCV-17.",
    ),
    Rule(
        "BIND-06",
        "Bindings are not enumerated anew from inside a bind or unbind handler.",
        SDV,
        Harm.HANG,
        "Call NdisReEnumerateProtocolBindings from a work item.",
        ALWAYS,
        "ndis",
        microsoft=("NdisReEnumerateProtocolBindings",),
    ),
    Rule(
        "BIND-07",
        "Registered handlers do not change, and the mandatory ones are there.",
        DOCUMENTATION,
        Harm.STATUS,
        "Fill the whole characteristics before registering.",
        ALWAYS,
        "ndis",
        detail="BAD_CHARACTERISTICS",
        note="A status, not a violation: BAD_CHARACTERISTICS is answered. Characteristics are frozen.",
    ),
)
