"""The miniport of the bus-master NIC: a deserialized NDIS 5 driver to copy.

Source: the pages of MiniportInitialize, MiniportSendPackets, MiniportISR, MiniportHandleInterrupt, MiniportReset,
MiniportHalt and MiniportPnPEventNotify. The service routine masks the NIC and asks for the DPC. That takes the causes,
acknowledges them before it looks, so that none is lost, completes sends in one call, indicates frames in one call,
refills the ring, and unmasks; a cause that came meanwhile raises the line again.
"""

from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from asyncndis.base import NdisError, NdisStatus, check_integer
from asyncndis.memory import MAP_REGISTER_LIMIT, PAGE_SIZE, Block, DmaSize, Packet
from asyncndis.ndis import (
    Adapter,
    DevicePnpEvent,
    MediaState,
    Miniport,
    MiniportCounters,
    Oid,
    PnpCapabilities,
    PowerState,
    Recognized,
)
from asyncndis.nic import (
    DESCRIPTOR_BYTES,
    BusMasterNic,
    Cause,
    Control,
    NicCounter,
    Register,
    Status,
    multicast_registers,
    words_of_mac,
)

from ._bus_master.receive import ReceiveHalf
from ._bus_master.transmit import TransmitHalf

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BusMasterMiniport"]

_SUCCESS = NdisStatus.SUCCESS
_ABORTED = NdisStatus.REQUEST_ABORTED
_ALL_ONES = 0xFFFF_FFFF
_HEADER_AND_TAG = 18  # what a frame may have beyond its maximum size
_SLOT_UNIT = 64

# Plain integers: these stand in the path of every interrupt.
_CAUSE = int(Register.INTERRUPT_CAUSE)
_MASK_SET = int(Register.INTERRUPT_MASK_SET)
_MASK_CLEAR = int(Register.INTERRUPT_MASK_CLEAR)
_SENT = int(Cause.TX_DONE)
_RECEIVED = int(Cause.RX_DONE | Cause.RX_NO_DESCRIPTOR)
_LINK = int(Cause.LINK_CHANGE)
_CAUSES = _SENT | _RECEIVED | _LINK | int(Cause.BUS_ERROR)


class BusMasterMiniport(Miniport):
    """Drives a ``BusMasterNic``.

    :param name: for messages
    :param copy_break: frames up to this length are copied into shared memory instead of being mapped, in bytes
    """

    power = PnpCapabilities()

    _nic: BusMasterNic
    _transmit: TransmitHalf
    _receive: ReceiveHalf

    def __init__(self, *, name: str | None = None, copy_break: int = 256) -> None:
        super().__init__(name=name)
        check_integer("copy_break", copy_break)
        self._copy_break = copy_break
        self._undo = AsyncExitStack()
        self._is_on = False
        self._is_gone = False
        self._is_indicating = False
        self._counted = [0] * len(NicCounter)  # before the NIC was last reset

    def __repr__(self) -> str:
        state = "gone" if self._is_gone else "on" if self._is_on else "off"
        link = "up" if self.media_state is MediaState.CONNECTED else "down"
        return f"<BusMasterMiniport {self.name!r} {state}, link {link}>"

    # Its life

    async def initialize(self, adapter: Adapter) -> None:
        """Take what the NIC needs, the interrupt last, and start it. Rules: LIFE-01, LIFE-02, LIFE-08, LIFE-11.

        :raises NdisError: ADAPTER_NOT_FOUND for other hardware
        """
        if not isinstance(adapter.nic, BusMasterNic):
            raise NdisError(f"{self.name} drives a BusMasterNic, not {adapter.nic!r}", NdisStatus.ADAPTER_NOT_FOUND)
        nic = self._nic = adapter.nic
        async with AsyncExitStack() as undo:  # what was taken goes back, the last first, if a step fails
            await self._take(adapter, nic, undo)
            interrupt = adapter.register_interrupt(nic.line)
            undo.push_async_callback(interrupt.deregister)
            nic.plug(adapter, interrupt.fire)
            undo.callback(nic.unplug)
            self._read_properties()
            self._switch_on()
            self._undo = undo.pop_all()

    async def halt(self) -> None:
        """Stop the NIC, and give everything back in reverse order. Rules: LIFE-03, LIFE-04, LIFE-09, SEND-16."""
        self._switch_off()
        self._take_back()
        await self.adapter.wait_for_returns()
        await self._undo.aclose()

    def shutdown(self) -> None:
        """Only stop the NIC (LIFE-15)."""
        self._switch_off()

    def reset(self) -> Any:
        """Begin anew: sends are given back, filter and multicast list are NDIS's to set again (SEND-16, OID-10)."""
        self._switch_off()
        self._counted = self._counts()
        self._nic.write(Register.CONTROL, Control.RESET)
        self._take_back()
        self._switch_on()
        self._check_link()
        return _SUCCESS, True

    def check_for_hang(self) -> bool:
        """Whether the NIC sends nothing any more, though it has something to send."""
        return self._is_on and self._transmit.is_stuck()

    def pnp_event(self, event: DevicePnpEvent, data: bytes = b"") -> None:
        """The NIC was pulled out: leave it alone, and fail what it had."""
        if event is DevicePnpEvent.SURPRISE_REMOVED:
            self._is_gone = True
            self._is_on = False
            self._nic.unplug()  # that it is not there any more ends its DMA, too
            self._take_back()

    # Traffic

    def send_packets(self, packets: "Sequence[Packet]") -> None:
        """Post packets to the ring, or queue them while it is full."""
        unreachable = self._transmit.send(packets)
        if unreachable:
            self.adapter.send_complete(unreachable, NdisStatus.FAILURE)

    def cancel_send_packets(self, cancel_id: int) -> None:
        """Give back what waits for room in the ring."""
        self.adapter.send_complete(self._transmit.cancel(cancel_id), _ABORTED)

    def return_packet(self, packet: Packet) -> None:
        """Its slot can be posted again; at once, unless many more are coming or the DPC will do so."""
        self._receive.vacant.append(packet)
        if not self._is_indicating and self._is_on and self._receive.is_due:
            self._receive.refill()

    def isr(self) -> Recognized:
        """Tell whether it was this NIC, and keep it quiet until the DPC has run."""
        cause = self._nic.read(_CAUSE)
        if not cause & _CAUSES or cause == _ALL_ONES:
            return Recognized(False, False)
        self._nic.write(_MASK_CLEAR, _CAUSES)
        return Recognized(True, True)

    def handle_interrupt(self) -> None:
        """Do what the NIC has interrupted for. A protocol that is called from here may have it reset meanwhile."""
        if not self._is_on:
            return
        nic = self._nic
        cause = nic.read(_CAUSE)
        nic.write(_CAUSE, cause)
        if cause & _RECEIVED:
            self._indicate_received()
        if cause & _SENT:
            for packets, status in self._transmit.reap():
                self.adapter.send_complete(packets, status)
        if cause & _LINK:
            self._check_link()
        if self._is_on:
            nic.write(_MASK_SET, _CAUSES)

    # Information

    def set(self, oid: int, value: Any) -> None:
        """Bring the settings that concern the NIC into its registers."""
        super().set(oid, value)
        if oid == Oid.PNP_SET_POWER:
            self._set_power(value)
        elif self._is_on and oid == Oid.GEN_CURRENT_PACKET_FILTER:
            self._nic.write(Register.RECEIVE_FILTER, self.packet_filter)
        elif self._is_on and oid == Oid.IEEE_802_3_MULTICAST_LIST:
            self._write_multicast()

    def counters(self) -> MiniportCounters:
        """What the NIC has counted, over its resets."""
        counts = dict(zip(NicCounter, self._counts(), strict=True))
        kinds = ("directed", "multicast", "broadcast")
        values = {
            f"{kind}_{unit}_{way}": counts[NicCounter[f"{prefix}_{kind}_{unit}".upper()]]
            for kind in kinds
            for unit in ("frames", "bytes")
            for prefix, way in (("tx", "xmit"), ("rx", "rcv"))
        }
        return MiniportCounters(
            xmit_ok=sum(values[f"{kind}_frames_xmit"] for kind in kinds),
            rcv_ok=sum(values[f"{kind}_frames_rcv"] for kind in kinds),
            xmit_error=counts[NicCounter.TX_ERRORS] + counts[NicCounter.TX_NO_CARRIER],
            rcv_error=counts[NicCounter.RX_ERRORS] + counts[NicCounter.RX_OVERSIZE],
            rcv_no_buffer=counts[NicCounter.RX_NO_BUFFER],
            **values,
        )

    # Parts

    async def _take(self, adapter: Adapter, nic: BusMasterNic, undo: AsyncExitStack) -> None:
        """Take pools, map registers and shared memory, and build the two halves of the driver on them."""
        packets = await adapter.allocate_packets(nic.rx_ring, protocol_reserved_length=32)
        undo.push_async_callback(packets.aclose)
        buffers = await adapter.allocate_buffers(nic.rx_ring)
        undo.push_async_callback(buffers.aclose)
        base_registers = MAP_REGISTER_LIMIT // ((nic.max_frame + PAGE_SIZE - 2) // PAGE_SIZE + 1)  # DMA-03
        registers = adapter.allocate_map_registers(base_registers, nic.max_frame, dma_size=DmaSize.BITS_64)
        undo.callback(adapter.free_map_registers)

        def share(length: int, *, cached: bool = False) -> Block:
            block = adapter.allocate_shared_memory(length, cached=cached)
            undo.callback(adapter.free_shared_memory, block, cached=cached)
            return block

        slot = -(-nic.max_frame // _SLOT_UNIT) * _SLOT_UNIT
        self._transmit = TransmitHalf(
            adapter.name,
            share(nic.tx_ring * DESCRIPTOR_BYTES),
            share(nic.tx_ring * slot),
            registers,
            base_registers=base_registers,
            copy_break=self._copy_break,
            doorbell=partial(nic.write, Register.TX_TAIL),
        )
        undo.callback(self._transmit.close)
        rx_ring = share(nic.rx_ring * DESCRIPTOR_BYTES)
        memory = share(nic.rx_ring * slot, cached=True)
        doorbell = partial(nic.write, Register.RX_TAIL)
        self._receive = ReceiveHalf(adapter.name, rx_ring, memory, packets, buffers, doorbell=doorbell)
        undo.callback(self._receive.close)
        self._receive.make_slots()

    def _read_properties(self) -> None:
        """Ask the NIC what it is."""
        nic = self._nic
        low, high = nic.read(Register.MAC_LOW), nic.read(Register.MAC_HIGH)
        self.permanent_address = low.to_bytes(4, "little") + high.to_bytes(2, "little")
        self.link_speed = 1000 * nic.read(Register.LINK_SPEED)
        self.maximum_frame_size = self.lookahead = nic.read(Register.MAX_FRAME) - _HEADER_AND_TAG
        self.maximum_list_size = nic.multicast_limit
        self.media_state = self._link()

    def _switch_on(self) -> None:
        """Bring the NIC up with empty rings, and let it go."""
        nic = self._nic
        nic.write(Register.TX_BASE_LOW, self._transmit.address, 8)
        nic.write(Register.TX_SIZE, nic.tx_ring)
        nic.write(Register.RX_BASE_LOW, self._receive.address, 8)
        nic.write(Register.RX_SIZE, nic.rx_ring)
        if self.network_address is not None:
            for register, word in zip(
                (Register.MAC_LOW, Register.MAC_HIGH), words_of_mac(self.network_address), strict=True
            ):
                nic.write(register, word)
        nic.write(Register.CONTROL, Control.TX_ENABLE | Control.RX_ENABLE)
        self._receive.refill()
        self._is_on = True
        nic.write(_MASK_SET, _CAUSES)

    def _switch_off(self) -> None:
        """Keep the NIC from interrupting, and from reading or writing memory."""
        if self._is_on:
            self._is_on = False
            self._nic.write(_MASK_CLEAR, _CAUSES)
            self._nic.write(Register.CONTROL, 0)

    def _take_back(self) -> None:
        """Once the NIC is stopped: empty both rings, and give back what was to be sent (DMA-02, SEND-16)."""
        self._receive.abandon()
        self.adapter.send_complete(self._transmit.abandon(), _ABORTED)

    def _indicate_received(self) -> None:
        """Indicate what has come, a run of the ring at a time; what is vacant is posted in between, and afterwards."""
        self._is_indicating = True
        try:
            while self._is_on and (received := self._receive.exchange()) is not None:
                self.adapter.indicate(received.packets)
                self._receive.vacant.extend(received.kept)
        finally:
            self._is_indicating = False

    def _set_power(self, state: PowerState) -> None:
        """Sleep, with nothing to send any more, or wake up and be as before."""
        if state is not PowerState.D0:
            self._switch_off()
            self._take_back()
        elif not self._is_on:
            self._switch_on()
            self._nic.write(Register.RECEIVE_FILTER, self.packet_filter)
            self._write_multicast()
            self._check_link()

    def _write_multicast(self) -> None:
        entries = [*self.multicast_list, *[None] * (self._nic.multicast_limit - len(self.multicast_list))]
        for index, address in enumerate(entries):
            for offset, value in multicast_registers(index, address):
                self._nic.write(offset, value)

    def _check_link(self) -> None:
        """Tell NDIS when the link is not what it was."""
        state = self._link()
        if state is not self.media_state:
            self.media_state = state
            self.adapter.indicate_link(up=state is MediaState.CONNECTED)

    def _link(self) -> MediaState:
        up = self._nic.read(Register.STATUS) & Status.LINK_UP
        return MediaState.CONNECTED if up else MediaState.DISCONNECTED

    def _counts(self) -> list[int]:
        """All counters, those before the last reset included."""
        if self._is_gone:
            return self._counted
        now = [self._nic.read(Register.COUNTERS + 8 * counter, 8) for counter in NicCounter]
        return [before + count for before, count in zip(self._counted, now, strict=True)]
