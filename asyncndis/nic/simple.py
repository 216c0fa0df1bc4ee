"""A simple NIC: a queue of frames to send, a queue of frames received, no DMA. The NIC of a first miniport.

The driver hands whole frames over and polls for those that have arrived. Both queues have a limit: a full transmit
queue refuses or lets the driver wait, first come, first served; a full receive queue drops what arrives.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from asyncndis.base import NdisError, NdisStatus, check_instance, check_integer, current_probe
from asyncndis.kernel.host import current_host
from asyncndis.kernel.processors import Irql
from asyncndis.kernel.waiters import WaiterQueue
from asyncndis.kernel.waiting import check_may_wait, preempt

from .counters import NicCounter, count_frames
from .device import FRAME_MINIMUM, HEADER_BYTES, Bus, OnInterrupt
from .filters import FrameFilter
from .interrupts import Cause, InterruptState
from .station import Station

__all__ = ["SimpleNic", "SimpleNicState"]


@dataclass(frozen=True, slots=True)
class SimpleNicState:
    """What a simple NIC held when it was saved."""

    sending: tuple[bytes, ...]
    received: tuple[bytes, ...]
    interrupts: InterruptState
    counts: tuple[int, ...]
    receive_filter: int
    mac: bytes
    multicast: tuple[bytes, ...]
    cable: bool


class SimpleNic(Station):
    """A NIC with two queues.

    :param name: for messages
    :param tx_limit: frames that may wait to be sent
    :param rx_limit: frames that may wait for the driver
    :param mac: its permanent address; None for one made from the name
    :param link_bits_per_second: the speed of the link
    :param paced: whether :meth:`run` keeps to that speed, or goes as fast as possible
    :param max_frame: the longest frame, in bytes, without check sequence
    :param burst: frames that :meth:`run` moves at once
    :param multicast_limit: group addresses that it can hold
    :ivar tx_limit: as given
    :ivar rx_limit: as given
    """

    __slots__ = ("_probe", "_received", "_sending", "_waiters", "rx_limit", "tx_limit")

    def __init__(
        self,
        name: str = "simple0",
        *,
        tx_limit: int = 64,
        rx_limit: int = 256,
        mac: bytes | None = None,
        link_bits_per_second: int = 1_000_000_000,
        paced: bool = True,
        max_frame: int = 1518,
        burst: int = 32,
        multicast_limit: int = 32,
    ) -> None:
        check_integer("tx_limit", tx_limit, 1)
        check_integer("rx_limit", rx_limit, 1)
        super().__init__(
            name,
            mac,
            link_bits_per_second=link_bits_per_second,
            paced=paced,
            max_frame=max_frame,
            burst=burst,
            multicast_limit=multicast_limit,
        )
        self.tx_limit = tx_limit
        self.rx_limit = rx_limit
        self._probe = current_probe()
        self._sending: deque[bytes] = deque()
        self._received: deque[bytes] = deque()
        self._waiters: WaiterQueue[bool] | None = None

    @property
    def cause(self) -> Cause:
        """Why it interrupts, masked or not. IRQL: any."""
        return self._interrupts.cause

    def plug(self, bus: Bus | None, on_interrupt: OnInterrupt) -> None:
        """Plug the NIC into a computer: it is as after power-up.

        :param bus: not used by this one
        :param on_interrupt: called when its interrupt line goes up; look at ``line()`` again after serving it
        :raises ValueError: when it is plugged in already
        """
        self._plug(on_interrupt)

    def unplug(self) -> None:
        """Take the NIC out, driver or no driver; whoever waits to transmit is told so."""
        self._is_plugged = False
        if self._waiters is not None:
            self._waiters.close()
        self.reset()
        self._interrupts.on_interrupt = None

    def reset(self) -> None:
        """Be as after power-up: empty queues, no filter, interrupts masked, counters at nothing. IRQL: any."""
        self._reset()
        self._received.clear()
        self._sending.clear()
        self._admit_a_waiter()

    def enable_interrupts(self, causes: int = sum(Cause)) -> None:
        """Let these causes raise the line; it goes up at once when one of them is set. IRQL: any."""
        self._interrupts.enable(causes)

    def disable_interrupts(self, causes: int = sum(Cause)) -> None:
        """Mask these causes; they are still set when they occur. IRQL: any."""
        self._interrupts.disable(causes)

    def acknowledge(self, causes: int) -> None:
        """Clear causes: those that were seen in :attr:`cause`. IRQL: any."""
        self._interrupts.acknowledge(causes)

    def coalesce(self, frames: int, microseconds: int) -> None:
        """Interrupt after so many frames, or so long after the first one. IRQL: any.

        :param frames: 1 for an interrupt at once
        :param microseconds: 0 for no such limit
        """
        self._interrupts.coalesce(frames, microseconds)

    def set_filter(self, rule: FrameFilter | int) -> None:
        """Say which kinds of frames are received; none after a reset. IRQL: any.

        :param rule: bits of :class:`FrameFilter`
        :raises ValueError: for other bits
        """
        self._filter.set_rule(rule)

    def set_multicast(self, addresses: Iterable[bytes]) -> None:
        """Say which group addresses are received with MULTICAST. IRQL: any.

        :raises ValueError: when there are more than the NIC can hold, or one is no group address
        """
        self._filter.set_multicast(addresses)

    def transmit_nowait(self, frame: bytes | bytearray | memoryview) -> None:
        """Queue a frame to be sent; its bytes are copied. IRQL: any.

        :param frame: with header, without check sequence
        :raises NdisError: RESOURCES when the queue is full, ADAPTER_REMOVED when the NIC is not plugged in
        :raises ValueError: when it is shorter than a header or longer than ``max_frame``
        """
        data = self._checked(frame)
        if not self._has_room():
            raise NdisError(
                f"{self.name} has {self.tx_limit} frames to send already; wait for TX_DONE, or use transmit()",
                NdisStatus.RESOURCES,
            )
        self._queue(data)

    async def transmit(self, frame: bytes | bytearray | memoryview) -> None:
        """Queue a frame to be sent, waiting while the queue is full. IRQL: < DISPATCH, no spin lock held.

        :param frame: with header, without check sequence; copied now
        :raises NdisError: ADAPTER_REMOVED when the NIC is not plugged in, or is taken out meanwhile
        :raises ValueError: when it is shorter than a header or longer than ``max_frame``
        :raises RuleViolation: IRQL-02 at DISPATCH_LEVEL, LOCK-11 with a spin lock held
        """
        if self._probe is not None:
            await preempt(self._probe, "SimpleNic.transmit", self)
        check_may_wait(f"may wait for {self.name} to send", self, "use transmit_nowait() there", Irql.APC)
        data = self._checked(frame)
        if not self._has_room():
            await self._wait_for_room()
        self._queue(data)
        self._admit_a_waiter()

    def poll(self) -> bytes | None:
        """The oldest frame that has arrived; None when there is none. IRQL: any."""
        return self._received.popleft() if self._received else None

    def rings(self) -> dict[str, tuple[int, int]]:
        """Of each queue, the frames in it, and how many it may hold. IRQL: any."""
        return {"tx": (len(self._sending), self.tx_limit), "rx": (len(self._received), self.rx_limit)}

    def save(self) -> SimpleNicState:
        """The state of the device now; tasks that wait are not part of it. IRQL: any."""
        return SimpleNicState(
            tuple(self._sending),
            tuple(self._received),
            self._interrupts.save(),
            tuple(self._counts),
            self._filter.rule,
            self._filter.mac,
            self._filter.multicast,
            self._cable,
        )

    def restore(self, state: SimpleNicState) -> None:
        """Be as it was; nobody may be waiting to transmit. IRQL: any.

        :raises ValueError: when somebody is, or the queues are shorter than those of the state
        """
        check_instance("state", state, SimpleNicState)
        if self._waiters:
            raise ValueError(f"{self!r} has tasks that wait to transmit, and these cannot be restored")
        if len(state.sending) > self.tx_limit or len(state.received) > self.rx_limit:
            raise ValueError(f"{self!r} cannot hold a state of {len(state.sending)} and {len(state.received)} frames")
        self._sending = deque(state.sending)
        self._received = deque(state.received)
        self._counts[:] = state.counts
        self._filter.set_rule(state.receive_filter)
        self._filter.set_mac(state.mac)
        self._filter.set_multicast(state.multicast)
        self._cable = state.cable
        self.link_up = self._cable and self._link is not None
        self._interrupts.restore(state.interrupts)
        self._pacer.wake()

    def _checked(self, frame: bytes | bytearray | memoryview) -> bytes:
        data = bytes(memoryview(frame))  # bytes() alone would take a number, and make so many zeros of it
        if not HEADER_BYTES <= len(data) <= self.max_frame:
            raise ValueError(f"a frame has from {HEADER_BYTES} to {self.max_frame} bytes, not {len(data)}")
        if not self._is_plugged:
            raise NdisError(f"{self!r} cannot send; plug it in", NdisStatus.ADAPTER_REMOVED)
        return data

    def _queue(self, data: bytes) -> None:
        self._sending.append(data.ljust(FRAME_MINIMUM, b"\0"))
        self._pacer.wake()

    def _has_room(self) -> bool:
        """Whether a newcomer may queue a frame: there is room, and nobody waits for it."""
        waiters = self._waiters
        return len(self._sending) < self.tx_limit and (waiters is None or not len(waiters) + waiters.in_hand)

    async def _wait_for_room(self) -> None:
        if self._waiters is None:
            self._waiters = WaiterQueue(current_host())
        seat = self._waiters.join()
        try:
            room = await seat
        except BaseException:
            self._waiters.leave(seat)
            self._admit_a_waiter()  # the room that this one may have been promised is the next one's
            raise
        if room is not None:
            self._waiters.in_hand -= 1
        if room is None or not self._is_plugged:
            raise NdisError(f"{self.name} was taken out", NdisStatus.ADAPTER_REMOVED)

    def _admit_a_waiter(self) -> None:
        """Promise room to the oldest waiter; the next one's turn is when that has queued its frame.

        So frames keep the order in which their senders came, whichever of them the loop runs first.
        """
        waiters = self._waiters
        if waiters and not waiters.in_hand and len(self._sending) < self.tx_limit:
            waiters.offer(True)

    def _is_listening(self) -> bool:
        return self._is_plugged

    def _pending(self) -> tuple[int, int]:
        return len(self._sending), len(self._received)

    def _store(self, frames: Sequence[bytes]) -> int:
        taken = frames[: self.rx_limit - len(self._received)]
        self._received += taken
        count_frames(self._counts, NicCounter.RX_DIRECTED_FRAMES, taken)
        self._counts[NicCounter.RX_NO_BUFFER] += len(frames) - len(taken)
        if taken:
            self._interrupts.completed(Cause.RX_DONE, len(taken))
        if len(taken) < len(frames):
            self._interrupts.set(Cause.RX_NO_DESCRIPTOR)
        return len(taken)

    def _move(self, limit: int) -> tuple[int, int]:
        sending = self._sending
        frames = [sending.popleft() for _ in range(min(limit, len(sending)))]
        if not frames:
            return 0, 0
        self._admit_a_waiter()
        causes = Cause.TX_DONE if sending else Cause.TX_DONE | Cause.TX_QUEUE_EMPTY
        return len(frames), self._send(frames, lambda: self._interrupts.completed(causes, len(frames)))
