"""Wrong miniports and protocols in a whole stack: sends, resets, halts and receives that cross."""

from contextlib import suppress

from asyncndis.base import NdisError, NdisStatus
from asyncndis.kernel import NdisEvent, WorkItem
from asyncndis.memory import Packet
from asyncndis.ndis import (
    BROADCAST_ADDRESS,
    Adapter,
    AdapterState,
    Binding,
    FramePool,
    MacOptions,
    Miniport,
    Protocol,
    open_stack,
)

from .cases import VIOLATION, bug
from .parts import io

FRAME = BROADCAST_ADDRESS + bytes(54)


class _Sender(Protocol):
    """Frees what it has sent when the send completes."""

    completed = 0

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        self.completed += 1
        binding.frames.free(packet)


class _SlowCard(Miniport):
    """Completes each send from a work item."""

    def __init__(self) -> None:
        super().__init__()
        self.sending: list[Packet] = []

    def send(self, packet: Packet) -> NdisStatus:
        self.sending.append(packet)
        WorkItem(self.transmit, packet, kernel=self.adapter.kernel).schedule()
        return NdisStatus.PENDING

    async def transmit(self, packet: Packet) -> None:
        await io()  # the wire
        self.complete(packet, NdisStatus.SUCCESS)

    def complete(self, packet: Packet, status: NdisStatus) -> None:
        if packet in self.sending:
            self.sending.remove(packet)
            self.adapter.send_complete(packet, status)


class _WatchedCard(_SlowCard):
    """Gives up what is not sent after a while."""

    def send(self, packet: Packet) -> NdisStatus:
        WorkItem(self.watch, packet, kernel=self.adapter.kernel).schedule()
        return super().send(packet)

    async def watch(self, packet: Packet) -> None:
        await io(8)
        self.complete(packet, NdisStatus.FAILURE)


class _DoublyWatchedCard(_WatchedCard):
    """Strikes a packet off its list only when it has completed it and noted so."""

    async def transmit(self, packet: Packet) -> None:
        await io()
        if packet in self.sending:
            await io()  # reads the status of the card
            self.adapter.send_complete(packet, NdisStatus.SUCCESS)
            with suppress(ValueError):
                self.sending.remove(packet)


async def _send_one(card: _SlowCard) -> None:
    protocol = _Sender()
    async with open_stack(protocol, card) as stack:
        stack.binding.send_nowait(stack.binding.frames.allocate_nowait(FRAME))
    assert protocol.completed == 1


async def watchdog_and_wire_take_turns() -> None:
    await _send_one(_WatchedCard())


@bug("send-completed-twice", fixed=watchdog_and_wire_take_turns, depth=2, kind=VIOLATION)
async def watchdog_and_wire_both_complete() -> None:
    """The watchdog completes a send while the transmitter is about to do so."""
    await _send_one(_DoublyWatchedCard())


class _ResettingCard(_SlowCard):
    """Gives up all that is being sent when it is reset."""

    def reset(self) -> tuple[NdisStatus, bool]:
        for packet in tuple(self.sending):
            self.complete(packet, NdisStatus.REQUEST_ABORTED)
        return NdisStatus.SUCCESS, False


class _ForgetfulCard(_ResettingCard):
    """Its transmitter does not look whether the packet is still its own."""

    async def transmit(self, packet: Packet) -> None:
        await io()
        self.adapter.send_complete(packet, NdisStatus.SUCCESS)
        if packet in self.sending:
            self.sending.remove(packet)


async def _reset_while_sending(card: _ResettingCard) -> None:
    protocol = _Sender()
    async with open_stack(protocol, card) as stack:
        stack.binding.send_nowait(stack.binding.frames.allocate_nowait(FRAME))
        await io(6)
        await stack.reset()
    assert protocol.completed == 1


async def transmitter_looks() -> None:
    await _reset_while_sending(_ResettingCard())


@bug("completed-after-the-reset", fixed=transmitter_looks, depth=1, kind=VIOLATION)
async def transmitter_does_not_look() -> None:
    """A reset gives up a packet that is on the wire, and the transmitter completes it afterwards."""
    await _reset_while_sending(_ForgetfulCard())


class _ImpatientSender(_Sender):
    """Frees its packet when it has waited long enough."""

    async def send_and_forget(self, *, waits: bool) -> None:
        packet = self.binding.frames.allocate_nowait(FRAME)
        self.binding.send_nowait(packet)
        await io(8)
        if not waits and not self.completed:
            self.binding.frames.free(packet)


async def _give_up(*, waits: bool) -> None:
    protocol = _ImpatientSender()
    async with open_stack(protocol, _SlowCard()):
        await protocol.send_and_forget(waits=waits)


async def packet_left_to_the_miniport() -> None:
    await _give_up(waits=True)


@bug("pending-packet-freed", fixed=packet_left_to_the_miniport, depth=1, kind=VIOLATION)
async def packet_freed_while_pending() -> None:
    """A protocol loses patience and frees a packet that belongs to the miniport until the send completes."""
    await _give_up(waits=False)


class _ReceivingCard(Miniport):
    """Receives what it sends, from a work item."""

    mac_options = MacOptions(0)
    rx: FramePool

    def __init__(self, *, looks: bool) -> None:
        super().__init__()
        self.looks = looks
        self.has_received = NdisEvent("a frame was received")

    async def initialize(self, adapter: Adapter) -> None:
        self.rx = await adapter.allocate_frames(4)

    def send(self, packet: Packet) -> NdisStatus:
        received = self.rx.allocate_nowait(bytearray(packet.to_bytes()))
        WorkItem(self.receive, received, kernel=self.adapter.kernel).schedule()
        return NdisStatus.SUCCESS

    async def receive(self, packet: Packet) -> None:
        await io()  # the card writes it to memory
        if not self.looks or self.adapter.state is AdapterState.RUNNING:
            self.adapter.indicate(packet)
        else:
            self.rx.free(packet)
        self.has_received.set()

    async def halt(self) -> None:
        while self.looks and self.rx.outstanding:
            self.has_received.reset()
            await self.has_received.wait()
        await super().halt()

    def return_packet(self, packet: Packet) -> None:
        self.rx.free(packet)


class _Listener(_Sender):
    """Counts what it hears."""

    heard = 0

    def receive(self, binding: Binding, packet: Packet) -> int:
        self.heard += 1
        return 0


async def _halt_while_receiving(*, looks: bool) -> None:
    async with open_stack(_Listener(), _ReceivingCard(looks=looks)) as stack:
        with suppress(NdisError):
            await stack.binding.send_frame(FRAME)
        await io(2)


async def frame_dropped_at_halt() -> None:
    await _halt_while_receiving(looks=True)


@bug("frame-after-halt", fixed=frame_dropped_at_halt, depth=1, kind=VIOLATION)
async def frame_indicated_at_halt() -> None:
    """The miniport halts while a work item is about to indicate a frame."""
    await _halt_while_receiving(looks=False)
