"""A protocol as NDIS knows it, once it is registered.

Source: the pages of NdisRegisterProtocol, NdisDeregisterProtocol, NdisOpenAdapter and NdisReEnumerateProtocolBindings.
Its handlers cannot change any more (BIND-07). It opens an adapter by name while that is offered to it (BIND-01), and
has its bindings enumerated anew at any other time (BIND-06).
"""

import logging
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from asyncndis.base import NdisError, NdisStatus, RuleViolation, Site, check_instance, current_probe
from asyncndis.kernel import current_task
from asyncndis.kernel.waiting import check_may_wait, preempt

from .calling import Handler
from .characteristics import ProtocolCharacteristics
from .intermediate import Intermediate
from .media import NdisMedium
from .pending import begin_open
from .protocol import Protocol
from .rowforms import row_form
from .watched import Watched

if TYPE_CHECKING:
    from .adapter import Adapter
    from .binding import Binding
    from .layered import LayeredMiniport
    from .library import Ndis
    from .opening import BindContext

__all__ = ["RegisteredProtocol"]

logger = logging.getLogger(__name__)

_FRAMES = 64


class RegisteredProtocol:
    """What ``Ndis.register_protocol`` returns: the handle of NdisRegisterProtocol.

    :ivar name: of the protocol
    :ivar characteristics: its handlers
    :ivar instance: the object, for a protocol that is one
    :ivar probe: who watches
    :ivar ether_type: the two bytes of the only EtherType that it takes; None for all
    :ivar frame_count: how many frames of its own each binding has
    :ivar devices: the names of the adapters that enumeration binds it to; None for all
    :ivar layered: of an intermediate driver, the miniport that it is the lower edge of
    """

    __slots__ = (
        "_binds",
        "_inside",
        "_library",
        "characteristics",
        "devices",
        "ether_type",
        "frame_count",
        "instance",
        "layered",
        "name",
        "probe",
    )

    def __init__(
        self, library: "Ndis", characteristics: ProtocolCharacteristics, instance: Protocol | Intermediate | None
    ) -> None:
        characteristics.check()
        self._library = library
        self.probe = current_probe()
        self.name = characteristics.name
        self.characteristics = characteristics
        self.instance = instance
        ether_type = None if instance is None else instance.ether_type
        self.ether_type = None if ether_type is None else ether_type.to_bytes(2, "big")
        self.frame_count = _FRAMES if instance is None else instance.frame_count
        self.devices: frozenset[str] | None = None
        self.layered: LayeredMiniport | None = None
        self._binds: dict[str, BindContext] = {}
        self._inside: list[object] = []

    def __repr__(self) -> str:
        return f"<RegisteredProtocol {self.name!r}>"

    async def begin_open(
        self, device_name: str, context: object, media: Sequence[NdisMedium] = (NdisMedium.ETHERNET_802_3,)
    ) -> tuple[NdisStatus, "Binding", int]:
        """Open the adapter that is offered (NdisOpenAdapter). IRQL: PASSIVE. Rules: BIND-01, BIND-02.

        :param device_name: of the adapter, as ProtocolBindAdapter was given it
        :param context: the protocol's own, which its handlers get
        :param media: the media that it can speak
        :returns: SUCCESS and the open binding, or PENDING and one that opens, and ProtocolOpenAdapterComplete follows;
            and the index of the medium
        :raises NdisError: UNSUPPORTED_MEDIA, ADAPTER_NOT_FOUND, OPEN_FAILED or another status
        :raises RuleViolation: BIND-01 outside ProtocolBindAdapter
        """
        check_instance("device_name", device_name, str)
        check_may_wait("opens an adapter", self, "leave that to a work item")
        if self.probe is not None:
            await preempt(self.probe, "NdisOpenAdapter", self)
        if not self._binds:
            raise RuleViolation(
                "BIND-01", f"{self.name} opens {device_name} outside ProtocolBindAdapter; open it there", self
            )
        bind = self._binds.get(device_name)
        if bind is None:
            raise NdisError(f"{self.name} is not offered an adapter {device_name}", NdisStatus.ADAPTER_NOT_FOUND)
        return await begin_open(self._library, bind, context, media)

    async def enumerate_bindings(self) -> None:
        """Have it bound to every adapter that it is not bound to (NdisReEnumerateProtocolBindings). IRQL: PASSIVE.

        An adapter that it declines is left alone. Rule: BIND-06.

        :raises RuleViolation: BIND-06 inside its bind or unbind handler
        """
        if current_task() in self._inside:
            raise RuleViolation(
                "BIND-06",
                f"{self.name} has its bindings enumerated inside its bind or unbind handler; do it in a work item",
                self,
            )
        if self.probe is not None:
            await preempt(self.probe, "NdisReEnumerateProtocolBindings", self)
        with Watched(self.probe, "NdisReEnumerateProtocolBindings", self):
            for adapter in list(self._library.adapters):
                await self.consider(adapter)

    async def consider(self, adapter: "Adapter") -> None:
        """Bind it to an adapter that it is meant for, unless it declines. IRQL: PASSIVE.

        :param adapter: that is there
        """
        if self._wants(adapter):
            try:
                await self._library.bind(self, adapter)
            except NdisError as error:
                logger.info("%s is not bound to %s: %s", self.name, adapter.name, error)

    async def deregister(self) -> None:
        """Unbind it from every adapter, and forget it (NdisDeregisterProtocol). IRQL: PASSIVE."""
        if self.probe is not None:
            await preempt(self.probe, "NdisDeregisterProtocol", self)
        with Watched(self.probe, "NdisDeregisterProtocol", self):
            for binding in [binding for binding in self._library.bindings if binding.protocol is self]:
                await self._library.unbind(binding)
            if self in self._library.protocols:
                self._library.protocols.remove(self)

    @contextmanager
    def inside(self, bind: "BindContext | None" = None) -> Generator[None]:
        """While its bind or unbind handler runs. IRQL: PASSIVE.

        :param bind: what it is offered; None for an unbind
        """
        task = current_task()
        self._inside.append(task)
        if bind is not None:
            self._binds[bind.device_name] = bind
        try:
            yield
        finally:
            self._inside.remove(task)
            if bind is not None:
                del self._binds[bind.device_name]

    def _wants(self, adapter: "Adapter") -> bool:
        """Whether enumeration offers it an adapter: one that it does not have, and that is not its own."""
        is_own = self.layered is not None and adapter.characteristics is self.layered.characteristics
        is_bound = any(binding.protocol is self for binding in adapter.bindings)
        is_listed = self.devices is None or adapter.name in self.devices
        return is_listed and not is_own and not is_bound and adapter.refusal() is None

    @property
    def sees_batches(self) -> bool:
        """Whether it does something when a batch of received packets is over. IRQL: any."""
        nothing = (Protocol.receive_complete, Intermediate.receive_complete)
        return self.characteristics.receive_complete not in nothing

    def fail(self, error: Exception, handler: str) -> None:
        """Note that a handler has failed, which ends the stack. IRQL: any."""
        self._library.fail(error, f"{handler} of {self.name}")

    def handler(self, title: str, field: str, context: object, binding: "Binding | None") -> Handler | None:
        """A handler with its context; None where there is none. IRQL: any."""
        function = getattr(self.characteristics, field)
        if function is None:
            return None
        probe = self.probe if binding is None else binding.probe
        if self.instance is not None:
            return Handler(self, title, function, self.instance, probe, binding)
        return Handler(self, title, function, context, probe)

    def row_handler(self, title: str, form: str, field: str, binding: "Binding") -> Handler | None:
        """The row form of a handler; None where there is none. IRQL: any."""
        function = row_form(self.instance, form, field)
        return None if function is None else Handler(self, title, function, self.instance, binding.probe, binding)

    def site_of(self, field: str) -> Site | None:
        """Where a handler is defined. IRQL: any."""
        code = getattr(getattr(self.characteristics, field, None), "__code__", None)
        return None if code is None else Site(code.co_filename, code.co_firstlineno, code.co_qualname)
