"""An intermediate driver that keeps what is sent to a rate: a token bucket, and a queue for what must wait.

Source: the pages of MiniportSendPackets, NdisMSendComplete, NdisMInitializeTimer and NdisCancelSendPackets. A packet
goes down at once where the bucket allows it and none waits; otherwise a timer sends it in its turn: the order is kept.
Rules: a packet that finds the queue full fails at once (the newest is dropped, as a NIC's own queue does it);
a reset, a halt and protocols that close give up all that waits with REQUEST_ABORTED, a cancellation what has its id.
What is received passes unchanged.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from asyncndis.base import NdisStatus, check_integer
from asyncndis.kernel import Timer
from asyncndis.kernel.clock import MILLISECOND
from asyncndis.memory import Packet
from asyncndis.ndis import Adapter, Intermediate

from .token_bucket import TokenBucket, TokenBucketStatistics, parse_rate

__all__ = ["Shaper", "ShaperStatistics"]

_PATIENCE_MS = 1000
_BURSTS_PER_SECOND = 100


@dataclass(frozen=True, slots=True)
class ShaperStatistics:
    """A shaper at one moment.

    :ivar queued: packets that wait now
    :ivar passed: packets that were sent on
    :ivar delayed: of these, the ones that had to wait
    :ivar dropped: packets that found the queue full
    :ivar aborted: packets that were given up while they waited
    :ivar bucket: its tokens; None before it has started
    """

    queued: int
    passed: int
    delayed: int
    dropped: int
    aborted: int
    bucket: TokenBucketStatistics | None


class Shaper(Intermediate):
    """Keeps what is sent to a rate: ``open_stack(Echo(), Shaper(rate="10Mbit"), BusMaster(), nic=nic)``.

    :param rate: as ``parse_rate`` reads it, such as "10Mbit"; or bits per second
    :param burst: bytes that may pass at once after a silence, the longest frame at least; by default what the rate
        brings in 10 ms
    :param queue: how many packets may wait; at a low rate, as few as go in the time that a closing stack has patience
    :param name: for messages
    """

    _bucket: TokenBucket
    _timer: Timer

    def __init__(self, rate: str | int, *, burst: int | None = None, queue: int = 256, name: str | None = None) -> None:
        self._rate = parse_rate(rate)
        if burst is not None:
            check_integer("burst", burst, 1)
        check_integer("queue", queue, 1)
        super().__init__(name=name)
        self._burst = burst
        self._most = queue
        self._queue: deque[Packet] = deque()
        self._has_started = False
        self._passed = self._delayed = self._dropped = self._aborted = 0

    def __repr__(self) -> str:
        return f"<Shaper {self.name!r} {self._rate} bit/s, {len(self._queue)} of {self._most} waiting>"

    def statistics(self) -> ShaperStatistics:
        """The state of it now, in O(1). IRQL: any."""
        bucket = self._bucket.statistics() if self._has_started else None
        return ShaperStatistics(len(self._queue), self._passed, self._delayed, self._dropped, self._aborted, bucket)

    def initialize(self, adapter: Adapter) -> None:
        """Fill the bucket, and make the timer. IRQL: PASSIVE.

        :raises ValueError: when the longest frame of the adapter below can never pass the burst
        """
        longest = self.below.adapter.maximum_total_size
        burst = max(longest, self._rate // 8 // _BURSTS_PER_SECOND) if self._burst is None else self._burst
        if burst < longest:
            raise ValueError(f"burst is {longest} bytes at least, the longest frame of {self.below.name}, not {burst}")
        self._bucket = TokenBucket(self._rate, burst, adapter.library.clock)
        self._timer = adapter.timer(self._pump, name="pace")
        self._has_started = True

    def send_packets(self, packets: Sequence[Packet]) -> None:
        """Send packets on, now or in their turn. IRQL: DISPATCH."""
        passing: list[Packet] = []
        for packet in packets:
            if not self._queue and self._bucket.take(packet.length):
                passing.append(packet)
            elif len(self._queue) < self._most:
                self._queue.append(packet)
            else:
                self._dropped += 1
                self.adapter.send_complete(packet, NdisStatus.FAILURE)
        self._pass(passing)
        if self._queue and not self._timer.armed:
            self._wait_for_tokens()

    def cancel_send_packets(self, cancel_id: int) -> None:
        """Give up what waits under an id, and tell the adapter below. IRQL: DISPATCH. Rule: SEND-14."""
        self._give_up([packet for packet in self._queue if packet.cancel_id == cancel_id])
        super().cancel_send_packets(cancel_id)

    async def reset(self) -> Any:
        """Give up what waits, and reset the adapter below. IRQL: PASSIVE. Rule: SEND-16."""
        self._give_up(tuple(self._queue))
        return await super().reset()

    async def halt(self) -> None:
        """Give up what waits, and give back the timer. IRQL: PASSIVE. Rules: LIFE-06, SEND-16."""
        self._give_up(tuple(self._queue))
        await super().halt()

    def _pump(self) -> None:
        """Send what may go by now; the timer waits for the rest."""
        if not self.adapter.open_bindings:
            self._give_up(tuple(self._queue))  # protocols that close wait for nothing else
        passing: list[Packet] = []
        while self._queue and self._bucket.take(self._queue[0].length):
            passing.append(self._queue.popleft())
        self._delayed += len(passing)
        self._pass(passing)
        if self._queue:
            self._wait_for_tokens()

    def _pass(self, packets: Sequence[Packet]) -> None:
        if packets:
            self._passed += len(packets)
            self.pass_down_all(packets)

    def _wait_for_tokens(self) -> None:
        """Set the timer to when the first packet may go; sooner, to look whether the protocols still wait for it."""
        delay = -(-self._bucket.delay_for(self._queue[0].length) // MILLISECOND)
        self._timer.set(min(delay, _PATIENCE_MS))

    def _give_up(self, packets: Iterable[Packet]) -> None:
        """Complete packets that wait with REQUEST_ABORTED."""
        for packet in packets:
            self._queue.remove(packet)
            self._aborted += 1
            self.adapter.send_complete(packet, NdisStatus.REQUEST_ABORTED)
        if not self._queue:
            self._timer.cancel()
