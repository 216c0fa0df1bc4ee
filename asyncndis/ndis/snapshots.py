"""What a stack looks like at one moment, in plain values: for tables, for JSON, and for another process.

A snapshot is a dictionary of numbers, words, lists and dictionaries. It is taken between two steps of the loop, so that
its numbers fit together, and from what each object tells by ``statistics()``. With details it also names what is out:
packets and who has them, requests, the registers of the hardware; at most ``DETAILS_MAX`` of a kind. ``SCHEMA`` grows
when a field goes or changes its meaning; new fields may come at any time.
"""

import os
from collections import Counter
from dataclasses import asdict, is_dataclass
from enum import IntFlag
from itertools import islice
from typing import TYPE_CHECKING, Any, TypedDict

from anyio import get_running_tasks

from asyncndis.base import RuleViolation
from asyncndis.kernel import Timer
from asyncndis.kernel.clock import SECOND
from asyncndis.memory import Block, BufferPool, MapRegisters, Packet, PacketPool

from .frames import FramePool
from .interrupts import Interrupt
from .oids import oid_name
from .requests import OidRequest

if TYPE_CHECKING:
    from .adapter import Adapter
    from .binding import Binding
    from .stack import Stack

__all__ = [
    "DETAILS_MAX",
    "SCHEMA",
    "AdapterView",
    "BindingView",
    "HardwareView",
    "InterruptView",
    "LoanView",
    "PoolView",
    "RequestView",
    "SendView",
    "StackView",
    "TimerView",
    "snapshot",
]

SCHEMA = 1
"""The version of the snapshots that this module takes."""

DETAILS_MAX = 64
"""The most packets, and the most requests, that are named one by one."""

_Pool = BufferPool | PacketPool | FramePool


class PoolView(TypedDict):
    """A pool: its class, and the numbers of ``PoolStatistics``; the longest wait is in seconds."""

    name: str
    kind: str
    capacity: int
    outstanding: int
    waiting: int
    max_outstanding: int
    denied: int
    delayed: int
    longest_wait: float


class InterruptView(TypedDict):
    """An interrupt: how it is wired, and the numbers of ``InterruptStatistics``."""

    vector: int
    level: int
    mode: str
    shared: bool
    fired: int
    recognized: int
    dpcs: int


class TimerView(TypedDict):
    """A timer of a miniport; its period is in milliseconds, and 0 where it is set for one time."""

    name: str
    armed: bool
    period: int
    pending: bool
    expired: int


class HardwareView(TypedDict):
    """What is behind an adapter: whatever it tells by ``statistics()``, and by ``rings()`` and ``registers()``.

    A ring, or a queue, is a pair: how many entries are with the hardware, and how many it has.
    """

    name: str
    kind: str
    statistics: dict[str, Any]
    rings: dict[str, tuple[int, int]]
    registers: dict[str, int]


class SendView(TypedDict):
    """A packet in flight: whose it is, who has it, and in which state."""

    pool: str
    binding: str
    holder: str
    state: str
    length: int
    is_queued: bool


class LoanView(TypedDict):
    """A packet that protocols have: how often each binding will return it."""

    pool: str
    state: str
    length: int
    owed: dict[str, int]


class RequestView(TypedDict):
    """A request that is not completed; the binding is None where NDIS itself asks."""

    oid: str
    is_query: bool
    state: str
    length: int
    binding: str | None


class AdapterView(TypedDict):
    """An adapter: what it is, and the numbers of ``AdapterStatistics``.

    Its filter, its multicast list and its lookahead are what all bindings together want. The last three lists are empty
    where details were not asked for.
    """

    name: str
    driver: str
    state: str
    connected: bool
    medium: str
    address: str
    attributes: list[str]
    is_serialized: bool
    maximum_total_size: int
    filter: list[str]
    multicast: list[str]
    lookahead: int
    bindings: list[str]
    lower: list[str]
    sends: dict[str, int]
    receives: dict[str, int]
    requests: int
    completed_requests: int
    resets: int
    reset_state: str
    interrupts: list[InterruptView]
    timers: list[TimerView]
    pools: list[PoolView]
    shared_blocks: int
    shared_bytes: int
    mapped: tuple[int, int]
    hardware: HardwareView | None
    in_flight: list[SendView]
    lent: list[LoanView]
    pending: list[RequestView]


class BindingView(TypedDict):
    """A binding: whose, to what, and the numbers of ``BindingStatistics``."""

    name: str
    protocol: str
    adapter: str
    state: str
    ether_type: int | None
    filter: list[str]
    multicast: list[str]
    lookahead: int
    sends: int
    lent: int
    requests: int
    received: int
    pools: list[PoolView]


class StackView(TypedDict):
    """A stack: its status line, its parts, and how many tasks of each name its loop has.

    ``seconds`` is the time of the stack's clock, so that two snapshots make a rate.
    """

    schema: int
    name: str
    pid: int
    seconds: float
    line: str
    link: str
    processors: int
    timers: int
    dpcs: int
    work_items: int
    tasks: dict[str, int]
    adapters: list[AdapterView]
    bindings: list[BindingView]


def snapshot(stack: "Stack", *, details: bool = False) -> StackView:
    """Look at a stack. IRQL: any.

    :param stack: open, on the loop that runs this
    :param details: whether packets, requests and registers are named, too
    :returns: its view, ready for ``json.dumps``; adapters are the lowest first
    """
    ndis = stack.ndis
    kernel = ndis.kernel.statistics()
    return {
        "schema": SCHEMA,
        "name": stack.name,
        "pid": os.getpid(),
        "seconds": ndis.clock.now() / SECOND,
        "line": str(stack),
        "link": stack.link,
        "processors": ndis.kernel.processors,
        "timers": kernel.timers,
        "dpcs": kernel.dpcs,
        "work_items": kernel.work_items,
        "tasks": dict(Counter(str(task.name) for task in get_running_tasks())),
        "adapters": [_adapter(adapter, details=details) for adapter in ndis.adapters],
        "bindings": [_binding(binding) for binding in ndis.bindings],
    }


def _adapter(adapter: "Adapter", *, details: bool) -> AdapterView:
    now = adapter.statistics()
    wanted = adapter.combined_filter()
    things = [claim.thing for claim in adapter.claims]
    shared = adapter.shared_memory.statistics()
    return {
        "name": adapter.name,
        "driver": adapter.characteristics.name,
        "state": now.state.value,
        "connected": now.connected,
        "medium": adapter.medium.name,
        "address": adapter.current_address.hex(":"),
        "attributes": _flags(adapter.attributes),
        "is_serialized": adapter.gate.serialized,
        "maximum_total_size": adapter.maximum_total_size,
        "filter": _flags(wanted.packet_filter),
        "multicast": [address.hex(":") for address in wanted.multicast_list],
        "lookahead": adapter.combined_lookahead(),
        "bindings": [binding.name for binding in adapter.bindings],
        "lower": [binding.adapter.name for binding in adapter.lower],
        "sends": now.sends._asdict(),
        "receives": now.receives._asdict(),
        "requests": now.requests,
        "completed_requests": adapter.requests.completed,
        "resets": now.resets,
        "reset_state": adapter.resets.state.value,
        "interrupts": [_interrupt(thing) for thing in things if isinstance(thing, Interrupt)],
        "timers": [_timer(timer) for timer in adapter.claims.timers()],
        "pools": [_pool(thing) for thing in things if isinstance(thing, _Pool)],
        "shared_blocks": sum(isinstance(thing, Block) for thing in things),
        "shared_bytes": shared.used,
        "mapped": _mapped(things),
        "hardware": None if adapter.nic is None else _hardware(adapter.nic, details=details),
        "in_flight": _in_flight(adapter) if details else [],
        "lent": _lent(adapter) if details else [],
        "pending": _pending(adapter) if details else [],
    }


def _binding(binding: "Binding") -> BindingView:
    now = binding.statistics()
    ether_type = binding.protocol.ether_type
    return {
        "name": binding.name,
        "protocol": binding.protocol.name,
        "adapter": binding.adapter.name,
        "state": now.state.value,
        "ether_type": None if ether_type is None else int.from_bytes(ether_type, "big"),
        "filter": _flags(binding.filter.packet_filter),
        "multicast": [address.hex(":") for address in binding.filter.multicast_list],
        "lookahead": binding.lookahead,
        "sends": now.sends,
        "lent": now.lent,
        "requests": now.requests,
        "received": now.received,
        "pools": [_pool(binding.frames)] if binding.is_open else [],
    }


def _pool(pool: _Pool) -> PoolView:
    now = pool.statistics()
    return {
        "name": pool.name,
        "kind": type(pool).__name__,
        "capacity": now.capacity,
        "outstanding": now.outstanding,
        "waiting": now.waiting,
        "max_outstanding": now.max_outstanding,
        "denied": now.denied,
        "delayed": now.delayed,
        "longest_wait": now.longest_wait,
    }


def _interrupt(interrupt: Interrupt) -> InterruptView:
    now = interrupt.statistics()
    return {
        "vector": interrupt.vector,
        "level": interrupt.level,
        "mode": interrupt.mode.name.lower().replace("_", " "),
        "shared": interrupt.shared,
        "fired": now.fired,
        "recognized": now.recognized,
        "dpcs": now.dpcs,
    }


def _timer(timer: Timer) -> TimerView:
    now = timer.statistics()
    return {
        "name": timer.name,
        "armed": now.armed,
        "period": now.period,
        "pending": now.pending,
        "expired": now.expired,
    }


def _mapped(things: list[object]) -> tuple[int, int]:
    """How many map registers are used, and how many there are."""
    registers = [thing.statistics() for thing in things if isinstance(thing, MapRegisters)]
    return sum(one.mapped for one in registers), sum(one.base_registers for one in registers)


def _hardware(nic: Any, *, details: bool) -> HardwareView:
    """What hardware tells of itself; no kind of it must tell anything."""
    told = _ask(nic, "statistics")
    return {
        "name": str(getattr(nic, "name", nic)),
        "kind": type(nic).__name__,
        "statistics": _plain(asdict(told)) if is_dataclass(told) and not isinstance(told, type) else {},
        "rings": _ask(nic, "rings") or {},
        "registers": (_ask(nic, "registers") or {}) if details else {},
    }


def _ask(nic: object, method: str) -> Any:
    function = getattr(nic, method, None)
    return function() if callable(function) else None


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Of some values, those that JSON knows; the others in words."""
    return {
        name: value if isinstance(value, bool | int | float | str | None) else str(value)
        for name, value in values.items()
    }


def _in_flight(adapter: "Adapter") -> list[SendView]:
    sends = adapter.sends
    queued = set(sends._queue)
    return [
        {
            "pool": packet.pool.name,
            "binding": submission.binding.name,
            "holder": _name(packet.holder),
            "state": packet.state.value,
            "length": _length(packet),
            "is_queued": packet in queued,
        }
        for packet, submission in islice(sends._in_flight.items(), DETAILS_MAX)
    ]


def _lent(adapter: "Adapter") -> list[LoanView]:
    return [
        {
            "pool": packet.pool.name,
            "state": packet.state.value,
            "length": _length(packet),
            "owed": {binding.name: count for binding, count in loan.owed.items()},
        }
        for packet, loan in islice(adapter.receives._loans.items(), DETAILS_MAX)
    ]


def _pending(adapter: "Adapter") -> list[RequestView]:
    requests = adapter.requests
    first = [] if requests.pending is None else [requests.pending]
    return [_request(request) for request in islice([*first, *requests._queue], DETAILS_MAX)]


def _request(request: OidRequest) -> RequestView:
    return {
        "oid": oid_name(request.oid),
        "is_query": request.is_query,
        "state": request.state.value,
        "length": len(request.buffer),
        "binding": None if request.binding is None else request.binding.name,
    }


def _length(packet: Packet) -> int:
    """The bytes in a packet, without a count that its driver would see; -1 where the driver has just broken it."""
    try:
        return sum(buffer.length for buffer in packet)
    except RuleViolation:
        return -1


def _name(thing: object) -> str:
    return "" if thing is None else str(getattr(thing, "name", thing))


def _flags(value: IntFlag) -> list[str]:
    """The names of the flags that are set."""
    return [str(flag.name).lower().replace("_", " ") for flag in type(value) if flag in value]
