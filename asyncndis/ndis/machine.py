"""What a machine has only one of: its slots, its drivers, its numbers; and which machine the calling code runs on.

The NDIS calls that take no handle belong to that machine. A task that runs in the block of an ``Ndis``, and every task,
timer, DPC and work item that it starts, is on that one. Source: the pages of NdisReturnPackets and
NdisGeneratePartialCancelId.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING

from asyncndis.base import RuleViolation, check_instance
from asyncndis.memory import Packet

if TYPE_CHECKING:
    from .adapter import Adapter
    from .binding import Binding
    from .driver import Driver
    from .library import Ndis
    from .registered import RegisteredProtocol

__all__ = ["Machine", "current_ndis", "machine"]

machine: ContextVar["Ndis | None"] = ContextVar("asyncndis_ndis", default=None)


def current_ndis() -> "Ndis":
    """The NDIS library that is open here. IRQL: any.

    :raises RuntimeError: when none is
    """
    ndis = machine.get()
    if ndis is None:
        raise RuntimeError("no NDIS library is open here; open one: async with Ndis() as ndis:")
    return ndis


class Machine:
    """The part of an NDIS library that there is one of for all drivers.

    :ivar adapters: in the order in which they were started
    :ivar protocols: those that are registered
    :ivar drivers: those that were loaded
    """

    adapters: "list[Adapter]"

    def __init__(self) -> None:
        self.protocols: list[RegisteredProtocol] = []
        self.drivers: list[Driver] = []
        self._addresses = 0
        self._slots = 0
        self._cancel_ids = 0

    def return_packets(self, packets: Iterable[Packet]) -> None:
        """Return lent packets to where they came from (NdisReturnPackets). IRQL: <= DISPATCH, no spin lock held.

        Rules: RCV-07, RCV-08. Whoever knows the binding calls its ``return_packets``; in NDIS nobody needs to.

        :param packets: each as often as the receive handler said it would be
        :raises RuleViolation: RCV-07 when one was not lent, or was returned before
        """
        for packet in packets:
            self._borrower_of(packet).return_packet(packet)

    def next_partial_cancel_id(self) -> int:
        """The next number for the high byte of a driver's cancel ids (NdisGeneratePartialCancelId). IRQL: any.

        :returns: from 1 to 255, and then from 1 again
        """
        self._cancel_ids = self._cancel_ids % 255 + 1
        return self._cancel_ids

    def next_address(self) -> bytes:
        """A station address for a NIC that has none. IRQL: any."""
        self._addresses += 1
        return b"\x02\x4e\x44" + self._addresses.to_bytes(3, "big")

    def next_slot(self) -> int:
        """The slot that the next NIC is plugged into. IRQL: any."""
        self._slots += 1
        return self._slots - 1

    async def offer(self, adapter: "Adapter") -> None:
        """Offer a new adapter to the protocols of loaded drivers. IRQL: PASSIVE.

        :param adapter: running
        """
        for protocol in [protocol for driver in self.drivers for protocol in driver.protocols]:
            await protocol.consider(adapter)

    async def unload_all(self) -> list[Exception]:
        """Unload every driver, what came last first. IRQL: PASSIVE.

        :returns: what went wrong
        """
        errors: list[Exception] = []
        for driver in reversed(list(self.drivers)):
            try:
                await driver.unload()
            except Exception as error:  # noqa: BLE001 - the others are to be unloaded all the same
                errors.append(error)
        return errors

    def _borrower_of(self, packet: Packet) -> "Binding":
        """Who has a packet; of several in the same stack the uppermost, who had it last."""
        check_instance("a packet to return", packet, Packet)
        for adapter in reversed(self.adapters):
            for binding in adapter.bindings:
                if binding.has(packet):
                    return binding
        raise RuleViolation(
            "RCV-07",
            f"{packet!r} is returned, and nobody has it; return it exactly as often as ProtocolReceivePacket answered",
            packet,
        )
