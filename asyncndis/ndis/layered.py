"""The upper edge of an intermediate driver in NDIS words: virtual adapters that it starts above its own bindings.

Source: the pages of NdisIMRegisterLayeredMiniport, NdisIMAssociateMiniport, NdisIMInitializeDeviceInstanceEx,
NdisIMCancelInitializeDeviceInstance and NdisIMDeInitializeDeviceInstance. A virtual adapter stands upon every binding
of the associated protocol that no other stands upon yet: packets can be handed on between these as they are.
"""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncndis.base import NdisError, NdisStatus, check_instance, current_probe
from asyncndis.kernel.waiting import preempt

from .characteristics import MiniportCharacteristics
from .watched import Refusable, Watched

if TYPE_CHECKING:
    from .library import Ndis
    from .registered import RegisteredProtocol

__all__ = ["LayeredMiniport", "LayeredMiniportStatistics"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LayeredMiniportStatistics:
    """A layered miniport at one moment.

    :ivar adapters: virtual adapters that are not halted
    :ivar starting: device instances that wait for their turn
    """

    adapters: int
    starting: int


class LayeredMiniport:
    """What NdisIMRegisterLayeredMiniport returns; made by ``Wrapper.register_layered_miniport``.

    :ivar name: of the driver
    :ivar characteristics: the handlers of its virtual adapters
    :ivar protocol: its lower edge, once it is associated
    """

    __slots__ = ("_ndis", "_probe", "_starting", "characteristics", "name", "protocol")

    def __init__(self, ndis: "Ndis", characteristics: MiniportCharacteristics) -> None:
        self._ndis = ndis
        self._probe = current_probe()
        self._starting: list[str] = []
        self.name = characteristics.name
        self.characteristics = characteristics
        self.protocol: RegisteredProtocol | None = None

    def __repr__(self) -> str:
        now = self.statistics()
        return f"<LayeredMiniport {self.name!r} {now.adapters} adapters, {now.starting} starting>"

    def statistics(self) -> LayeredMiniportStatistics:
        """The state of it now; O(n) in the adapters of the machine. IRQL: any."""
        own = [adapter for adapter in self._ndis.adapters if adapter.characteristics is self.characteristics]
        return LayeredMiniportStatistics(len(own), len(self._starting))

    def associate(self, protocol: "RegisteredProtocol") -> None:
        """Say which protocol is the lower edge of the same driver (NdisIMAssociateMiniport). IRQL: PASSIVE.

        :param protocol: what NdisRegisterProtocol returned
        """
        with Watched(self._probe, "NdisIMAssociateMiniport", self, protocol):
            self.protocol = protocol
            protocol.layered = self

    async def initialize_device(self, name: str, context: object = None) -> None:
        """Start a virtual adapter (NdisIMInitializeDeviceInstanceEx): MiniportInitialize follows. IRQL: PASSIVE.

        Now, or on a machine that defers a little later. The protocols above are offered it then.

        :param name: of the virtual adapter
        :param context: what its ``device_context`` is
        :raises NdisError: with the status by which it failed to start, where it starts now; RESOURCES
        """
        check_instance("name", name, str)
        if self._probe is not None:
            await preempt(self._probe, "NdisIMInitializeDeviceInstanceEx", self)
        with Refusable(self._probe, "NdisIMInitializeDeviceInstanceEx", self, name):
            if self._ndis.defers:
                self._starting.append(name)
                self._ndis.group.start_soon(self._start_later, name, context, name=f"start of {name}")
            else:
                await self._start(name, context)

    def cancel_device(self, name: str) -> None:
        """Call the start of a virtual adapter off (NdisIMCancelInitializeDeviceInstance). IRQL: PASSIVE.

        :param name: as it was given to :meth:`initialize_device`
        :raises NdisError: FAILURE when it has started, or is not about to
        """
        if name not in self._starting:
            raise NdisError(f"{self.name} is not about to start {name!r}", NdisStatus.FAILURE)
        with Watched(self._probe, "NdisIMCancelInitializeDeviceInstance", self, name):
            self._starting.remove(name)

    async def _start(self, name: str, context: object) -> None:
        lower = [
            binding
            for binding in self._ndis.bindings
            if binding.protocol is self.protocol and binding.virtual_adapter is None
        ]
        try:
            adapter = await self._ndis.add_adapter(self.characteristics, name=name, driver=context, lower=lower)
        except BaseException:
            for binding in lower:
                binding.virtual_adapter = None
            raise
        await self._ndis.offer(adapter)

    async def _start_later(self, name: str, context: object) -> None:
        if name in self._starting:
            self._starting.remove(name)
            try:
                await self._start(name, context)
            except NdisError as error:
                logger.warning("%s: %s did not start: %s", self.name, name, error)
