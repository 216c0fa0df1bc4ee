"""Opening an adapter: what a protocol is given in ProtocolBindAdapter, and may use only there.

Source: the pages of ProtocolBindAdapter, NdisOpenAdapter, NdisCompleteBindAdapter and NdisCompleteUnbindAdapter.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asyncndis.base import NdisError, NdisStatus, RuleViolation
from asyncndis.kernel import Clock

from .media import NdisMedium
from .outcome import Outcome
from .states import BindingEvent, BindingState
from .watched import Watched

if TYPE_CHECKING:
    from .binding import Binding
    from .library import Ndis

__all__ = ["BindContext", "UnbindContext"]

_SUCCESS = NdisStatus.SUCCESS
_PENDING = NdisStatus.PENDING


class UnbindContext:
    """What identifies an unbind that was answered PENDING.

    :ivar name: of the binding
    """

    __slots__ = ("_outcome", "_probe", "name")

    def __init__(self, binding: "Binding") -> None:
        self.name = binding.name
        self._probe = binding.probe
        self._outcome = Outcome()

    def complete(self, status: int = _SUCCESS) -> None:
        """The unbind is done (NdisCompleteUnbindAdapter). IRQL: PASSIVE. Rule: BIND-03.

        :param status: SUCCESS; an unbind cannot fail
        :raises RuleViolation: BIND-03 when it was completed before, or with another status
        """
        if self._outcome.value is not None or status != _SUCCESS:
            raise RuleViolation(
                "BIND-03",
                f"the unbind of {self.name} is completed twice, or not with SUCCESS; it is done once and cannot fail",
                self.name,
            )
        with Watched(self._probe, "NdisCompleteUnbindAdapter", self.name, status):
            self._outcome.set(status)

    async def wait_patiently(self, clock: Clock, seconds: float) -> bool:
        """Wait until it is done, but not for ever; the answer is whether it is."""
        return await self._outcome.wait_patiently(clock, seconds) is not None


class BindContext:
    """What a protocol gets to bind to an adapter.

    :ivar device_name: the adapter's name
    :ivar binding: what was opened, or None
    """

    __slots__ = ("_active", "_library", "_outcome", "_target", "binding", "device_name")

    def __init__(self, library: "Ndis", target: "Binding") -> None:
        self.device_name = target.adapter.name
        self.binding: Binding | None = None
        self._library = library
        self._target = target
        self._outcome = Outcome()
        self._active = True

    @property
    def target(self) -> "Binding":
        """The binding that is offered, open or not. IRQL: any."""
        return self._target

    def __repr__(self) -> str:
        return f"<BindContext of {self._target.protocol.name!r} to {self.device_name!r}>"

    async def open(
        self, context: object = None, *, media: Sequence[NdisMedium] = (NdisMedium.ETHERNET_802_3,)
    ) -> "Binding":
        """Open the adapter (NdisOpenAdapter). IRQL: PASSIVE. Rules: BIND-01, BIND-02.

        :param context: the protocol's own, which its handlers get
        :param media: the media that it can speak
        :returns: the binding, open
        :raises NdisError: UNSUPPORTED_MEDIA, ADAPTER_NOT_FOUND, OPEN_FAILED or another status
        :raises RuleViolation: BIND-01 outside ProtocolBindAdapter
        """
        target = self._target
        if not self._active:
            raise RuleViolation(
                "BIND-01",
                f"{target.protocol.name} opens {self.device_name} outside ProtocolBindAdapter; open it there",
                self,
            )
        with Watched(target.probe, "NdisOpenAdapter", target):
            if target.state is not BindingState.UNBOUND:
                raise NdisError(f"{target.name} is open already", NdisStatus.OPEN_FAILED)
            target.step(BindingEvent.OPEN)
            try:
                await self._library.open_binding(target, context, media)
            except BaseException:
                target.step(BindingEvent.OPEN_FAILED)
                raise
        self.binding = target
        return target

    def complete(self, status: int) -> None:
        """The bind that was answered PENDING is done (NdisCompleteBindAdapter). IRQL: PASSIVE. Rule: BIND-03.

        :param status: how it went
        :raises RuleViolation: BIND-03 when it was completed before
        """
        if self._outcome.value is not None or status == _PENDING:
            raise RuleViolation(
                "BIND-03", f"{self!r} is completed twice, or with PENDING; complete it exactly once", self
            )
        with Watched(self._target.probe, "NdisCompleteBindAdapter", self, status):
            self._outcome.set(status)

    async def wait(self) -> NdisStatus:
        """Wait for the outcome of a bind that was answered PENDING."""
        return NdisStatus(await self._outcome.wait())

    def end(self) -> None:
        """ProtocolBindAdapter is over."""
        self._active = False
