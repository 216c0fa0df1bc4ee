"""The bus-master NIC: registers, two descriptor rings in shared memory, and frames that it fetches and stores itself.

A device model and nothing else: it moves when a register is written, a frame arrives, or somebody calls :meth:`step`;
the task :meth:`run` does that at the speed of the link. It knows memory by physical addresses, through the bus it is
plugged into, and its driver by one interrupt line. See :class:`Register` for the registers, :data:`DESCRIPTOR` for
the rings. What the driver does to it wrongly it answers as hardware does, by an error in the descriptor or by silence,
unless its rings are checked; see :class:`RingChecker`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from asyncndis.base import check_instance, check_integer, current_probe

from .counters import NicCounter, count_frames
from .device import Bus, OnInterrupt
from .interrupts import Cause, InterruptState
from .registers import ADDRESS_VALID, Control, DescriptorFlag, Register, Status, words_of_mac
from .rings import Batch, ReceiveRing, RingState, TransmitRing
from .station import Station

__all__ = ["BusMasterNic", "BusMasterState"]

_ALL_ONES = 0xFFFF_FFFF
_HALVES = 2 * len(NicCounter)
_TX_DONE = int(Cause.TX_DONE)
_TX_DONE_ALL = int(Cause.TX_DONE | Cause.TX_QUEUE_EMPTY)
_RX_DONE = int(Cause.RX_DONE)


@dataclass(frozen=True, slots=True)
class BusMasterState:
    """What a bus-master NIC held when it was saved."""

    tx: RingState
    rx: RingState
    interrupts: InterruptState
    counts: tuple[int, ...]
    receive_filter: int
    mac: bytes
    table: tuple[int, ...]
    cable: bool


class BusMasterNic(Station):
    """A NIC that fetches frames from memory and stores frames there.

    :param name: for messages
    :param tx_ring: the most descriptors of the transmit ring, a power of two
    :param rx_ring: the most descriptors of the receive ring, a power of two
    :param mac: its permanent address; None for one made from the name
    :param link_bits_per_second: the speed of the link
    :param paced: whether :meth:`run` keeps to that speed, or goes as fast as possible
    :param max_frame: the longest frame, in bytes, without check sequence
    :param burst: frames that :meth:`run` moves at once
    :param multicast_limit: entries of the multicast table
    :param check_rings: whether a :class:`RingChecker` watches the driver; None for when the NIC is made under a probe,
        as within ``verify()``, since a descriptor costs three times as much then
    :ivar tx_ring: as given
    :ivar rx_ring: as given
    :ivar multicast_limit: as given
    """

    __slots__ = ("_bus", "_rx", "_table", "_tx", "multicast_limit", "rx_ring", "tx_ring")

    def __init__(
        self,
        name: str = "busmaster0",
        *,
        tx_ring: int = 256,
        rx_ring: int = 256,
        mac: bytes | None = None,
        link_bits_per_second: int = 1_000_000_000,
        paced: bool = True,
        max_frame: int = 1518,
        burst: int = 32,
        multicast_limit: int = 32,
        check_rings: bool | None = None,
    ) -> None:
        check_integer("tx_ring", tx_ring)
        check_integer("rx_ring", rx_ring)
        super().__init__(
            name,
            mac,
            link_bits_per_second=link_bits_per_second,
            paced=paced,
            max_frame=max_frame,
            burst=burst,
            multicast_limit=multicast_limit,
        )
        is_checked = current_probe() is not None if check_rings is None else bool(check_rings)
        self.tx_ring = tx_ring
        self.rx_ring = rx_ring
        self.multicast_limit = multicast_limit
        self._bus: Bus | None = None
        self._tx = TransmitRing(f"tx ring of {name}", tx_ring, is_checked=is_checked)
        self._rx = ReceiveRing(f"rx ring of {name}", rx_ring, is_checked=is_checked)
        self._table = [0] * (2 * multicast_limit)

    def plug(self, bus: Bus, on_interrupt: OnInterrupt) -> None:
        """Plug the NIC into a computer: it is as after power-up.

        :param bus: what it reads and writes memory through
        :param on_interrupt: called when its interrupt line goes up; look at :meth:`line` again after serving it
        :raises ValueError: when it is plugged in already
        """
        if not callable(getattr(bus, "view_at", None)):
            raise TypeError(f"bus is a Bus, not {type(bus).__name__}")
        self._plug(on_interrupt)
        self._reset()
        self._bus = bus

    def unplug(self) -> None:
        """Take the NIC out, driver or no driver: registers then read as all ones, and writing them does nothing."""
        self._reset()
        self._interrupts.on_interrupt = None
        self._bus = None
        self._is_plugged = False

    def read(self, offset: int, size: int = 4) -> int:
        """Read a register. IRQL: any.

        :param offset: as in :class:`Register`
        :param size: 4, or 8 for two of them
        :raises ValueError: when there is no such register
        :raises RuleViolation: by the ring checker
        """
        reader = _READERS.get(offset)
        if reader is None or size != 4:
            _check_access(offset, size)
        if size == 8:
            return self.read(offset) | self.read(offset + 4) << 32
        if self._bus is None:
            return _ALL_ONES
        self._inspect()
        if reader is not None:
            return reader(self)
        index = (offset - Register.COUNTERS) >> 2
        if 0 <= index < _HALVES:
            return self._counts[index >> 1] >> 32 * (index & 1) & _ALL_ONES
        index = (offset - Register.MULTICAST) >> 2
        if 0 <= index < len(self._table):
            return self._table[index]
        raise ValueError(f"{self.name} has no register at {offset:#x}")

    def write(self, offset: int, value: int, size: int = 4) -> None:
        """Write a register. IRQL: any.

        :param offset: as in :class:`Register`
        :param value: its new value
        :param size: 4, or 8 for two of them, the low half first
        :raises ValueError: when there is no such register to write, or it does not take that value
        :raises RuleViolation: by the ring checker; then nothing was written
        """
        writer = _WRITERS.get(offset)
        if writer is None or size != 4:
            _check_access(offset, size)
        check_integer("value", value, 0, (1 << 8 * size) - 1)
        if size == 8:
            self.write(offset, value & _ALL_ONES)
            self.write(offset + 4, value >> 32)
            return
        if self._bus is None:
            return
        self._inspect()
        index = (offset - Register.MULTICAST) >> 2
        if writer is not None:
            writer(self, value)
        elif 0 <= index < len(self._table):
            self._table[index] = value
            self._filter.load_multicast(self._multicast_entries())
        else:
            raise ValueError(f"{self.name} has no register to write at {offset:#x}")

    def rings(self) -> dict[str, tuple[int, int]]:
        """Of each ring, the descriptors that are the device's, and all of them. IRQL: any."""
        return {"tx": (self._tx.pending, self._tx.size), "rx": (self._rx.pending, self._rx.size)}

    def registers(self) -> dict[str, int]:
        """The registers by name, for a debugger: unlike :meth:`read` it looks at nothing else. IRQL: any."""
        return {Register(offset).name: reader(self) for offset, reader in _READERS.items()}

    def save(self) -> BusMasterState:
        """The state of the device now; the rings' memory is not part of it. IRQL: any."""
        return BusMasterState(
            self._tx.save(),
            self._rx.save(),
            self._interrupts.save(),
            tuple(self._counts),
            self._filter.rule,
            self._filter.mac,
            tuple(self._table),
            self._cable,
        )

    def restore(self, state: BusMasterState) -> None:
        """Be as it was; restore the memory first. The cable works as it did then. IRQL: any.

        :param state: of this device
        :raises ValueError: when it is not plugged in
        """
        check_instance("state", state, BusMasterState)
        if self._bus is None:
            raise ValueError(f"{self!r} has no memory to be restored upon; plug it in first")
        self._tx.restore(state.tx, self._bus)
        self._rx.restore(state.rx, self._bus)
        self._counts[:] = state.counts
        self._filter.set_rule(state.receive_filter)
        self._filter.set_mac(state.mac)
        self._table[:] = state.table
        self._filter.load_multicast(self._multicast_entries())
        self._cable = state.cable
        self.link_up = self._cable and self._link is not None
        self._interrupts.restore(state.interrupts)
        self._pacer.wake()

    def _inspect(self) -> None:
        """Let the checkers look whether the driver kept its hands off the rings."""
        if self._tx.checker is not None or self._rx.checker is not None:
            self._tx.inspect()
            self._rx.inspect()

    def _is_listening(self) -> bool:
        return self._rx.is_on

    def _pending(self) -> tuple[int, int]:
        return self._tx.pending, self._rx.pending

    def _reset(self) -> None:
        super()._reset()
        self._tx.reset()
        self._rx.reset()
        self._table[:] = [0] * len(self._table)

    def _move(self, limit: int) -> tuple[int, int]:
        if not self._tx.is_on:
            return 0, 0
        batch = self._tx.fetch(limit, self.max_frame, carrier=self.link_up)
        if not batch:
            return 0, 0
        self._counts[NicCounter.TX_ERRORS] += len(batch.errors)
        octets = self._send(batch.frames, lambda: self._report_sent(batch))
        if batch.violation is not None:
            raise batch.violation
        return len(batch), octets

    def _report_sent(self, batch: Batch) -> None:
        causes = _TX_DONE if self._tx.head != self._tx.tail else _TX_DONE_ALL
        self._report(batch, causes)

    def _store(self, frames: Sequence[bytes]) -> int:
        batch = self._rx.store(frames)
        lost = len(frames) - len(batch)
        count_frames(self._counts, NicCounter.RX_DIRECTED_FRAMES, batch.frames)
        self._counts[NicCounter.RX_ERRORS] += len(batch.errors)
        self._counts[NicCounter.RX_NO_BUFFER] += lost
        if batch:
            self._report(batch, _RX_DONE)
        if lost:
            self._interrupts.set(Cause.RX_NO_DESCRIPTOR)
        if batch.violation is not None:
            raise batch.violation
        return len(batch.frames)

    def _report(self, batch: Batch, causes: int) -> None:
        self._interrupts.completed(causes, len(batch))
        if batch.errors and any(flags & DescriptorFlag.BUS for flags in batch.errors):
            self._interrupts.set(Cause.BUS_ERROR)

    def _multicast_entries(self) -> list[bytes]:
        words = self._table
        return [
            words[at].to_bytes(4, "little") + (words[at + 1] & 0xFFFF).to_bytes(2, "little")
            for at in range(0, len(words), 2)
            if words[at + 1] & ADDRESS_VALID
        ]

    def _control(self) -> int:
        on = Control.TX_ENABLE if self._tx.is_on else Control(0)
        return on | Control.RX_ENABLE if self._rx.is_on else on

    def _set_control(self, value: int) -> None:
        if value & Control.RESET:
            self._reset()
            return
        for ring, enable in ((self._tx, Control.TX_ENABLE), (self._rx, Control.RX_ENABLE)):
            if not value & enable:
                ring.is_on = False
            elif self._bus is None or not ring.switch_on(self._bus):
                self._interrupts.set(Cause.BUS_ERROR)
        self._pacer.wake()

    def _status(self) -> int:
        link = Status.LINK_UP if self.link_up else Status(0)
        return link | Status.TX_BUSY if self._tx.pending else link

    def _set_mac(self, low: int, high: int) -> None:
        self._filter.set_mac(low.to_bytes(4, "little") + (high & 0xFFFF).to_bytes(2, "little"))

    def _set_tx_tail(self, tail: int) -> None:
        self._tx.ring_doorbell(tail)
        self._pacer.wake()


def _check_access(offset: int, size: int) -> None:
    check_integer("offset", offset)
    if size not in {4, 8}:
        raise ValueError(f"a register access has 4 or 8 bytes, not {size}")
    if offset % size:
        raise ValueError(f"a register access of {size} bytes is at a multiple of that, not at {offset:#x}")


def _with_low(base: int, low: int) -> int:
    return base & ~_ALL_ONES | low


def _with_high(base: int, high: int) -> int:
    return base & _ALL_ONES | high << 32


_READERS: Mapping[int, Callable[[BusMasterNic], int]] = {
    Register.CONTROL: BusMasterNic._control,
    Register.STATUS: BusMasterNic._status,
    Register.INTERRUPT_CAUSE: lambda nic: nic._interrupts.cause_bits,
    Register.INTERRUPT_MASK: lambda nic: nic._interrupts.mask_bits,
    Register.INTERRUPT_MASK_SET: lambda nic: nic._interrupts.mask_bits,
    Register.INTERRUPT_MASK_CLEAR: lambda nic: nic._interrupts.mask_bits,
    Register.COALESCE_FRAMES: lambda nic: nic._interrupts.coalescing[0],
    Register.COALESCE_MICROSECONDS: lambda nic: nic._interrupts.coalescing[1],
    Register.RECEIVE_FILTER: lambda nic: nic._filter.rule,
    Register.MAC_LOW: lambda nic: words_of_mac(nic._filter.mac)[0],
    Register.MAC_HIGH: lambda nic: words_of_mac(nic._filter.mac)[1],
    Register.LINK_SPEED: lambda nic: nic.link_bits_per_second // 1000,
    Register.MAX_FRAME: lambda nic: nic.max_frame,
    Register.TX_BASE_LOW: lambda nic: nic._tx.base & _ALL_ONES,
    Register.TX_BASE_HIGH: lambda nic: nic._tx.base >> 32,
    Register.TX_SIZE: lambda nic: nic._tx.size,
    Register.TX_HEAD: lambda nic: nic._tx.head,
    Register.TX_TAIL: lambda nic: nic._tx.tail,
    Register.RX_BASE_LOW: lambda nic: nic._rx.base & _ALL_ONES,
    Register.RX_BASE_HIGH: lambda nic: nic._rx.base >> 32,
    Register.RX_SIZE: lambda nic: nic._rx.size,
    Register.RX_HEAD: lambda nic: nic._rx.head,
    Register.RX_TAIL: lambda nic: nic._rx.tail,
}
_WRITERS: Mapping[int, Callable[[BusMasterNic, int], None]] = {
    Register.CONTROL: BusMasterNic._set_control,
    Register.INTERRUPT_CAUSE: lambda nic, value: nic._interrupts.acknowledge(value),
    Register.INTERRUPT_MASK_SET: lambda nic, value: nic._interrupts.enable(value),
    Register.INTERRUPT_MASK_CLEAR: lambda nic, value: nic._interrupts.disable(value),
    Register.COALESCE_FRAMES: lambda nic, value: nic._interrupts.coalesce(value, nic._interrupts.coalescing[1]),
    Register.COALESCE_MICROSECONDS: lambda nic, value: nic._interrupts.coalesce(nic._interrupts.coalescing[0], value),
    Register.RECEIVE_FILTER: lambda nic, value: nic._filter.set_rule(value),
    Register.MAC_LOW: lambda nic, value: nic._set_mac(value, words_of_mac(nic._filter.mac)[1]),
    Register.MAC_HIGH: lambda nic, value: nic._set_mac(words_of_mac(nic._filter.mac)[0], value),
    Register.TX_BASE_LOW: lambda nic, value: nic._tx.move(_with_low(nic._tx.base, value), nic._tx.size),
    Register.TX_BASE_HIGH: lambda nic, value: nic._tx.move(_with_high(nic._tx.base, value), nic._tx.size),
    Register.TX_SIZE: lambda nic, value: nic._tx.move(nic._tx.base, value),
    Register.TX_TAIL: BusMasterNic._set_tx_tail,
    Register.RX_BASE_LOW: lambda nic, value: nic._rx.move(_with_low(nic._rx.base, value), nic._rx.size),
    Register.RX_BASE_HIGH: lambda nic, value: nic._rx.move(_with_high(nic._rx.base, value), nic._rx.size),
    Register.RX_SIZE: lambda nic, value: nic._rx.move(nic._rx.base, value),
    Register.RX_TAIL: lambda nic, value: nic._rx.ring_doorbell(value),
}
