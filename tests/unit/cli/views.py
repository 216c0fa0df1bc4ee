"""A stack in numbers, as a snapshot tells it, for what prints stacks."""

from collections.abc import Callable
from copy import deepcopy

from asyncndis.ndis.snapshots import StackView

__all__ = ["view"]

_VIEW: StackView = {
    "schema": 1,
    "name": "lab",
    "pid": 7,
    "seconds": 10.0,
    "line": "Caller > Shaper > nic0 [up]",
    "link": "up",
    "processors": 1,
    "timers": 2,
    "dpcs": 1,
    "work_items": 0,
    "tasks": {"main": 1, "hardware nic0": 2},
    "adapters": [
        {
            "name": "plain",
            "driver": "plain",
            "state": "running",
            "connected": True,
            "medium": "ETHERNET_802_3",
            "address": "02:00:00:00:00:01",
            "attributes": ["bus master"],
            "is_serialized": True,
            "maximum_total_size": 1514,
            "filter": ["directed"],
            "multicast": ["01:00:5e:00:00:01"],
            "lookahead": 128,
            "bindings": ["Caller on plain"],
            "lower": [],
            "sends": {"in_flight": 3, "queued": 1, "sent": 1000, "failed": 1, "refused": 1, "requeued": 0},
            "receives": {"lent": 2, "indicated": 500, "delivered": 500, "unwanted": 0, "low": 0},
            "requests": 1,
            "completed_requests": 12,
            "resets": 1,
            "reset_state": "no reset",
            "interrupts": [
                {
                    "vector": 9,
                    "level": 3,
                    "mode": "level sensitive",
                    "shared": True,
                    "fired": 1200,
                    "recognized": 1100,
                    "dpcs": 1000,
                }
            ],
            "timers": [{"name": "pace", "armed": True, "period": 10, "pending": True, "expired": 4}],
            "pools": [
                {
                    "name": "rx of plain",
                    "kind": "BufferPool",
                    "capacity": 8,
                    "outstanding": 8,
                    "waiting": 1,
                    "max_outstanding": 8,
                    "denied": 2,
                    "delayed": 3,
                    "longest_wait": 0.0012,
                },
                {
                    "name": "idle",
                    "kind": "PacketPool",
                    "capacity": 8,
                    "outstanding": 0,
                    "waiting": 0,
                    "max_outstanding": 0,
                    "denied": 0,
                    "delayed": 0,
                    "longest_wait": 0.0,
                },
            ],
            "shared_blocks": 1,
            "shared_bytes": 4096,
            "mapped": (3, 32),
            "hardware": {
                "name": "nic0",
                "kind": "BusMasterNic",
                "statistics": {
                    "tx_directed_bytes": 10_000,
                    "tx_broadcast_bytes": 0,
                    "rx_directed_bytes": 20_000,
                    "rx_no_buffer": 5,
                    "link_up": True,
                    "interrupts": 100,
                },
                "rings": {"tx": (64, 64), "rx": (0, 64)},
                "registers": {"CONTROL": 3, "STATUS": 1, "TX_TAIL": 255},
            },
            "in_flight": [
                {
                    "pool": "frames",
                    "binding": "Caller on plain",
                    "holder": "plain",
                    "state": "sending",
                    "length": length,
                    "is_queued": length == 60,
                }
                for length in (60, 64, 1514)
            ],
            "lent": [
                {"pool": "rx of plain", "state": "lent", "length": 60, "owed": {"Caller on plain": 1, "Other": 2}},
                {"pool": "rx of plain", "state": "lent", "length": 60, "owed": {}},
            ],
            "pending": [
                {"oid": "OID_GEN_LINK_SPEED", "is_query": True, "state": "pending", "length": 4, "binding": None}
            ],
        }
    ],
    "bindings": [
        {
            "name": "Caller on plain",
            "protocol": "Caller",
            "adapter": "plain",
            "state": "open",
            "ether_type": None,
            "filter": [],
            "multicast": [],
            "lookahead": 0,
            "sends": 3,
            "lent": 2,
            "requests": 0,
            "received": 500,
            "pools": [],
        }
    ],
}


def view(*changes: Callable[[StackView], object]) -> StackView:
    """A stack of its own, with what is changed in it."""
    made = deepcopy(_VIEW)
    for change in changes:
        change(made)
    return made
