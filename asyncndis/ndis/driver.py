"""Drivers as the system knows them: loaded by their DriverEntry, given devices, unloaded in the end.

Source: the pages of DriverEntry, NdisMInitializeWrapper, NdisTerminateWrapper, NdisMRegisterMiniport,
NdisIMRegisterLayeredMiniport, NdisMRegisterUnloadHandler and MiniportUnload. A driver that is an object needs none of
this: ``open_stack`` and ``Ndis.add_adapter`` take it as it is. What a loaded driver registers is bound by NDIS itself,
to the adapters that are there and to those that come.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asyncndis.base import NdisError, NdisStatus, RuleViolation, check_instance, current_probe
from asyncndis.kernel import invoke

from .adapter import Adapter
from .characteristics import MiniportCharacteristics
from .configuration import ConfigurationValue
from .layered import LayeredMiniport
from .registered import RegisteredProtocol
from .stack import Hardware
from .watched import Refusable, Watched

if TYPE_CHECKING:
    from .library import Ndis

__all__ = ["Driver", "DriverStatistics", "Wrapper"]

_SUCCESS = NdisStatus.SUCCESS
_FAILURE = NdisStatus.FAILURE
_KEY = r"\Registry\Machine\System\CurrentControlSet\Services"


@dataclass(frozen=True, slots=True)
class DriverStatistics:
    """A driver at one moment.

    :ivar adapters: of its, that are not halted
    :ivar protocols: that it has registered
    """

    adapters: int
    protocols: int


class Driver:
    """A driver (DRIVER_OBJECT); made by :meth:`load`.

    :ivar name: of the driver
    :ivar ndis: the machine that it is loaded on
    :ivar probe: who watches
    :ivar wrapper: what stands for it in NDIS, once it has asked for that
    :ivar protocols: those that it has registered
    """

    __slots__ = ("name", "ndis", "probe", "protocols", "wrapper")

    def __init__(self, ndis: "Ndis", name: str) -> None:
        check_instance("name", name, str)
        self.name = name
        self.ndis = ndis
        self.probe = current_probe()
        self.wrapper: Wrapper | None = None
        self.protocols: list[RegisteredProtocol] = []

    def __repr__(self) -> str:
        now = self.statistics()
        return f"<Driver {self.name!r} {now.adapters} adapters, {now.protocols} protocols>"

    @staticmethod
    async def load(
        ndis: "Ndis",
        entry: "Callable[[Driver, str], Any]",
        *,
        name: str | None = None,
        binds_to: Iterable[str] | None = None,
    ) -> "Driver":
        """Load a driver: call its DriverEntry, then bind what protocols it has registered. IRQL: PASSIVE.

        :param ndis: the machine
        :param entry: the driver's entry, called with this object and the path of its registry key
        :param name: of the driver; that of the entry's module by default
        :param binds_to: the names of the adapters that its protocols are bound to; None for all
        :raises NdisError: with the status by which the entry declined; nothing is left then
        """
        driver = Driver(ndis, name or entry.__module__.rpartition(".")[2])
        known = list(ndis.protocols)
        ndis.drivers.append(driver)
        status = _FAILURE
        try:
            status = NdisStatus(await invoke(entry, driver, f"{_KEY}\\{driver.name}"))
        finally:
            driver.protocols = [protocol for protocol in ndis.protocols if protocol not in known]
            if status is not _SUCCESS:
                await driver._forget()
        if status is not _SUCCESS:
            raise NdisError(f"DriverEntry of {driver.name} answered {status.name}", status)
        for protocol in driver.protocols:
            protocol.devices = None if binds_to is None else frozenset(binds_to)
            await protocol.enumerate_bindings()
        return driver

    def statistics(self) -> DriverStatistics:
        """The state of it now; O(n) in the adapters of the machine. IRQL: any."""
        return DriverStatistics(len(self.adapters), len(self.protocols))

    @property
    def adapters(self) -> list[Adapter]:
        """Its adapters that are not halted. IRQL: any."""
        handlers = [] if self.wrapper is None else self.wrapper.registered
        return [adapter for adapter in self.ndis.adapters if any(adapter.characteristics is one for one in handlers)]

    def initialize_wrapper(self) -> "Wrapper":
        """Have NDIS stand around it (NdisMInitializeWrapper), first thing in DriverEntry. IRQL: PASSIVE.

        :returns: the handle by which a miniport, or an intermediate driver, is registered
        :raises NdisError: FAILURE when that was done before; RESOURCES
        """
        with Refusable(self.probe, "NdisMInitializeWrapper", self):
            if self.wrapper is not None:
                raise NdisError(f"{self.name} has a wrapper already; keep its handle", NdisStatus.FAILURE)
            self.wrapper = Wrapper(self)
        return self.wrapper

    async def add_device(
        self,
        nic: object = None,
        *,
        name: str | None = None,
        configuration: Mapping[str, ConfigurationValue] | None = None,
    ) -> Adapter:
        """Plug a NIC in that this driver drives: MiniportInitialize, then every protocol is offered the adapter.

        IRQL: PASSIVE. A NIC with a ``run`` coroutine is paced by it from now on.

        :param nic: the hardware
        :param name: of the adapter; the driver's by default
        :param configuration: its registry key
        :returns: the adapter, running
        :raises NdisError: with the status by which it failed to start; FAILURE when the driver is no miniport
        """
        miniport = None if self.wrapper is None else self.wrapper.miniport
        if miniport is None:
            raise NdisError(f"{self.name} has registered no miniport; it cannot drive {nic!r}", NdisStatus.FAILURE)
        adapter = await self.ndis.add_adapter(
            miniport, nic=nic, name=name or self.name, configuration=configuration, plugged=True
        )
        if isinstance(nic, Hardware):
            self.ndis.group.start_soon(nic.run, name=f"hardware {getattr(nic, 'name', nic)}")
        await self.ndis.offer(adapter)
        return adapter

    async def unload(self) -> None:
        """Halt its adapters, call its unload handlers, and forget it; once. IRQL: PASSIVE. Rule: LIFE-18."""
        if self not in self.ndis.drivers:
            return
        for adapter in reversed(self.adapters):
            await self.ndis.halt_adapter(adapter)
        unload = None if self.wrapper is None else self.wrapper.unload_handler
        if unload is not None:
            await invoke(unload, self)
        for protocol in self.protocols:
            if protocol.characteristics.unload is not None and protocol in self.ndis.protocols:
                await invoke(protocol.characteristics.unload)
        await self._forget()

    async def _forget(self) -> None:
        """Take back what it has registered."""
        for protocol in self.protocols:
            await protocol.deregister()
        self.ndis.drivers.remove(self)


class Wrapper:
    """NDIS around a miniport or intermediate driver (the handle of NdisMInitializeWrapper).

    :ivar name: of the driver
    :ivar miniport: the handlers of its adapters with hardware, once they are registered
    :ivar layered: of an intermediate driver, its miniport
    :ivar unload_handler: called when the driver is unloaded
    """

    __slots__ = ("_driver", "_is_terminated", "layered", "miniport", "name", "unload_handler")

    def __init__(self, driver: Driver) -> None:
        self.name = driver.name
        self.miniport: MiniportCharacteristics | None = None
        self.layered: LayeredMiniport | None = None
        self.unload_handler: Callable[..., Any] | None = None
        self._driver = driver
        self._is_terminated = False

    def __repr__(self) -> str:
        state = "terminated" if self._is_terminated else "registered" if self.registered else "not registered"
        return f"<Wrapper of {self.name!r} {state}>"

    @property
    def registered(self) -> list[MiniportCharacteristics]:
        """The handlers that were registered. IRQL: any."""
        layered = None if self.layered is None else self.layered.characteristics
        return [handlers for handlers in (self.miniport, layered) if handlers is not None]

    def register_miniport(self, characteristics: MiniportCharacteristics, length: int | None = None) -> None:
        """Register a miniport (NdisMRegisterMiniport). IRQL: PASSIVE. Rule: BIND-07.

        :param characteristics: its handlers
        :param length: of the structure in C, in bytes; None for what its version has
        :raises NdisError: BAD_VERSION, BAD_CHARACTERISTICS; RESOURCES; FAILURE when one is registered, or the wrapper
            terminated
        """
        with Refusable(self._driver.probe, "NdisMRegisterMiniport", self, characteristics):
            self._check(characteristics, length)
            self.miniport = characteristics

    def register_layered_miniport(
        self, characteristics: MiniportCharacteristics, length: int | None = None
    ) -> LayeredMiniport:
        """Register the upper edge of an intermediate driver (NdisIMRegisterLayeredMiniport). IRQL: PASSIVE.

        Rule: BIND-07.

        :param characteristics: its handlers
        :param length: of the structure in C, in bytes; None for what its version has
        :returns: by which its virtual adapters are started
        :raises NdisError: as :meth:`register_miniport`
        """
        with Refusable(self._driver.probe, "NdisIMRegisterLayeredMiniport", self, characteristics):
            self._check(characteristics, length)
            self.layered = LayeredMiniport(self._driver.ndis, characteristics)
        return self.layered

    def register_unload_handler(self, handler: Callable[..., Any]) -> None:
        """Have a function called when the driver is unloaded (NdisMRegisterUnloadHandler). IRQL: PASSIVE.

        :param handler: called with the driver; may be a coroutine function
        """
        if not callable(handler):
            raise TypeError(f"handler is a function, not {type(handler).__name__}")
        self._require_alive()
        with Watched(self._driver.probe, "NdisMRegisterUnloadHandler", self, handler):
            self.unload_handler = handler

    def terminate(self) -> None:
        """Give the wrapper up, where registration has failed (NdisTerminateWrapper). IRQL: PASSIVE.

        :raises RuleViolation: LIFE-18 when the driver has adapters
        """
        if self._driver.adapters:
            raise RuleViolation(
                "LIFE-18", f"{self.name} terminates its wrapper with adapters alive; let NDIS halt them before", self
            )
        with Watched(self._driver.probe, "NdisTerminateWrapper", self):
            self._is_terminated = True
            self.miniport = self.layered = self.unload_handler = None
            self._driver.wrapper = None

    def _check(self, characteristics: MiniportCharacteristics, length: int | None) -> None:
        check_instance("characteristics", characteristics, MiniportCharacteristics)
        self._require_alive()
        if self.registered:
            raise NdisError(f"{self.name} has registered its handlers already (BIND-07)", NdisStatus.FAILURE)
        characteristics.check(length)

    def _require_alive(self) -> None:
        if self._is_terminated:
            raise NdisError(f"{self!r} cannot be used any more", NdisStatus.FAILURE)
