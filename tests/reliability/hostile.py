"""Every public callable, how to call it well, and what to put in place of each argument (see test_hostile.py).

Callables are found by looking into ``__all__``; arguments are made by the name of their parameter. What has no entry
here and no default makes the test fail, so that nothing is forgotten.
"""

import inspect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, is_dataclass
from enum import Enum
from types import ModuleType
from typing import Any

import asyncndis.base
import asyncndis.kernel
import asyncndis.memory
from asyncndis.base import HandleTable, Probe, ProbeChain, Profile, Site
from asyncndis.kernel import (
    AddressTable,
    Dpc,
    InterlockedList,
    InterlockedLong,
    InterlockedStack,
    InterlockedUlong,
    Kernel,
    LargeStatistic,
    LockState,
    Mutex,
    NdisEvent,
    Processor,
    ReadWriteLock,
    RealClock,
    SpinLock,
    Timer,
    VirtualClock,
    WorkItem,
)
from asyncndis.memory import (
    BUFFER_STATES,
    Arena,
    Buffer,
    BufferEvent,
    BufferPool,
    BufferState,
    DriverMemory,
    HeapProvider,
    LookasideList,
    MapRegisters,
    Packet,
    PacketPool,
    PerPacketInfo,
    SharedMemory,
    Watermarks,
)

__all__ = ["PACKAGES", "PUBLIC", "Public", "World", "snapshot"]

PACKAGES: list[ModuleType] = [asyncndis.base, asyncndis.kernel, asyncndis.memory]
MADE_BY_THE_LIBRARY = {  # offered to be named in annotations, or to build other pools upon; drivers do not call these
    "Borrow",
    "Bulk",
    "Chain",
    "Descriptor",
    "DescriptorPool",
    "KernelContext",
    "LeakReport",
    "Metadata",
    "OutOfBandData",
    "PoolCreation",
    "ReadWriteAccess",
    "WaiterQueue",
}
NOT_FOR_DRIVERS = {"special", "transfer"}
MADE_BY_METHODS = {"Buffer", "BufferPool", "Packet", "PacketPool"}
DUNDERS = {"__getitem__"}


@dataclass(frozen=True)
class Public:
    """A callable of a package: a function, a class that drivers make objects of, or a method of such an object."""

    name: str
    owner: type[object] | None
    function: Callable[..., Any]

    def __str__(self) -> str:
        return self.name

    @property
    def parameters(self) -> list[str]:
        """All of them, but for "any number of"."""
        return [parameter.name for parameter in self._parameters()]

    @property
    def required(self) -> list[str]:
        return [parameter.name for parameter in self._parameters() if parameter.default is parameter.empty]

    def _parameters(self) -> Iterator[inspect.Parameter]:
        variable = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
        for parameter in inspect.signature(self.function).parameters.values():
            if parameter.name != "self" and parameter.kind not in variable:
                yield parameter

    def of(self, world: "World") -> Callable[..., Any]:
        """The function, or the method of the object that the world has."""
        if self.owner is None:
            return self.function
        return getattr(world.subjects[self.owner], self.function.__name__)  # type: ignore[no-any-return]  # a method


def call_nothing(*_arguments: object) -> None:
    """A callback that a driver may give."""


class World:
    """Something of everything, all of it at rest; made on a loop that runs."""

    def __init__(self) -> None:
        self.subjects: dict[type[object], object] = {}
        self.arguments: dict[str, object] = {}

    @classmethod
    async def create(cls, kernel: Kernel) -> "World":
        self = cls()
        buffers, packets = await BufferPool.create(4), await PacketPool.create(4)
        buffer, packet, source = (
            buffers.allocate_nowait(bytearray(64)),
            packets.allocate_nowait(),
            packets.allocate_nowait(),
        )
        packet.chain_at_back(buffers.allocate_nowait(bytearray(64)))
        provider, arena, memory, shared = HeapProvider(), Arena(1 << 16), DriverMemory(), SharedMemory()
        block, lookaside = provider.allocate(16), LookasideList(16)
        handles: HandleTable[object] = HandleTable("buffer", "BUF-05")
        addresses = AddressTable()
        subjects: list[object] = [
            buffers, packets, buffer, packet, provider, arena, memory, shared, block, lookaside, handles, addresses,
            Probe(), ProbeChain(Probe()), BUFFER_STATES, Site("driver.py", 1, "send"), Watermarks(1, 2),
            Dpc(call_nothing), Timer(call_nothing), WorkItem(call_nothing),
            kernel, Mutex(), NdisEvent(), Processor(), ReadWriteLock(),
            LockState(), RealClock(), VirtualClock(), SpinLock(), InterlockedList[object](), InterlockedStack[object](),
            InterlockedLong(), InterlockedUlong(), LargeStatistic(), MapRegisters(4, 4096),
        ]  # fmt: skip
        self.subjects = {type(subject): subject for subject in subjects}
        self.arguments = {
            "address": addresses.address_of(object()),
            "alignment": 16,
            "base_registers": 4,
            "bits": 64,
            "block": block,
            "buffer": buffer,
            "cached": True,
            "callback": lambda: None,
            "clock": VirtualClock(),
            "complete": call_nothing,
            "count": 1,
            "debug": False,
            "destination": bytearray(64),
            "duration": 1,
            "edges": {},
            "entry": block,
            "event": BufferEvent.ALLOCATE,
            "file": "driver.py",
            "fill": 0,
            "first": 1,
            "flags": 0,
            "following": buffers.allocate_nowait(),
            "frame": inspect.currentframe(),
            "function": call_nothing,
            "handle": handles.open(object()),
            "handler": call_nothing,
            "high": 2,
            "increment": 1,
            "initial": BufferState.FREE,
            "irql": 0,
            "kind": "buffer",
            "least": 0,
            "length": 4,
            "level": 2,
            "limit": 0.0,
            "line": 1,
            "lock": SpinLock(),
            "lookahead": block,
            "low": 1,
            "main": lambda: None,
            "maximum_buffer_size": 4096,
            "memory": bytearray(64),
            "microseconds": 0,
            "milliseconds": 1,
            "name": "name",
            "offset": 0,
            "operation": "NdisFreeBuffer",
            "packet": source,
            "part": slice(2),
            "physical_address": 1 << 33,
            "probe": Probe(),
            "processors": 1,
            "profile": Profile.STRICT,
            "protocol_id": 1,
            "protocol_reserved_length": 16,
            "register": 0,
            "rule": "BUF-05",
            "seconds": 0.0,
            "second": bytes(8),
            "shared": block,
            "size": 64,
            "slot": PerPacketInfo.ORIGINAL_PACKET,
            "source": source,
            "state": arena.save(),
            "subject": object(),
            "tag": 0x31676154,
            "value": 1,
            "view": memoryview(bytearray(64)),
            "violation": Exception(),
            "what": "count",
            "when": 1,
            "write": True,
            "write_to_device": True,
        }
        return self

    def argument(self, public: Public, parameter: str) -> object:
        special: dict[tuple[str, str], object] = {
            ("TransitionTable.after", "state"): BufferState.FREE,
            ("TransitionTable.allows", "state"): BufferState.FREE,
            ("ReadWriteLock.acquire", "state"): LockState(),
            ("ReadWriteLock.acquire_nowait", "state"): LockState(),
            ("ReadWriteLock.release", "state"): LockState(),
            ("check_instance", "kind"): int,
            ("equal_memory", "first"): bytes(8),
            ("move_memory", "source"): bytes(8),
            ("AddressTable.place", "address"): 1 << 20,
            ("BufferPool.copy", "source"): self.subjects[Buffer],
            ("BufferPool.copy_nowait", "source"): self.subjects[Buffer],
            ("BufferPool.handle", "descriptor"): self.subjects[Buffer],
            ("PacketPool.handle", "descriptor"): self.subjects[Packet],
        }
        key = (public.name, parameter)
        return special[key] if key in special else self.arguments[parameter]

    def hostile_values(self) -> dict[str, object]:
        """What a caller without a type checker may pass; a good value of another call is among them."""
        closed, foreign, freed = self._closed_foreign_and_freed()
        freed_lock = SpinLock("freed")
        freed_lock.free()
        released = memoryview(bytes(4))
        released.release()
        return {
            "nothing": None,
            "minus one": -1,
            "zero": 0,
            "2^63": 2**63,
            "-2^63": -(2**63),
            "2^200": 2**200,
            "not a number": math.nan,
            "infinity": math.inf,
            "a fraction": 1.5,
            "true": True,
            "no text": "",
            "text": "x",
            "no bytes": b"",
            "bytes": b"x",
            "released bytes": released,
            "bytes with a stride": memoryview(bytes(8))[::2],
            "a list": [1, 2],
            "a dictionary": {},
            "an object": object(),
            "a class": int,
            "a closed pool": closed,
            "a foreign buffer": foreign,
            "a freed buffer": freed,
            "a freed lock": freed_lock,
            "a packet": self.subjects[Packet],
            "an empty slice": slice(9, 3),
        }

    def _closed_foreign_and_freed(self) -> tuple[BufferPool, Buffer, Buffer]:
        creation = BufferPool.create(2)
        closed, other = creation._build(), creation._build()
        closed.close()
        freed = other.allocate_nowait()
        foreign = other.allocate_nowait()
        freed.free()
        return closed, foreign, freed


def snapshot(world: World) -> object:
    """All that the objects of a world say of themselves."""
    return {
        kind: (repr(subject), getattr(subject, "statistics", call_nothing)())
        for kind, subject in world.subjects.items()
    }


def public_of(package: ModuleType) -> Iterator[Public]:
    for name in package.__all__:
        offered = getattr(package, name)
        if callable(offered) and not inspect.isclass(offered):
            yield Public(name, None, offered)
        elif inspect.isclass(offered) and not is_left_out(offered):
            if name not in MADE_BY_METHODS and (not is_dataclass(offered) or offered is Watermarks):
                yield Public(name, None, offered)
            for attribute, method in inspect.getmembers(offered, inspect.isroutine):
                is_public = not attribute.startswith("_") or attribute in DUNDERS
                if is_public and attribute not in NOT_FOR_DRIVERS and has_signature(method):
                    yield Public(f"{name}.{attribute}", offered, method)


def is_left_out(offered: type[object]) -> bool:
    """Protocols are for others to fulfil, enumerations and tuples are Python's, errors carry what they are given."""
    is_python = issubclass(offered, (Enum, tuple, BaseException))
    return is_python or bool(getattr(offered, "_is_protocol", False)) or offered.__name__ in MADE_BY_THE_LIBRARY


def has_signature(method: Callable[..., object]) -> bool:
    try:
        inspect.signature(method)
    except ValueError:
        return False
    return True


PUBLIC = [public for package in PACKAGES for public in public_of(package)]
