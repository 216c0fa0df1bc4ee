"""PnP events of protocols: what the system asks or tells, and the answer that may come later.

Source: the pages of ProtocolPnPEvent, NET_PNP_EVENT and NdisCompletePnPEvent. A protocol that is an object answers by
what its handler returns; one that registered plain handlers gets the event itself, and may answer PENDING.
"""

from typing import TYPE_CHECKING

from asyncndis.base import NdisStatus, RuleViolation

from .media import PnpEvent
from .outcome import Outcome
from .watched import Watched

if TYPE_CHECKING:
    from .binding import Binding

__all__ = ["NetPnpEvent", "tell_pnp_event"]

_SUCCESS = NdisStatus.SUCCESS
_PENDING = NdisStatus.PENDING


class NetPnpEvent:
    """One event (NET_PNP_EVENT).

    :ivar code: what it is
    :ivar data: what goes with it
    """

    __slots__ = ("_binding", "_outcome", "code", "data")

    def __init__(self, binding: "Binding", code: PnpEvent, data: object) -> None:
        self.code = code
        self.data = data
        self._binding = binding
        self._outcome = Outcome()

    def __repr__(self) -> str:
        return f"<NetPnpEvent {self.code.name} for {self._binding.name!r}>"

    def complete(self, status: int = _SUCCESS) -> None:
        """Answer an event that was answered PENDING (NdisCompletePnPEvent). IRQL: PASSIVE. Rule: BIND-03.

        :param status: SUCCESS, or one that declines
        :raises RuleViolation: BIND-03 when it was completed before, or with PENDING
        """
        if self._outcome.value is not None or status == _PENDING:
            raise RuleViolation(
                "BIND-03", f"{self!r} is completed twice, or with PENDING; complete it exactly once", self
            )
        with Watched(self._binding.probe, "NdisCompletePnPEvent", self._binding, self, status):
            self._outcome.set(status)

    async def answer(self) -> NdisStatus:
        """The answer, once it is there; SUCCESS where it does not come in the machine's patience. IRQL: PASSIVE."""
        library = self._binding.adapter.library
        status = await self._outcome.wait_patiently(library.clock, library.patience)
        if status is None:
            library.violated(
                RuleViolation(
                    "BIND-03",
                    f"{self!r} was answered PENDING and not completed in {library.patience:g} s; complete it once",
                    self,
                    site=self._binding.site_of("pnp_event"),
                )
            )
        return NdisStatus(_SUCCESS if status is None else status)


async def tell_pnp_event(binding: "Binding", code: PnpEvent, data: object) -> NdisStatus:
    """Tell a protocol of an event, and wait for its answer. IRQL: PASSIVE.

    :returns: SUCCESS, also where it has no handler; or a status that declines
    """
    handler = binding.handler("pnp_event")
    if handler is None:
        return _SUCCESS
    if binding.protocol.instance is not None:
        answer = await handler.run(code, data)
        return _SUCCESS if answer is None else handler.status_of(answer)
    event = NetPnpEvent(binding, code, data)
    status = handler.status_of(await handler.run(event, failed=_SUCCESS))
    return await event.answer() if status is _PENDING else status
