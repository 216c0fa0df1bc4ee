"""Drivers whose answers a test chooses, and stacks of them in virtual time: a miniport of each kind, and a protocol.

Each notes what it was called with, and keeps what it was given until the test has it given back.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from asyncndis.base import NdisStatus
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.memory import Packet
from asyncndis.ndis import (
    Adapter,
    AdapterAttributes,
    Binding,
    FramePool,
    Layer,
    MacOptions,
    Miniport,
    OidRequest,
    Protocol,
    Stack,
    Transferred,
    open_stack,
)

__all__ = [
    "ELSEWHERE",
    "Arrays",
    "Listener",
    "Scripted",
    "Serialized",
    "SerializedArrays",
    "Shower",
    "frame",
    "numbers",
    "virtual_stack",
]

ELSEWHERE = bytes.fromhex("020000000099")
_SERIALIZED = AdapterAttributes.BUS_MASTER


def frame(number: int = 0, *, to: bytes = ELSEWHERE, size: int = 60) -> bytearray:
    """A frame with a number in it."""
    return bytearray(to + bytes.fromhex("02000000009888b5") + number.to_bytes(4, "big") + bytes(size - 18))


def numbers(packets: Sequence[Packet | bytes]) -> list[int]:
    """The numbers of frames."""
    frames = [packet.to_bytes() if isinstance(packet, Packet) else packet for packet in packets]
    return [int.from_bytes(one[14:18], "big") for one in frames]


class Scripted(Miniport):
    """A deserialized miniport with MiniportSend.

    :ivar answer: what its send handler answers; a function of the packet makes it up
    :ivar given: packets that it was given and has not completed
    :ivar wire: what it was given, in order
    :ivar home: packets that came back to it
    :ivar frames: what it indicates frames in
    """

    mac_options = MacOptions.COPY_LOOKAHEAD_DATA  # no loopback, unless a test wants it
    frame_count = 8

    def __init__(self, *, name: str = "rig") -> None:
        super().__init__(name=name)
        self.answer: NdisStatus | Callable[[Packet], Any] = NdisStatus.PENDING
        self.reset_answer: Any = NdisStatus.SUCCESS
        self.given: list[Packet] = []
        self.wire: list[bytes] = []
        self.home: list[Packet] = []
        self.cancelled: list[int] = []
        self.settings: list[tuple[int, object]] = []
        self.frames: FramePool

    async def initialize(self, adapter: Adapter) -> Any:
        self.frames = await adapter.allocate_frames(self.frame_count)

    def send(self, packet: Packet) -> Any:
        self.wire.append(packet.to_bytes())
        answer = self.answer(packet) if callable(self.answer) else self.answer
        if answer == NdisStatus.PENDING:
            self.given.append(packet)
        return answer

    def complete(self, count: int | None = None, status: int = NdisStatus.SUCCESS) -> None:
        """Complete the oldest packets, or all."""
        for packet in self.given[:count]:
            self.given.remove(packet)
            self.adapter.send_complete(packet, status)

    def make(self, data: bytes | bytearray, status: NdisStatus = NdisStatus.SUCCESS) -> Packet:
        """A packet of its own, ready to be indicated."""
        packet = self.frames.allocate_nowait(bytearray(data))
        packet.oob.status = status
        return packet

    def receive(self, data: bytes | bytearray, status: NdisStatus = NdisStatus.SUCCESS) -> Packet:
        """Indicate a frame."""
        packet = self.make(data, status)
        self.adapter.indicate(packet)
        if status is NdisStatus.RESOURCES:
            self.frames.free(packet)
        return packet

    def return_packet(self, packet: Packet) -> None:
        self.home.append(packet)
        self.frames.free(packet)

    def cancel_send_packets(self, cancel_id: int) -> None:
        self.cancelled.append(cancel_id)

    def set(self, oid: int, value: Any) -> None:
        super().set(oid, value)
        self.settings.append((oid, value))

    def reset(self) -> Any:
        if not self.adapter.gate.serialized:
            self.complete(status=NdisStatus.REQUEST_ABORTED)
        self.given.clear()
        return self.reset_answer


class Serialized(Scripted):
    """A serialized miniport with MiniportSend."""

    attributes = _SERIALIZED


class Arrays(Scripted):
    """A deserialized miniport with MiniportSendPackets.

    :ivar arrays: the numbers of the frames of each call
    """

    maximum_send_packets = 4

    def __init__(self, *, name: str = "rig") -> None:
        super().__init__(name=name)
        self.arrays: list[list[int]] = []

    def send_packets(self, packets: Sequence[Packet]) -> Any:
        self.arrays.append(numbers(packets))
        for packet in packets:
            answer = Scripted.send(self, packet)
            if self.adapter.gate.serialized:
                packet.oob.status = answer
            elif answer != NdisStatus.PENDING:
                self.adapter.send_complete(packet, answer)


class SerializedArrays(Arrays):
    """A serialized miniport with MiniportSendPackets."""

    attributes = _SERIALIZED


class Shower(Scripted):
    """A miniport that shows frames instead of indicating packets.

    :ivar moves: what MiniportTransferData does: "now", "later", or an answer
    :ivar pending: transfers to be done later
    """

    attributes = _SERIALIZED
    lookahead = 256

    def __init__(self, *, name: str = "rig") -> None:
        super().__init__(name=name)
        self.moves: str | tuple[NdisStatus, int] | Callable[[Packet, bytes], Any] = "now"
        self.pending: list[tuple[Packet, bytes]] = []

    def show(self, data: bytes, *, lookahead: int = 32) -> None:
        body = memoryview(data)[14:]
        self.adapter.indicate_lookahead(data, memoryview(data)[:14], body[:lookahead], len(body))
        self.adapter.indicate_receive_complete()

    def transfer_data(self, packet: Packet, context: object, offset: int, count: int) -> Any:
        assert isinstance(context, (bytes, bytearray))
        data = bytes(context[14 + offset : 14 + offset + count])
        if self.moves == "now":
            return Transferred(NdisStatus.SUCCESS, _fill(packet, data))
        if self.moves == "later":
            self.pending.append((packet, data))
            return NdisStatus.PENDING, 0
        return self.moves(packet, data) if callable(self.moves) else self.moves

    def move(self, status: NdisStatus = NdisStatus.SUCCESS) -> None:
        """Do what was left for later."""
        pending, self.pending = self.pending, []
        for packet, data in pending:
            self.adapter.transfer_data_complete(packet, status, _fill(packet, data))


def _fill(packet: Packet, data: bytes) -> int:
    first = packet.first
    assert first is not None
    first.view()[: len(data)] = data
    return len(data)


class Listener(Protocol):
    """A protocol that keeps what it is given as often as it promises.

    :ivar promises: how often it says that it will return each packet; a function of the packet makes it up
    :ivar lent: packets that it has
    :ivar got: the frames it was given
    :ivar completed: what came back from being sent, with its status
    """

    def __init__(self, *, name: str = "listener", promises: int | Callable[[Packet], int] = 0) -> None:
        super().__init__(name=name)
        self.promises: int | Callable[[Packet], int] = promises
        self.lent: list[Packet] = []
        self.got: list[bytes] = []
        self.low: list[int] = []
        self.completed: list[tuple[Packet, NdisStatus]] = []
        self.answered: list[tuple[OidRequest, NdisStatus]] = []
        self.statuses: list[NdisStatus] = []
        self.confirmed = 0
        self.resets: list[NdisStatus] = []
        self.events: list[tuple[object, object]] = []
        self.on_completion: Callable[[Packet, NdisStatus], object] | None = None

    @property
    def statuses_of_sends(self) -> list[NdisStatus]:
        return [status for _, status in self.completed]

    def receive(self, binding: Binding, packet: Packet) -> Any:
        self.got.append(packet.to_bytes())
        self.low.append(packet.oob.status)
        promised = self.promises(packet) if callable(self.promises) else self.promises
        self.lent += [packet] * promised
        return promised

    def give_back(self, count: int | None = None) -> None:
        """Return the oldest packets, or all."""
        returned, self.lent = (
            self.lent[:count],
            self.lent[len(self.lent) if count is None else count :],
        )
        for packet in returned:
            self.binding.return_packet(packet)

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        self.completed.append((packet, status))
        if self.on_completion is not None:
            self.on_completion(packet, status)

    def request_complete(self, binding: Binding, request: OidRequest, status: NdisStatus) -> None:
        self.answered.append((request, status))

    def reset_complete(self, binding: Binding, status: NdisStatus) -> None:
        self.resets.append(status)

    def status(self, binding: Binding, status: NdisStatus, data: bytes) -> None:
        self.statuses.append(status)

    def status_complete(self, binding: Binding) -> None:
        self.confirmed += 1

    def pnp_event(self, binding: Binding, event: Any, data: object) -> Any:
        self.events.append((event, data))

    def packet(self, number: int = 0, *, size: int = 60, to: bytes = ELSEWHERE) -> Packet:
        """A packet to send."""
        return self.binding.frames.allocate_nowait(frame(number, size=size, to=to))

    def free(self) -> None:
        """Free what came back from being sent."""
        for packet, _ in self.completed:
            self.binding.frames.free(packet)
        self.completed.clear()


@asynccontextmanager
async def virtual_stack(*layers: Layer, **options: Any) -> AsyncGenerator[Stack]:
    """A stack in virtual time, at rest when it has ended: no descriptor out, nothing in flight."""
    opened: list[Stack] = []
    bindings: list[Binding] = []
    with use_clock(VirtualClock()):
        try:
            async with open_stack(*layers, **options) as stack:
                opened.append(stack)
                bindings += stack.ndis.bindings
                yield stack
        finally:
            for stack in opened:
                assert (stack.ndis.adapters, stack.ndis.bindings) == ([], [])
        for binding in bindings:
            assert binding.frames.outstanding == 0, binding
