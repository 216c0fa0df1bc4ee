"""The catalogue of rules as data, one family a module."""

from . import bind, buffer, dma, irql, life, lock, oid, packet, pool, receive, send

__all__ = ["ALL", "FAMILIES"]

ALL = (
    *pool.RULES,
    *buffer.RULES,
    *packet.RULES,
    *send.RULES,
    *receive.RULES,
    *irql.RULES,
    *lock.RULES,
    *life.RULES,
    *dma.RULES,
    *bind.RULES,
    *oid.RULES,
)

FAMILIES = {
    "POOL": "pools and memory",
    "BUF": "buffers",
    "PKT": "packets",
    "SEND": "the send path",
    "RCV": "the receive path",
    "IRQL": "interrupt request levels",
    "LOCK": "locks",
    "LIFE": "an adapter's life",
    "DMA": "direct memory access",
    "BIND": "bindings",
    "OID": "OID requests",
}
