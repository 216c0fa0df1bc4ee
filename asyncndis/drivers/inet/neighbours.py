"""Who has which IPv4 address on the link, and what waits until that is known (RFC 826, RFC 1122 2.3.2).

Rules: everything is bounded, in number and in time. One address is asked for once a second at most.
"""

from collections import deque
from dataclasses import dataclass
from ipaddress import IPv4Address

from asyncndis.base import check_integer
from asyncndis.drivers.ageing import AgeingTable
from asyncndis.kernel import Clock
from asyncndis.kernel.clock import SECOND

from .ipv4 import Ipv4Packet

__all__ = ["Neighbours", "NeighboursStatistics"]

_PATIENCE_SECONDS = 3


@dataclass(frozen=True, slots=True)
class NeighboursStatistics:
    """What is known of the neighbours.

    :ivar known: addresses that are known now
    :ivar unresolved: addresses that are asked for now
    :ivar given_up: addresses that were asked for in vain, or had to make room
    :ivar dropped: packets that were not kept, because too many waited for one address
    """

    known: int
    unresolved: int
    given_up: int
    dropped: int


class _Question:
    """An address that is asked for, and the packets for it."""

    __slots__ = ("asked_at", "packets")

    def __init__(self, asked_at: int) -> None:
        self.asked_at = asked_at
        self.packets: deque[Ipv4Packet] = deque()


class Neighbours:
    """The ARP cache.

    :param clock: tells the time
    :param max_known: how many neighbours are remembered; the oldest is forgotten first
    :param max_unresolved: how many addresses are asked for at once; the oldest is given up first
    :param max_waiting: how many packets may wait for one address; the oldest is dropped first
    :param ageing_seconds: how long a neighbour is remembered after it was last heard of
    """

    __slots__ = ("_clock", "_dropped", "_known", "_max_waiting", "_questions")

    def __init__(
        self,
        clock: Clock,
        *,
        max_known: int = 256,
        max_unresolved: int = 16,
        max_waiting: int = 8,
        ageing_seconds: float = 60.0,
    ) -> None:
        check_integer("max_waiting", max_waiting, 1)
        self._known: AgeingTable[IPv4Address, bytes] = AgeingTable(max_known, ageing_seconds, clock)
        self._questions: AgeingTable[IPv4Address, _Question] = AgeingTable(max_unresolved, _PATIENCE_SECONDS, clock)
        self._max_waiting = max_waiting
        self._clock = clock
        self._dropped = 0

    def __repr__(self) -> str:
        return f"<Neighbours {len(self._known)} known, {len(self._questions)} asked for>"

    def statistics(self) -> NeighboursStatistics:
        """What is known now. IRQL: any."""
        questions = self._questions
        return NeighboursStatistics(
            len(self._known), len(questions), questions.expired + questions.evicted, self._dropped
        )

    def lookup(self, address: IPv4Address) -> bytes | None:
        """The MAC address of a neighbour, or None. IRQL: any."""
        return self._known.get(address)

    def learn(self, address: IPv4Address, mac: bytes) -> list[Ipv4Packet]:
        """Note that ``address`` is at ``mac``. IRQL: any.

        :returns: the packets that waited for that, in their order
        """
        self._known.put(address, mac)
        question = self._questions.pop(address)
        return [] if question is None else list(question.packets)

    def hold(self, packet: Ipv4Packet) -> bool:
        """Let a packet wait until its destination is learnt. IRQL: any.

        :returns: whether it is time to ask for that address
        """
        now = self._clock.now()
        question = self._questions.get(packet.destination)
        is_time = question is None or now - question.asked_at >= SECOND
        if question is None:
            question = _Question(now)
            self._questions.put(packet.destination, question)
        if is_time:
            question.asked_at = now
        if len(question.packets) == self._max_waiting:
            question.packets.popleft()
            self._dropped += 1
        question.packets.append(packet)
        return is_time
