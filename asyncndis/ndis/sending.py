"""The send path of one adapter: from NdisSend to ProtocolSendComplete.

Source: the pages of NdisSend, NdisSendPackets, MiniportSend, MiniportSendPackets, NdisMSendComplete,
NdisMSendResourcesAvailable and NdisCancelSendPackets. A packet is in flight from the moment it is accepted until it is
given back exactly once. A serialized miniport is fed from a queue that NDIS keeps, and may answer RESOURCES: then that
packet and all behind it wait (SEND-07). A deserialized one gets everything at once and queues for itself (SEND-08),
unless its handler is a coroutine function, which is called when the call before has ended.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from asyncndis.base import NdisStatus, RuleViolation, check_instance
from asyncndis.kernel import Irql
from asyncndis.kernel.seam import PlainCalls
from asyncndis.memory import Packet, PacketEvent, PacketState
from asyncndis.memory.rows import transfer_all

from .calling import Handler, Worker
from .submissions import UNSET, WAYS_OUT, SendStatistics, Submission, check_statuses

if TYPE_CHECKING:
    from .adapter import Adapter
    from .binding import Binding

__all__ = ["SendPath"]

_SUCCESS = NdisStatus.SUCCESS
_PENDING = NdisStatus.PENDING
_RESOURCES = NdisStatus.RESOURCES
_ABORTED = NdisStatus.REQUEST_ABORTED
_FAILURE = NdisStatus.FAILURE
_SENDING = PacketState.SENDING
_DISPATCH = Irql.DISPATCH
_SEND = PacketEvent.SEND
_COMPLETE = PacketEvent.COMPLETE
_MANY = 64


class SendPath:
    """Brings the packets of all bindings to one miniport, and back.

    :param adapter: whose
    """

    __slots__ = (
        "_adapter", "_answered", "_cancel", "_failed", "_in_flight", "_is_array", "_is_awaited", "_is_handing",
        "_queue", "_refused", "_requeued", "_row_sender", "_send", "_send_packets", "_sent", "_stalled", "_worker",
    )  # fmt: skip

    def __init__(self, adapter: "Adapter") -> None:
        self._adapter = adapter
        self._in_flight: dict[Packet, Submission] = {}
        self._queue: deque[Packet] = deque()
        self._stalled = False
        self._is_handing = False  # whether the handler of a deserialized miniport runs, or packets are looped
        self._answered: set[Packet] = set()
        self._sent = self._failed = self._refused = self._requeued = 0
        self._send = adapter.handler("MiniportSend", "send")
        self._send_packets = adapter.handler("MiniportSendPackets", "send_packets")
        self._cancel = adapter.handler("MiniportCancelSendPackets", "cancel_send_packets")
        handler = self._send_packets or self._send
        self._is_awaited = handler is not None and handler.awaited
        is_direct = not (adapter.gate.serialized or self._is_awaited)
        self._is_array = self._send_packets is not None and is_direct  # then packets need no answer each
        self._row_sender = self._send_packets if self._is_array and adapter.probe is None else None  # see send_rows
        self._worker = Worker(adapter.group, f"sends of {adapter.name}", adapter.came_to_rest)

    def statistics(self) -> SendStatistics:
        """The state of it now, in O(1)."""
        return SendStatistics(
            len(self._in_flight), len(self._queue), self._sent, self._failed, self._refused, self._requeued
        )

    @property
    def in_flight(self) -> int:
        """Packets that were accepted and not given back."""
        return len(self._in_flight)

    def of_binding(self, binding: "Binding") -> int:
        """How many of them are a binding's. O(n)."""
        return sum(submission.binding is binding for submission in self._in_flight.values())

    def submit(self, binding: "Binding", packet: Packet) -> NdisStatus:
        """NdisSend: what it answers; PENDING where the packet comes back through ProtocolSendComplete."""
        refused: list[tuple[Packet, NdisStatus]] = []
        self._accept(binding, (packet,), [], refused, inline=True)
        if refused:
            return refused[0][1]
        submission = self._in_flight[packet]
        self._deliver((packet,))
        submission.inline = False
        return _PENDING if submission.answered is None else submission.answered

    def submit_all(self, binding: "Binding", packets: Iterable[Packet]) -> None:
        """NdisSendPackets: each packet comes back through ProtocolSendComplete."""
        accepted: list[Packet] = []
        refused: list[tuple[Packet, NdisStatus]] = []
        try:
            self._accept(binding, packets, accepted, refused, inline=False)
        finally:  # what was accepted before one that may not be sent is on its way
            if accepted:
                self._deliver(accepted)
            for packet, reason in refused:
                binding.send_is_complete(packet, reason)

    def complete_all(self, packets: Iterable[Packet], status: int) -> None:
        """NdisMSendComplete for several packets: they are taken back, and then their protocols are told in a row."""
        status = status if type(status) is NdisStatus else NdisStatus(status)
        rows: list[tuple[Submission, list[Packet]]] = []
        try:
            for packet in packets:
                submission = self._pop(packet, status)
                if rows and rows[-1][0] is submission:
                    rows[-1][1].append(packet)
                else:
                    rows.append((submission, [packet]))
        finally:
            for submission, row in rows:
                self._hand_over(row, submission, status)
            self._adapter.came_to_rest()
            with PlainCalls(_DISPATCH) as calls:
                for submission, row in rows:
                    submission.binding.sends_are_complete(row, status, calls)
        if self._stalled or self._queue:
            self.resources_available()

    def complete(self, packet: Packet, status: int) -> None:
        """NdisMSendComplete."""
        status = status if type(status) is NdisStatus else NdisStatus(status)
        self._give_back(packet, self._pop(packet, status), status)
        if self._stalled or self._queue:
            self.resources_available()

    def complete_looped(self, packet: Packet) -> None:
        """A packet that does not reach the wire is sent."""
        self._queue.remove(packet)
        self._give_back(packet, self._in_flight.pop(packet), _SUCCESS)

    def resources_available(self) -> None:
        """NdisMSendResourcesAvailable: the queue is tried again."""
        self._stalled = False
        if not self._is_handing:
            self._feed()

    def cancel(self, binding: "Binding", cancel_id: int) -> None:
        """NdisCancelSendPackets: what waits in the queue of NDIS goes back now; the rest is up to the miniport."""
        matching = [
            packet
            for packet in self._queue
            if packet.cancel_id == cancel_id and self._in_flight[packet].binding is binding
        ]
        for packet in matching:
            self.abort(packet)
        if self._cancel is not None and self._in_flight:
            self._adapter.gate.run(self._cancel.call, cancel_id)

    def abort(self, packet: Packet) -> "Adapter":
        """Give a packet back with REQUEST_ABORTED, also where an intermediate driver has handed it on.

        :returns: the adapter that had it
        """
        holder = self._adapter
        copy_of = getattr(self._adapter.driver, "copy_of", None)
        passed = packet if copy_of is None else copy_of(packet) or packet
        for binding in self._adapter.lower:
            below = binding.adapter.sends
            if passed in below._in_flight:
                holder = below.abort(passed)
        submission = self._in_flight.pop(packet, None)
        if submission is not None:  # otherwise the driver in between has completed it just now
            if packet in self._queue:
                self._queue.remove(packet)
            submission.is_aborted = True
            self._give_back(packet, submission, _ABORTED)
        return holder

    def abort_all(self) -> None:
        """Give back everything, as NDIS does when a serialized miniport is reset."""
        self._stalled = False
        for packet in self.left():
            self.abort(packet)

    def abort_queued(self) -> None:
        """Give back what the miniport has not seen yet."""
        self._stalled = False
        for packet in list(self._queue):
            self.abort(packet)

    def take_back(self, packets: Iterable[Packet]) -> None:
        """Give back what was not completed in time; whoever has it has forgotten it (SEND-02, SEND-09)."""
        forgotten: dict[tuple[Adapter, str], list[Packet]] = {}
        for packet in packets:
            if packet in self._in_flight:
                rule = "SEND-09" if self._stalled and packet in self._queue else "SEND-02"
                forgotten.setdefault((self.abort(packet), rule), []).append(packet)
        for (adapter, rule), taken in forgotten.items():
            text = f"{adapter.name} has not completed {len(taken)} sends in {adapter.library.patience:g} s"
            site = adapter.site_of("send_packets") or adapter.site_of("send")
            adapter.violated(RuleViolation(rule, f"{text}; {WAYS_OUT[rule]}", taken[0], site=site))

    def take_back_of_binding(self, binding: "Binding") -> None:
        """The same for everything that a binding has in flight."""
        self.take_back([packet for packet, submission in self._in_flight.items() if submission.binding is binding])

    def left(self) -> list[Packet]:
        """What is in flight: at the end of a reset or a halt, what the miniport has forgotten."""
        return list(self._in_flight)

    def queue_is_stuck(self) -> bool:
        """Whether the oldest packet in the queue was there at the last two checks for hang."""
        if not self._queue or not self._adapter.gate.serialized:
            return False
        oldest = self._in_flight[self._queue[0]]
        oldest.checks += 1
        return oldest.checks >= 2

    def _accept(
        self,
        binding: "Binding",
        packets: Iterable[Packet],
        accepted: list[Packet],
        refused: list[tuple[Packet, NdisStatus]],
        *,
        inline: bool,
    ) -> None:
        """Take packets over, or say by which status each is refused."""
        adapter = self._adapter
        refusal = binding.refuses_traffic()
        above = binding.virtual_adapter  # of an intermediate driver, which hands on what it was given there
        submission: Submission | None = None
        for packet in packets:
            check_instance("a packet to send", packet, Packet)
            if refusal is not None or not self._is_well_formed(packet):
                self._refused += 1
                refused.append((packet, refusal or NdisStatus.INVALID_PACKET))
                continue
            handed_on = above is not None and packet.state is _SENDING and binding.owns(packet.holder)
            packet.transfer(PacketEvent.HAND_ON if handed_on else _SEND, adapter)
            if submission is None or submission.handed_on is not handed_on or not self._is_array:
                submission = Submission(binding, handed_on=handed_on, inline=inline)
            self._in_flight[packet] = submission
            accepted.append(packet)
        if self._answered:
            self._answered.difference_update(accepted)

    def _is_well_formed(self, packet: Packet) -> bool:
        """Whether its length is one of a frame, with the whole header in its first buffer (PKT-12, SEND-15)."""
        adapter = self._adapter
        counts = packet.query()
        first = counts.first_buffer
        is_whole = first is not None and first.length >= adapter.header_size
        return is_whole and counts.total_length <= adapter.maximum_total_size

    def _deliver(self, packets: Sequence[Packet]) -> None:
        """Put accepted packets into the queue, and have it emptied.

        There they are until the miniport is given them, so that a reset, which a handler may ask for at any time, finds
        what nobody has seen yet.
        """
        waits = self._is_handing and bool(self._queue)  # until those before have had their turn
        self._queue.extend(packets)
        loopback = self._adapter.loopback
        if loopback is not None and loopback.is_needed:
            outer, self._is_handing = self._is_handing, True  # what is looped may not reach the wire before its turn
            try:
                packets = loopback.loop(packets, self._in_flight)
            finally:
                self._is_handing = outer
        if self._adapter.scatter_gather is not None:
            self._adapter.scatter_gather.map_all([packet for packet in packets if packet in self._in_flight])
        if not (self._stalled or waits):
            self._feed()

    def _feed(self) -> None:
        """Have the queue emptied: by the handler that waits, in its turn, or now."""
        if not self._queue:
            return
        if self._is_awaited:
            if not self._worker.busy:
                self._worker.post(self._drain)
        elif self._adapter.gate.serialized:
            self._adapter.gate.run(self._pump)
        else:
            self._hand_over_queue()

    def _hand_over_queue(self) -> None:
        """Give everything to a deserialized miniport, whose handler may be called again while it runs."""
        outer, self._is_handing = self._is_handing, True
        try:
            while self._queue:
                if self._send_packets is not None:
                    self._hand_over_array(self._next_array())
                else:
                    assert self._send is not None
                    packet = self._queue.popleft()
                    submission = self._in_flight[packet]
                    self._answer(packet, submission, self._send.status_of(self._send.call(packet, failed=_FAILURE)))
        finally:
            self._is_handing = outer

    def _hand_over_array(self, packets: Sequence[Packet]) -> None:
        assert self._send_packets is not None
        submissions = [self._in_flight[packet] for packet in packets]
        self._refuse_rest(packets, submissions, self._send_packets.call(packets, failed=_FAILURE))

    async def _drain(self) -> None:
        """Empty the queue of a deserialized miniport whose handler waits, one call after another."""
        while self._queue and self._adapter.takes_sends:
            if self._send_packets is not None:
                array = self._next_array()
                submissions = [self._in_flight[packet] for packet in array]
                self._refuse_rest(array, submissions, await self._send_packets.run(array, failed=_FAILURE))
            else:
                assert self._send is not None
                packet = self._queue.popleft()
                submission = self._in_flight[packet]
                self._answer(packet, submission, self._send.status_of(await self._send.run(packet, failed=_FAILURE)))

    def _next_array(self) -> list[Packet]:
        most = self._adapter.maximum_send_packets
        return [self._queue.popleft() for _ in range(min(most, len(self._queue)))]

    def _refuse_rest(self, packets: Sequence[Packet], submissions: list[Submission], answer: object) -> None:
        """MiniportSendPackets answers nothing; one that raises a status has not taken what it did not complete."""
        if isinstance(answer, NdisStatus) and answer.is_error:
            for packet, submission in zip(packets, submissions, strict=True):
                if self._in_flight.get(packet) is submission:
                    self._end_by_answer(packet, submission, answer)

    def _answer(self, packet: Packet, submission: Submission, status: NdisStatus) -> None:
        """Act on what a deserialized MiniportSend has answered."""
        if status is _PENDING:
            return
        if status is _RESOURCES:
            violation = RuleViolation(
                "SEND-08",
                f"MiniportSend of {self._adapter.name} answered RESOURCES; a deserialized miniport queues by itself: "
                "answer PENDING, and complete the packet when it is sent",
                packet,
                site=self._adapter.site_of("send"),
            )
            self._adapter.fail(violation, "MiniportSend")
            status = _FAILURE
        self._end_by_answer(packet, submission, status)

    def _end_by_answer(self, packet: Packet, submission: Submission, status: NdisStatus) -> None:
        """The miniport has given a packet back by its answer."""
        if not self._still_has(packet, submission, status):
            return
        del self._in_flight[packet]
        if self._adapter.probe is not None:
            if len(self._answered) >= _MANY:  # those that were freed are of no interest, and never come again
                self._answered = {other for other in self._answered if other.state is not PacketState.FREE}
            self._answered.add(packet)
        if submission.inline:
            submission.answered = status
            self._hand_over((packet,), submission, status)
            self._adapter.came_to_rest()
        else:
            self._give_back(packet, submission, status)

    def _still_has(self, packet: Packet, submission: Submission, status: NdisStatus) -> bool:
        """Whether the miniport may give a packet back by its answer; not one that it has completed before (SEND-04)."""
        if self._in_flight.get(packet) is submission:
            return True
        if not submission.is_aborted:
            violation = RuleViolation(
                "SEND-04",
                f"MiniportSend of {self._adapter.name} completed {packet!r} and answered {status.name}; answer PENDING "
                "for what NdisMSendComplete gives back",
                packet,
                site=self._adapter.site_of("send"),
            )
            self._adapter.fail(violation, "MiniportSend")
        return False

    def _pump(self) -> None:
        """Feed a serialized miniport from the queue, while it takes packets."""
        while self._queue and not self._stalled and self._adapter.takes_sends:
            if self._send_packets is not None:
                self._pump_array(self._send_packets)
            else:
                self._pump_one()

    def _pump_one(self) -> None:
        assert self._send is not None
        packet = self._queue.popleft()
        submission = self._in_flight[packet]
        status = self._send.status_of(self._send.call(packet, failed=_FAILURE))
        if status is _RESOURCES:
            if self._still_has(packet, submission, status):
                self._requeue([packet])
        elif status is not _PENDING:
            self._end_by_answer(packet, submission, status)

    def _pump_array(self, handler: Handler) -> None:
        packets = self._next_array()
        submissions = [self._in_flight[packet] for packet in packets]
        for packet in packets:
            packet.oob.status = UNSET
        answer = handler.call(packets, failed=_FAILURE)
        statuses = [
            packet.oob.status if self._in_flight.get(packet) is submission else _PENDING
            for packet, submission in zip(packets, submissions, strict=True)
        ]
        if isinstance(answer, NdisStatus) and answer.is_error:
            statuses = [answer if status == UNSET else status for status in statuses]
        check_statuses(self._adapter, packets, statuses)
        if _RESOURCES in statuses:
            first = statuses.index(_RESOURCES)
            self._requeue([packet for packet in packets[first:] if packet in self._in_flight])
            del packets[first:]
        for packet, submission, status in zip(packets, submissions, statuses, strict=False):
            if status != _PENDING:
                self._end_by_answer(packet, submission, _FAILURE if status == UNSET else handler.status_of(status))

    def _requeue(self, packets: list[Packet]) -> None:
        """Put packets back to the head of the queue, and wait until the miniport has room."""
        self._stalled = True
        self._requeued += len(packets)
        for packet in reversed(packets):
            packet.transfer(PacketEvent.REQUEUE, self._adapter)
            self._queue.appendleft(packet)

    def _pop(self, packet: Packet, status: NdisStatus) -> Submission:
        """Find what the miniport completes, or say what is wrong with that."""
        if status is _PENDING or status is _RESOURCES:
            raise RuleViolation(
                "SEND-03",
                f"{self._adapter.name} completes {packet!r} with {status.name}; a completion is final, "
                "use SUCCESS, FAILURE or REQUEST_ABORTED",
                packet,
            )
        submission = self._in_flight.pop(packet, None)
        if submission is None:
            raise self._unknown(packet)
        return submission

    def _give_back(self, packet: Packet, submission: Submission, status: NdisStatus) -> None:
        """The packet is its protocol's again, which is told."""
        self._hand_over((packet,), submission, status)
        self._adapter.came_to_rest()
        submission.binding.send_is_complete(packet, status)

    def _hand_over(self, packets: Sequence[Packet], submission: Submission, status: NdisStatus) -> None:
        """Packets of one submission are their protocol's again."""
        if self._adapter.scatter_gather is not None:
            for packet in packets:
                self._adapter.scatter_gather.unmap(packet)
        if submission.handed_on:
            transfer_all(packets, PacketEvent.HAND_BACK, submission.binding.virtual_adapter)
        else:
            transfer_all(packets, _COMPLETE)
        if status is _SUCCESS:
            self._sent += len(packets)
        else:
            self._failed += len(packets)

    def _unknown(self, packet: Any) -> RuleViolation:
        """Why a packet cannot be completed now."""
        check_instance("a packet to complete", packet, Packet)
        if packet in self._answered:
            return RuleViolation(
                "SEND-04",
                f"{self._adapter.name} completes {packet!r}, which it gave back by the status of MiniportSend; "
                "answer PENDING for what NdisMSendComplete gives back",
                packet,
            )
        return RuleViolation(
            "SEND-02",
            f"{self._adapter.name} completes {packet!r}, which it does not have; complete each packet exactly once",
            packet,
        )
