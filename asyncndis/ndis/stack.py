"""A whole stack in one ``async with``: protocols, intermediate drivers and miniports, from the top down.

``open_stack(Echo(), Shaper(), BusMaster(), nic=nic)`` starts the hardware, initializes miniports, puts intermediate
drivers on them, binds protocols to the topmost adapter, and takes everything down again in the reverse order, whatever
fails in between. Adapters side by side are written as a tuple: ``open_stack(Bridge(), (One(), Other()), nic=(a, b))``.
"""

from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast, runtime_checkable
from typing import Protocol as Interface

from asyncndis.kernel import flush_dpcs

from .adapter import Adapter
from .binding import Binding
from .configuration import ConfigurationValue
from .grouping import plain_task_group
from .intermediate import Intermediate
from .library import Ndis
from .miniport import Miniport
from .protocol import Protocol

__all__ = ["Hardware", "Layer", "Stack", "open_stack"]

Layer = Protocol | Intermediate | Miniport | Sequence[Miniport]


@runtime_checkable
class Hardware(Interface):
    """Hardware that is paced by a task of its own, which runs while the stack is open."""

    @property
    def run(self) -> Callable[[], Coroutine[Any, Any, object]]:
        """Its task, until cancelled."""
        ...


class Stack:
    """An open stack; prints as a status line from the top down: ``Echo > Shaper > BusMaster > busmaster0 [up]``.

    :ivar ndis: the library that it runs in
    :ivar adapters: its adapters, the lowest first
    :ivar bindings: the bindings of its protocols, in their order
    """

    __slots__ = ("_hardware", "_layers", "adapters", "bindings", "name", "ndis")

    def __init__(self, ndis: Ndis, layers: Sequence[Layer], hardware: Sequence[object]) -> None:
        self.ndis = ndis
        self.name = ndis.name
        self._layers = layers
        self._hardware = hardware
        self.adapters: list[Adapter] = []
        self.bindings: list[Binding] = []

    def __repr__(self) -> str:
        return f"<Stack {self}>"

    def __str__(self) -> str:
        levels = [_names(layer) for layer in _by_level(self._layers)]
        levels += [_names(self._hardware)] if self._hardware else []
        return f"{' > '.join(levels)} [{self.link}]"

    @property
    def link(self) -> str:
        """Either "up", where every adapter runs and is connected, or what keeps it from being so. IRQL: any."""
        for adapter in self.adapters:
            if adapter.state.value != "running":
                return adapter.state.value
        return "up" if self.adapters and all(adapter.connected for adapter in self.adapters) else "down"

    @property
    def adapter(self) -> Adapter:
        """The lowest adapter, the one with the hardware; the first, where there are several. IRQL: any."""
        return self.adapters[0]

    @property
    def top(self) -> Adapter:
        """The topmost adapter, to which the protocols are bound. IRQL: any."""
        return self.adapters[-1]

    @property
    def binding(self) -> Binding:
        """The binding of the first protocol. IRQL: any."""
        return self.bindings[0]

    async def reset(self) -> None:
        """Reset the lowest adapter, and wait until that is done. IRQL: PASSIVE."""
        await self.ndis.reset(self.adapter)

    async def run_until_idle(self) -> None:
        """Wait until no send, request, reset, lent packet or DPC of the stack is outstanding. IRQL: PASSIVE."""
        while True:
            await flush_dpcs(self.ndis.kernel)
            busy = [adapter for adapter in self.adapters if not adapter.is_at_rest]
            if not busy:
                return
            await busy[0].until(_rest_of(busy[0]))


@asynccontextmanager
async def open_stack(
    *layers: Layer,
    nic: object = None,
    name: str = "stack",
    processors: int = 1,
    defers: bool = False,
    patience: float = 5.0,
    configuration: Mapping[str, ConfigurationValue] | None = None,
    monitor: bool = False,
) -> AsyncGenerator[Stack]:
    """Build and start a whole stack, and take it down when the block ends. IRQL: PASSIVE.

    :param layers: protocols first, then intermediate drivers, then the miniport, or a tuple of miniports side by side
    :param nic: the hardware of the miniport, or a tuple with that of each; what has a ``run`` coroutine runs meanwhile
    :param name: for messages, and for ``asyncndis top``
    :param processors: how many processors run DPCs side by side
    :param defers: whether packets are returned to miniports later rather than at once
    :param patience: how long the end of a binding or an adapter may take, in seconds, before it is forced
    :param configuration: the registry key of the miniport
    :param monitor: whether ``asyncndis top`` may attach to it
    :returns: the stack, running
    :raises NdisError: with the status of the layer that did not start; nothing is left then
    :raises RuleViolation: when the block ends, for what a driver has left behind; or what a handler raised
    """
    levels = _by_level(layers)
    several = tuple(cast("Sequence[object]", nic)) if isinstance(nic, (tuple, list)) else (nic,)
    hardware = () if nic is None else several
    protocols, intermediates, miniports = _sorted(levels, hardware)
    async with plain_task_group() as devices:
        try:
            async with Ndis(name=name, processors=processors, defers=defers, patience=patience) as ndis:
                stack = Stack(ndis, layers, hardware)
                for device in hardware:
                    if isinstance(device, Hardware):
                        devices.start_soon(device.run, name=f"hardware {getattr(device, 'name', device)}")
                await _start(stack, protocols, intermediates, miniports, hardware, configuration)
                if monitor:
                    from .monitoring import serve_monitor  # nobody else pays for sockets

                    async with serve_monitor(stack):
                        yield stack
                else:
                    yield stack
        finally:
            devices.cancel_scope.cancel()


async def _start(
    stack: Stack,
    protocols: Sequence[Protocol],
    intermediates: Sequence[Intermediate],
    miniports: Sequence[Miniport],
    hardware: Sequence[object],
    configuration: Mapping[str, ConfigurationValue] | None,
) -> None:
    """From the bottom up."""
    ndis = stack.ndis
    devices = hardware or (None,) * len(miniports)
    for miniport, device in zip(miniports, devices, strict=True):
        stack.adapters.append(await ndis.add_adapter(miniport, nic=device, configuration=configuration))
    below: Sequence[Adapter] = tuple(stack.adapters)
    for intermediate in reversed(intermediates):
        below = (await ndis.add_intermediate(intermediate, below),)
        stack.adapters.extend(below)
    for protocol in protocols:
        registered = ndis.register_protocol(protocol)
        for adapter in below:
            stack.bindings.append(await ndis.bind(registered, adapter))


def _by_level(layers: Sequence[Layer]) -> list[tuple[object, ...]]:
    """Protocols together are one level; every other layer is one."""
    levels: list[tuple[object, ...]] = []
    for layer in layers:
        if isinstance(layer, Protocol) and levels and isinstance(levels[-1][0], Protocol):
            levels[-1] = (*levels[-1], layer)
        else:
            levels.append(tuple(layer) if isinstance(layer, (tuple, list)) else (layer,))
    return levels


def _sorted(
    levels: Sequence[tuple[object, ...]], hardware: Sequence[object]
) -> tuple[list[Protocol], list[Intermediate], list[Miniport]]:
    """The layers by kind.

    :raises TypeError: when they are not in the order protocols, intermediate drivers, miniports
    :raises ValueError: when there is no miniport, or the hardware does not match
    """
    protocols: list[Protocol] = []
    intermediates: list[Intermediate] = []
    miniports: list[Miniport] = []
    for driver in (driver for level in levels for driver in level):
        if isinstance(driver, Protocol) and not intermediates and not miniports:
            protocols.append(driver)
        elif isinstance(driver, Intermediate) and not miniports:
            intermediates.append(driver)
        elif isinstance(driver, Miniport) and not isinstance(driver, Intermediate):
            miniports.append(driver)
        else:
            raise TypeError(
                f"{driver!r} stands in the wrong place: protocols come first, then intermediate drivers, then miniports"
            )
    if not miniports:
        raise ValueError("a stack ends with a miniport; give one, such as asyncndis.drivers.BusMasterMiniport()")
    if hardware and len(hardware) != len(miniports):
        raise ValueError(f"{len(miniports)} miniports cannot drive {len(hardware)} pieces of hardware; give one each")
    return protocols, intermediates, miniports


def _names(drivers: object) -> str:
    names = [str(getattr(driver, "name", driver)) for driver in drivers]  # type: ignore[attr-defined]  # a sequence
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def _rest_of(adapter: Adapter) -> Callable[[], bool]:
    return lambda: adapter.is_at_rest
