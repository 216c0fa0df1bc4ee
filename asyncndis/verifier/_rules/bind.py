"""Rules of bindings: open, close, bind, unbind, registered handlers."""

from .rule import DOCUMENTATION, SDV, CheckedBy, Harm, Rule

__all__ = ["RULES"]

LATER = CheckedBy.LATER

RULES = (
    Rule(
        "BIND-01",
        "NdisOpenAdapter is called inside ProtocolBindAdapter only.",
        DOCUMENTATION,
        Harm.STATUS,
        "Open the adapter that the bind names, in that handler.",
        LATER,
        "ndis",
        detail="elsewhere it fails; 0x7C/0x16",
    ),
    Rule(
        "BIND-02",
        "A binding handle is not used before its open has completed, nor once NdisCloseAdapter was called.",
        DOCUMENTATION,
        Harm.CORRUPT,
        "Send from ProtocolOpenAdapterComplete on, and stop before closing.",
        LATER,
        "ndis",
    ),
    Rule(
        "BIND-03",
        "A bind or unbind that answered PENDING is completed exactly once, an unbind always with SUCCESS.",
        DOCUMENTATION,
        Harm.HANG,
        "Complete from one place; an unbind cannot be refused.",
        LATER,
        "ndis",
    ),
    Rule(
        "BIND-04",
        "A protocol frees the context of a binding only after NdisCompleteUnbindAdapter.",
        DOCUMENTATION,
        Harm.CORRUPT,
        "Make freeing it the last step of ProtocolCloseAdapterComplete.",
        LATER,
        "ndis",
        detail="use after free",
    ),
    Rule(
        "BIND-05",
        "A binding is closed only when its requests, sends and lent packets are back.",
        DOCUMENTATION,
        Harm.HANG,
        "Stop sending, wait for the completions, return what was lent, then close.",
        LATER,
        "ndis",
        detail="NDIS waits",
    ),
    Rule(
        "BIND-06",
        "Bindings are not enumerated anew from inside a bind or unbind handler.",
        SDV,
        Harm.HANG,
        "Call NdisReEnumerateProtocolBindings from a work item.",
        LATER,
        "ndis",
        microsoft=("NdisReEnumerateProtocolBindings",),
    ),
    Rule(
        "BIND-07",
        "Registered handlers do not change, and the mandatory ones are there.",
        DOCUMENTATION,
        Harm.STATUS,
        "Fill the whole characteristics before registering.",
        LATER,
        "ndis",
        detail="BAD_CHARACTERISTICS",
    ),
)
