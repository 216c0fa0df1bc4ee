"""asyncndis: write network drivers as async Python tasks against the NDIS 5.x driver model.

The names a driver writer needs, imported when first used, so that importing the package costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import NdisError, NdisStatus, PoolClosed, PoolExhausted, Profile, RuleViolation
    from .kernel import Irql, NdisEvent, ReadWriteLock, SpinLock, at_irql, current_irql, current_processor, run
    from .memory import Buffer, BufferPool, Packet, PacketPool, PoolStatistics, Watermarks
    from .ndis import (
        Adapter,
        AdapterAttributes,
        Binding,
        Intermediate,
        Miniport,
        Ndis,
        Oid,
        OidRequest,
        PacketFilter,
        Protocol,
        Recognized,
        open_stack,
    )
    from .verifier import verify

_HOMES = {
    "base": ("NdisError", "NdisStatus", "PoolClosed", "PoolExhausted", "Profile", "RuleViolation"),
    "kernel": (
        "Irql",
        "NdisEvent",
        "ReadWriteLock",
        "SpinLock",
        "at_irql",
        "current_irql",
        "current_processor",
        "run",
    ),
    "memory": ("Buffer", "BufferPool", "Packet", "PacketPool", "PoolStatistics", "Watermarks"),
    "ndis": (
        "Adapter",
        "AdapterAttributes",
        "Binding",
        "Intermediate",
        "Miniport",
        "Ndis",
        "Oid",
        "OidRequest",
        "PacketFilter",
        "Protocol",
        "Recognized",
        "open_stack",
    ),
    "verifier": ("verify",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Adapter",
    "AdapterAttributes",
    "Binding",
    "Buffer",
    "BufferPool",
    "Intermediate",
    "Irql",
    "Miniport",
    "Ndis",
    "NdisError",
    "NdisEvent",
    "NdisStatus",
    "Oid",
    "OidRequest",
    "Packet",
    "PacketFilter",
    "PacketPool",
    "PoolClosed",
    "PoolExhausted",
    "PoolStatistics",
    "Profile",
    "Protocol",
    "ReadWriteLock",
    "Recognized",
    "RuleViolation",
    "SpinLock",
    "Watermarks",
    "at_irql",
    "current_irql",
    "current_processor",
    "open_stack",
    "run",
    "verify",
]


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'asyncndis' has no attribute {name!r}")
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
