"""The receive path of one adapter in packets: from NdisMIndicateReceivePacket to MiniportReturnPacket.

Source: the pages of NdisMIndicateReceivePacket, ProtocolReceivePacket, NdisReturnPackets and MiniportReturnPacket. A
packet with status SUCCESS is lent: each protocol says how often it will return it, and with the last return it is the
miniport's again. One with status RESOURCES, and all behind it, stays the miniport's: protocols copy in the callback.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from asyncndis.base import NdisStatus, RuleViolation, check_instance
from asyncndis.kernel import Dpc, Irql
from asyncndis.kernel.seam import PlainCalls, calls_at
from asyncndis.memory import Packet, PacketEvent, PacketState
from asyncndis.memory.rows import lend, survey, take_back

from .calling import Handler, Worker
from .rowforms import row_form

if TYPE_CHECKING:
    from .adapter import Adapter
    from .binding import Binding

__all__ = ["ReceivePath", "ReceiveStatistics"]

_RESOURCES = NdisStatus.RESOURCES
_SUCCESS = NdisStatus.SUCCESS
_PENDING = NdisStatus.PENDING
_DISPATCH = Irql.DISPATCH  # by a name of its own: to look into an enumeration takes far longer
_INDICATE = PacketEvent.INDICATE
_RETURN = PacketEvent.RETURN
_LENT = PacketState.LENT
_RETURNED = PacketState.RETURNED
_INDICATED = (PacketState.LENT, PacketState.INDICATED_RESOURCES)


class ReceiveStatistics(NamedTuple):
    """The receive path of an adapter at one moment.

    :ivar lent: packets that protocols have
    :ivar indicated: frames that the miniport indicated
    :ivar delivered: how often one was given to a protocol
    :ivar unwanted: frames that no protocol's filter let pass
    :ivar low: packets indicated with status RESOURCES
    """

    lent: int
    indicated: int
    delivered: int
    unwanted: int
    low: int


class _Loan:
    """A packet that was indicated: who still owes how many returns, and whether the indication still runs.

    Packets that a protocol keeps of a row, each for one return, share one.
    """

    __slots__ = ("handed_on", "is_shared", "owed", "returning", "total")

    def __init__(self) -> None:
        self.handed_on = False
        self.is_shared = False
        self.owed: dict[Binding, int] = {}
        self.total = 0
        self.returning: Binding | None = None


class ReceivePath:
    """Brings the packets of one miniport to all bindings that want them, and back.

    :param adapter: whose
    """

    __slots__ = (
        "_adapter",
        "_borrowers",
        "_delivered",
        "_home",
        "_indicated",
        "_loans",
        "_low",
        "_return",
        "_return_row",
        "_spare",
        "_taker",
        "_unwanted",
        "_worker",
    )

    def __init__(self, adapter: "Adapter") -> None:
        self._adapter = adapter
        self._loans: dict[Packet, _Loan] = {}
        self._indicated = self._delivered = self._unwanted = self._low = 0
        self._return = adapter.handler("MiniportReturnPacket", "return_packet")
        form = None if adapter.probe is not None else row_form(adapter.context, "return_row", "return_packet")
        self._return_row = form and Handler(adapter, "MiniportReturnPacket", form, adapter.context, None)
        self._worker = Worker(adapter.group, f"returns of {adapter.name}", adapter.came_to_rest)
        self._home: dict[Packet, None] = {}
        self._spare: list[_Loan] = []  # one is needed for each packet, and most end at once
        self._taker: Binding | None = None
        self._borrowers = f"protocols of {adapter.name}"

    def statistics(self) -> ReceiveStatistics:
        """The state of it now, in O(1)."""
        return ReceiveStatistics(len(self._loans), self._indicated, self._delivered, self._unwanted, self._low)

    @property
    def lent(self) -> int:
        """Packets that protocols have, or that are on their way back to the miniport."""
        return len(self._loans) + len(self._home)

    def of_binding(self, binding: "Binding") -> int:
        """How many of them a binding has. O(n)."""
        return sum(binding in loan.owed for loan in self._loans.values())

    def has(self, packet: Packet) -> bool:
        """Whether protocols have a packet."""
        return packet in self._loans

    def owes(self, binding: "Binding", packet: Packet) -> bool:
        """Whether a binding has still to return a packet."""
        loan = self._loans.get(packet)
        return loan is not None and binding in loan.owed

    def is_with(self, binding: "Binding", packet: Packet) -> bool:
        """Whether a packet was given to a binding, which has not returned it."""
        loan = self._loans.get(packet)
        return loan is not None and (loan.returning is binding or binding in loan.owed)

    def bindings_changed(self) -> None:
        """A binding was opened or closed: the only one may be given packets in rows, where nobody watches."""
        adapter = self._adapter
        is_plain = adapter.probe is None and not adapter.lower and not adapter.gate.serialized
        only = adapter.open_bindings[0] if is_plain and len(adapter.open_bindings) == 1 else None
        self._taker = None if only is None or only.plain_receiver is None else only

    def indicate(self, packets: Iterable[Packet]) -> None:
        """NdisMIndicateReceivePacket."""
        calls = calls_at(_DISPATCH)
        if calls is not None:
            self._indicate_in(calls, packets)
            return
        with PlainCalls(_DISPATCH) as calls:
            self._indicate_in(calls, packets)

    def _indicate_in(self, calls: PlainCalls, packets: Iterable[Packet]) -> None:
        adapter = self._adapter
        try:
            packets = tuple(packets)
            taker = self._taker
            if taker is None or not self._indicate_row(packets, taker, calls):
                self._indicate_all(packets, calls)
        finally:
            for binding in adapter.open_bindings:
                if binding._in_batch:
                    binding.end_batch(calls)
            if adapter._waiting:
                adapter.came_to_rest()

    def _indicate_all(self, packets: Iterable[Packet], calls: PlainCalls) -> None:
        adapter = self._adapter
        low = False
        known: bytes | None = None
        bindings = takers = adapter.open_bindings
        for packet in packets:
            check_instance("a packet to indicate", packet, Packet)
            status = packet.oob.status
            if status != _SUCCESS or low:
                self._check_status(packet, status, low=low)
                low = True
            header = packet.head(adapter.header_size)
            if header != known or bindings is not adapter.open_bindings:  # frames in a row often have one header
                known, bindings = header, adapter.open_bindings
                takers = self._takers(packet, header)
            self._indicate(packet, takers, calls, low=low)

    def _indicate_row(self, packets: Sequence[Packet], binding: "Binding", calls: PlainCalls) -> bool:
        """Indicate packets at once where they are all lent to one protocol, which takes them all; False elsewhere.

        They are returned together, those that the protocol does not keep.
        """
        adapter = self._adapter
        size, most = adapter.header_size, adapter.maximum_total_size
        if not binding.filter.accepts_all or binding._ether_type is not None:
            heads = survey(packets, size, most, lent=True)
            if heads is None or not all(map(binding.accepts, heads)):
                return False
        if not lend(packets, size, most, self._borrowers):
            return False
        self._indicated += len(packets)
        self._delivered += len(packets)
        loan = _Loan()
        for packet in packets:
            self._loans[packet] = loan
        loan.returning = binding
        kept: Sequence[Packet] = ()
        try:
            row_receiver = binding._receive_row
            binding._in_batch = binding._sees_batches
            whole = None if row_receiver is None else row_receiver.call_in(calls, packets, failed=())
            if whole is None:
                binding.receive_row(packets, calls, self._keep)
            else:
                kept = whole
                binding._received += len(packets)
        finally:
            loan.returning = None
            if kept:
                loan.is_shared = True
                loan.owed[binding] = loan.total = 1
            if len(kept) != len(packets):
                self._settle_rest(packets, kept, loan, calls)
        return True

    def _settle_rest(self, packets: Sequence[Packet], kept: Sequence[Packet], loan: _Loan, calls: PlainCalls) -> None:
        """Take back what a protocol does not keep of a row."""
        keeping = set(kept)
        back = [packet for packet in packets if self._loans.get(packet) is loan and packet not in keeping]
        self._settle_row(back, calls)

    def _keep(self, binding: "Binding", packet: Packet, promised: int) -> None:
        """A protocol keeps a packet of a row."""
        loan = self._loans[packet] = _Loan()
        loan.owed[binding] = loan.total = promised

    def _settle_row(self, packets: Sequence[Packet], calls: PlainCalls) -> None:
        """Packets of a row are the miniport's again."""
        for packet in packets:
            del self._loans[packet]
        take_back(packets, _RETURN, _LENT, _RETURNED)
        if self._return is None or not packets:
            return
        if self._return.awaited or self._adapter.defers:
            for packet in packets:
                self._call_return(packet, calls)
        elif self._return_row is not None:
            self._return_row.call_in(calls, packets)
        else:
            self._return.call_each(calls, packets)

    def _check_status(self, packet: Packet, status: int, *, low: bool) -> None:
        """Refuse a status that is none of the two, and SUCCESS behind RESOURCES (RCV-02)."""
        if status == _RESOURCES:
            return
        if status == _SUCCESS and low:
            text = "with SUCCESS behind one with RESOURCES; after the first RESOURCES all are"
        else:
            text = f"with status {status:#x}; set SUCCESS to lend it, or RESOURCES to keep it"
        raise RuleViolation("RCV-02", f"{self._adapter.name} indicates {packet!r} {text}", packet)

    def _takers(self, packet: Packet, header: bytes) -> "tuple[Binding, ...]":
        """The bindings that want a frame with such a header."""
        adapter = self._adapter
        if len(header) < adapter.header_size:
            raise RuleViolation(
                "PKT-12",
                f"{adapter.name} indicates {packet!r} without a whole MAC header in its first buffer; chain one",
                packet,
            )
        return tuple(binding for binding in adapter.open_bindings if binding.accepts(header))

    def show_looped(self, packet: Packet) -> None:
        """A frame that NDIS loops back: the same, but it was not received."""
        self.indicate((packet,))
        self._indicated -= 1
        self._low -= 1

    def give_back_row(self, binding: "Binding", packets: Sequence[Packet], calls: PlainCalls) -> bool:
        """NdisReturnPackets for packets that were kept of a row, of which no other is returned; False for others."""
        loans = self._loans
        loan = loans.get(packets[0]) if packets else None
        if loan is None or not loan.is_shared or binding not in loan.owed or self._adapter.probe is not None:
            return False
        if len(packets) > 1 and not (set(map(loans.get, packets)) == {loan} and len(set(packets)) == len(packets)):
            return False
        self._settle_row(packets, calls)
        if self._adapter._waiting:
            self._adapter.came_to_rest()
        return True

    def give_back(self, binding: "Binding", packet: Packet) -> None:
        """NdisReturnPackets, for one packet."""
        check_instance("a packet to return", packet, Packet)
        loan = self._loans.get(packet)
        if loan is None or (binding not in loan.owed and loan.returning is not binding):
            raise RuleViolation(
                "RCV-07",
                f"{binding.name} returns {packet!r} more often than it said it would; return it exactly as often as "
                "ProtocolReceivePacket answered",
                packet,
            )
        if loan.returning is binding:
            raise RuleViolation(
                "RCV-08",
                f"{binding.name} returns {packet!r} before its ProtocolReceivePacket has answered; answer 0 where it "
                "is not needed any more",
                packet,
            )
        if loan.is_shared:
            self._settle(packet, loan)
            return
        loan.owed[binding] -= 1
        loan.total -= 1
        if not loan.owed[binding]:
            del loan.owed[binding]
        if not loan.total and loan.returning is None:
            self._settle(packet, loan)

    def forget(self, binding: "Binding") -> list[Packet]:
        """Take back what a binding still has, since it is gone.

        :returns: those packets
        """
        held = [packet for packet, loan in self._loans.items() if binding in loan.owed]
        for packet in held:
            loan = self._loans[packet]
            if loan.is_shared:
                self._settle(packet, loan)
                continue
            loan.total -= loan.owed.pop(binding)
            if not loan.total:
                self._settle(packet, loan)
        return held

    def forget_home(self) -> list[Packet]:
        """Bring nothing back any more, since the adapter has ended; the answer is what was on its way."""
        left = list(self._home)
        self._home.clear()
        self._worker.stop()
        return left

    def _indicate(self, packet: Packet, takers: "tuple[Binding, ...]", calls: PlainCalls, *, low: bool) -> None:
        adapter = self._adapter
        handed_on = bool(adapter.lower) and packet.state in _INDICATED and adapter.has_from_below(packet)
        event = PacketEvent.INDICATE_RESOURCES if low else _INDICATE
        packet.transfer(PacketEvent.HAND_ON if handed_on else event, self._borrowers)
        self._indicated += 1
        loan = self._loans[packet] = self._spare.pop() if self._spare else _Loan()
        loan.handed_on = handed_on
        self._low += low
        self._delivered += len(takers)
        self._unwanted += not takers
        for binding in takers:
            loan.returning = binding
            try:
                promised = binding.receive_packet(packet, calls, low=low)
            finally:
                loan.returning = None
            if promised:
                self._note(binding, packet, loan, promised, low=low)
        if not loan.total:
            self._settle(packet, loan, calls, low=low)
            self._spare.append(loan)
        elif adapter.gate.serialized:
            packet.oob.status = _PENDING

    def _note(self, binding: "Binding", packet: Packet, loan: _Loan, promised: int, *, low: bool) -> None:
        """Note how often a protocol will return a packet."""
        if not low:
            loan.owed[binding] = promised
            loan.total += promised
            return
        binding.protocol.fail(
            RuleViolation(
                "RCV-06",
                f"ProtocolReceivePacket of {binding.name} answered {promised} for a packet with status RESOURCES; "
                "copy it there and then, and answer 0",
                packet,
                site=binding.site_of("receive_packet"),
            ),
            "ProtocolReceivePacket",
        )

    def _settle(self, packet: Packet, loan: _Loan, calls: PlainCalls | None = None, *, low: bool = False) -> None:
        """Nobody owes a return any more: the packet is the miniport's again.

        :param calls: those of the indication, where that still runs
        """
        del self._loans[packet]
        if loan.handed_on:
            packet.transfer(PacketEvent.HAND_BACK, self._adapter)
        else:
            packet.transfer(_RETURN)
        if low:
            pass  # a packet with status RESOURCES is back when the indication returns
        elif calls is not None and self._adapter.gate.serialized:
            packet.oob.status = _SUCCESS
        elif self._return is not None:
            self._call_return(packet, calls)
        if calls is None:
            self._adapter.came_to_rest()

    def _call_return(self, packet: Packet, calls: PlainCalls | None) -> None:
        """MiniportReturnPacket, now or later."""
        assert self._return is not None
        if self._return.awaited:
            self._home[packet] = None
            self._worker.post(self._bring_home, packet)
        elif self._adapter.defers:
            self._home[packet] = None
            if len(self._home) == 1:
                Dpc(self._return_all, kernel=self._adapter.kernel, name=f"returns of {self._adapter.name}").queue()
        elif calls is not None:  # and the miniport is deserialized: there is no turn to wait for
            self._return.call_in(calls, packet)
        else:
            self._adapter.gate.run(self._return.call, packet)

    async def _bring_home(self, packet: Packet) -> None:
        """MiniportReturnPacket, where it may wait."""
        assert self._return is not None
        await self._return.run(packet)
        self._home.pop(packet, None)

    def _return_all(self) -> None:
        """The packets whose return was deferred."""
        assert self._return is not None
        packets, self._home = self._home, {}
        for packet in packets:
            self._adapter.gate.run(self._return.call, packet)
        self._adapter.came_to_rest()
