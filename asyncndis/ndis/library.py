"""The NDIS library: it registers drivers, starts and halts adapters, binds and unbinds protocols, and forgets nothing.

Source: the pages of NdisMRegisterMiniport, NdisRegisterProtocol, MiniportInitialize, MiniportHalt,
ProtocolBindAdapter and ProtocolUnbindAdapter. ``async with Ndis() as ndis`` is one machine: a kernel, its drivers, and
the tasks of their handlers. A handler that fails ends the block; whatever happens, protocols are unbound, adapters
halted and packets given back, and only then the first failure comes out.
"""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Self

from anyio import CancelScope
from anyio.abc import TaskGroup

from asyncndis.base import NdisError, NdisStatus, RuleViolation, check_instance, current_probe
from asyncndis.kernel import Clock, Kernel, current_clock

from .adapter import Adapter
from .binding import Binding
from .characteristics import MiniportCharacteristics, ProtocolCharacteristics
from .configuration import ConfigurationValue
from .ending import close_binding, halt_adapter, unbind_protocol
from .frames import FramePool
from .grouping import plain_task_group
from .intermediate import Intermediate
from .machine import Machine, machine
from .media import NdisMedium, PowerState
from .miniport import Miniport
from .opening import BindContext
from .outcome import Outcome
from .power import finish_removal, pause, resume, set_power
from .protocol import Protocol
from .registered import RegisteredProtocol
from .requests import OidRequest
from .starting import start_adapter
from .states import ADAPTER_STATES, AdapterEvent
from .watched import Refusable

__all__ = ["Ndis"]

logger = logging.getLogger(__name__)

_SUCCESS = NdisStatus.SUCCESS
_PENDING = NdisStatus.PENDING


class Ndis(Machine):
    """One machine with its drivers; it serves one ``async with`` block.

    :param name: for messages
    :param processors: how many processors run DPCs side by side
    :param defers: whether packets are returned to miniports later rather than at once
    :param patience: how long the end of a binding or an adapter may take, in seconds, before it is forced
    :ivar adapters: in the order in which they were started
    :ivar bindings: in the order in which they were opened
    :ivar kernel: whose timers, DPCs and work items they use
    :ivar clock: what tells the time
    """

    clock: Clock
    group: TaskGroup

    def __init__(self, *, name: str = "ndis", processors: int = 1, defers: bool = False, patience: float = 5.0) -> None:
        check_instance("name", name, str)
        super().__init__()
        self.name = name
        self.kernel = Kernel(processors, name=name)
        self.defers = defers
        self.patience = patience
        self.adapters: list[Adapter] = []
        self.bindings: list[Binding] = []
        self._errors: list[Exception] = []
        self._life: AbstractAsyncContextManager[None] | None = None
        self._open = False
        self._body = CancelScope()

    def __repr__(self) -> str:
        state = "open" if self._open else "closed"
        return f"<Ndis {self.name!r} {state}, {len(self.adapters)} adapters, {len(self.bindings)} bindings>"

    async def __aenter__(self) -> Self:
        if self._life is not None:
            raise RuntimeError(f"{self.name!r} serves one block only; make another Ndis")
        self.clock = current_clock()
        self._life = self._live()
        await self._life.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        assert self._life is not None
        return await self._life.__aexit__(kind, error, traceback)

    @asynccontextmanager
    async def _live(self) -> AsyncGenerator[None]:
        consequence: Exception | None = None
        token = machine.set(self)  # before any task starts: all of them are on this machine
        async with self.kernel, plain_task_group() as self.group:
            self._open = True
            try:
                with self._body:
                    yield
            except Exception as error:
                if not self._errors:
                    raise
                consequence = error  # such as the status of a send whose handler had failed
            finally:
                await self.carry_out(self._end)
                self.group.cancel_scope.cancel()
                machine.reset(token)
        if self._errors:
            raise self._errors[0] from consequence

    # Adapters

    async def add_adapter(
        self,
        miniport: Miniport | MiniportCharacteristics,
        *,
        nic: object = None,
        name: str | None = None,
        driver: object = None,
        configuration: Mapping[str, ConfigurationValue] | None = None,
        lower: Sequence[Binding] = (),
        plugged: bool = False,
    ) -> Adapter:
        """Start an adapter: MiniportInitialize, then the questions that NDIS asks. IRQL: PASSIVE.

        Rules: LIFE-02, BIND-07.

        :param miniport: a miniport object, or the handlers of one
        :param nic: the hardware, which the miniport finds as ``adapter.nic``
        :param name: of the adapter
        :param driver: what the initialize handler of plain characteristics gets as its context
        :param configuration: its registry key
        :param lower: of an intermediate driver, its bindings to the adapters below
        :param plugged: whether NDIS plugs the NIC in, and assigns it resources; otherwise that is the miniport's affair
        :returns: the adapter, running
        :raises NdisError: with the status by which it failed to start; BAD_CHARACTERISTICS
        """
        self._require_open()
        if isinstance(miniport, Miniport):
            driver, characteristics = miniport, miniport.characteristics(miniport.name)
        else:
            check_instance("miniport", miniport, MiniportCharacteristics)
            characteristics = miniport
        characteristics.check()
        adapter = Adapter(
            self,
            characteristics,
            driver=driver,
            nic=nic,
            name=self._unique(name or characteristics.name),
            probe=current_probe(),
            configuration=configuration or {},
            lower=lower,
        )
        for binding in lower:
            binding.virtual_adapter = adapter
        if plugged:
            adapter.plug_in()
        try:
            await start_adapter(self, adapter)
        except BaseException:
            adapter.unplug()
            raise
        return adapter

    async def add_intermediate(
        self, driver: Intermediate, adapters: Sequence[Adapter], *, name: str | None = None
    ) -> Adapter:
        """Put an intermediate driver on adapters, and start its virtual adapter. IRQL: PASSIVE.

        :param driver: its lower edge is bound to each of the adapters
        :param adapters: those below; running
        :param name: of the virtual adapter
        :returns: the virtual adapter, running
        :raises NdisError: with the status by which it failed; nothing is bound then
        """
        check_instance("driver", driver, Intermediate)
        registered = self.register_protocol(driver)
        bindings: list[Binding] = []
        try:
            for adapter in adapters:
                bindings.append(await self.bind(registered, adapter))  # noqa: PERF401 - those before are needed on failure
            return await self.add_adapter(driver, name=name, lower=bindings)
        except BaseException:
            with CancelScope(shield=True):
                for binding in reversed(bindings):
                    await self.unbind(binding)
            raise

    async def halt_adapter(self, adapter: Adapter) -> None:
        """Unbind all protocols of an adapter and halt it. IRQL: PASSIVE. Rules: LIFE-03 to LIFE-06, SEND-16.

        :param adapter: an adapter of this library
        """
        check_instance("adapter", adapter, Adapter)
        if adapter in self.adapters:
            await halt_adapter(self, adapter)

    async def reset(self, adapter: Adapter) -> None:
        """Reset an adapter, and wait until that is done. IRQL: PASSIVE. Rules: LIFE-14, OID-10.

        :param adapter: a running adapter
        :raises NdisError: with the status, where it was not reset
        """
        check_instance("adapter", adapter, Adapter)
        outcome = Outcome()
        status: int = adapter.resets.begin(outcome.set)
        if status == _PENDING:
            status = await outcome.wait()
        if status != _SUCCESS:
            raise NdisError(f"{adapter.name} was not reset: {NdisStatus(status).name}", NdisStatus(status))

    async def pause(self, adapter: Adapter) -> None:
        """Stop sends, and wait until nothing is out on an adapter; an extension, NDIS 5 knows no pause. IRQL: PASSIVE.

        :param adapter: a running adapter
        """
        check_instance("adapter", adapter, Adapter)
        await pause(adapter)

    def resume(self, adapter: Adapter) -> None:
        """Let a paused adapter go on. IRQL: PASSIVE.

        :param adapter: a paused adapter, or one that is about to be
        """
        check_instance("adapter", adapter, Adapter)
        resume(adapter)

    async def set_power(self, adapter: Adapter, state: PowerState) -> None:
        """Put an adapter to sleep, or wake it up (OID_PNP_SET_POWER). IRQL: PASSIVE. Rule: OID-11.

        Protocols are told by a PnP event.

        :param adapter: a running, or a sleeping adapter
        :param state: D0, or D1 to D3
        """
        check_instance("adapter", adapter, Adapter)
        state = PowerState(state)
        if state is PowerState.UNSPECIFIED:
            raise ValueError(f"{adapter.name} is put into one of D0 to D3, not UNSPECIFIED")
        await set_power(self, adapter, state)

    async def surprise_remove(self, adapter: Adapter) -> None:
        """Pull the hardware out: the miniport is told, protocols are unbound, the adapter is halted. IRQL: PASSIVE.

        :param adapter: an adapter that runs
        """
        check_instance("adapter", adapter, Adapter)
        adapter.step(AdapterEvent.REMOVE)
        await self.carry_out(finish_removal, self, adapter)

    def remove_later(self, adapter: Adapter) -> None:
        """Halt an adapter whose miniport has declared its hardware failed. IRQL: <= DISPATCH.

        :param adapter: an adapter that runs
        """
        adapter.step(AdapterEvent.REMOVE)
        self.group.start_soon(finish_removal, self, adapter, name=f"removal of {adapter.name}")

    def shut_down(self) -> None:
        """Shut the system down: each miniport only stops its NIC. IRQL: PASSIVE. Rule: LIFE-15."""
        for adapter in self.adapters:
            if ADAPTER_STATES.allows(adapter.state, AdapterEvent.SHUT_DOWN):
                adapter.step(AdapterEvent.SHUT_DOWN)
                adapter.hang.stop()
                adapter.resets.abandon()
                adapter.requests.abort_all()
                adapter.call_shutdown()

    # Protocols

    def register_protocol(
        self, protocol: Protocol | Intermediate | ProtocolCharacteristics, length: int | None = None
    ) -> RegisteredProtocol:
        """Register a protocol (NdisRegisterProtocol). IRQL: PASSIVE. Rule: BIND-07.

        :param protocol: a protocol object, or the handlers of one
        :param length: of the structure of these handlers in C, in bytes; None for what its version has
        :returns: what it is bound by
        :raises NdisError: BAD_CHARACTERISTICS, BAD_VERSION, RESOURCES
        """
        self._require_open()
        with Refusable(current_probe(), "NdisRegisterProtocol", self, protocol):
            if isinstance(protocol, Protocol):
                registered = RegisteredProtocol(self, protocol.characteristics(protocol.name), protocol)
            elif isinstance(protocol, Intermediate):
                registered = RegisteredProtocol(self, protocol.lower_edge(protocol.name), protocol)
            else:
                check_instance("protocol", protocol, ProtocolCharacteristics)
                protocol.check(length)
                registered = RegisteredProtocol(self, protocol, None)
            self.protocols.append(registered)
        return registered

    async def bind(self, protocol: RegisteredProtocol, adapter: Adapter) -> Binding:
        """Offer an adapter to a protocol (ProtocolBindAdapter). IRQL: PASSIVE. Rules: BIND-01, BIND-03.

        :param protocol: a registered protocol
        :param adapter: a running adapter
        :returns: the binding, open
        :raises NdisError: with the status by which the protocol declined, or the open failed
        """
        self._require_open()
        check_instance("protocol", protocol, RegisteredProtocol)
        check_instance("adapter", adapter, Adapter)
        binding = Binding(self, protocol, adapter, current_probe())
        bind = BindContext(self, binding)
        handler = protocol.handler("ProtocolBindAdapter", "bind_adapter", None, None)
        assert handler is not None  # check() has seen it
        is_bound = False
        try:
            with protocol.inside(bind):
                answer = await handler.run_or_raise(bind)
            status = _SUCCESS if answer is None else handler.status_of(answer)
            if status is _PENDING:
                status = await bind.wait()
            if status is not _SUCCESS or not binding.is_open:
                status = status if status is not _SUCCESS else NdisStatus.OPEN_FAILED
                raise NdisError(f"{protocol.name} did not bind to {adapter.name}: {status.name}", status)
            is_bound = True
        except Exception as error:
            error.add_note(f"in ProtocolBindAdapter of {protocol.name}")
            raise
        finally:
            bind.end()
            if not is_bound:
                await self._abandon(binding)
        return binding

    async def unbind(self, binding: Binding) -> None:
        """Take an adapter away from a protocol (ProtocolUnbindAdapter). IRQL: PASSIVE. Rules: BIND-03, BIND-05, RCV-17.

        :param binding: an open binding
        """
        check_instance("binding", binding, Binding)
        if not binding.is_open or binding.closing_requested:
            await binding.adapter.until_patience_ends(lambda: binding.is_closed)
            return
        binding.closing_requested = True
        await self.carry_out(unbind_protocol, self, binding)

    async def open_binding(self, binding: Binding, context: object, media: Sequence[NdisMedium]) -> None:
        """The work of NdisOpenAdapter; ``BindContext.open`` is what protocols call. IRQL: PASSIVE.

        :param binding: about to be opened
        :param context: the protocol's own
        :param media: that it can speak
        :raises NdisError: UNSUPPORTED_MEDIA, or another status
        """
        adapter = binding.adapter
        if adapter.medium not in media:
            raise NdisError(f"{binding.name}: none of its media is {adapter.medium.name}", NdisStatus.UNSUPPORTED_MEDIA)
        refusal = adapter.refusal()
        if refusal is not None and refusal is not NdisStatus.RESET_IN_PROGRESS:
            raise NdisError(f"{binding.name}: the adapter is {adapter.state.value}", refusal)
        frames = await FramePool.create(binding.protocol.frame_count, name=f"frames of {binding.name}")
        adapter.bindings.append(binding)
        self.bindings.append(binding)
        binding.open(context, frames)

    async def close_binding(self, binding: Binding) -> None:
        """The work of NdisCloseAdapter; ``Binding.close`` is what protocols call. IRQL: PASSIVE.

        :param binding: an open binding
        """
        await close_binding(self, binding)

    async def submit(self, adapter: Adapter, request: OidRequest) -> NdisStatus:
        """Submit a request of NDIS's own, and wait patiently for its outcome. IRQL: PASSIVE. Rule: OID-06.

        :param adapter: whose miniport is asked
        :param request: what
        :returns: the final status
        """
        outcome = Outcome()

        def done(_request: OidRequest, status: NdisStatus) -> None:
            outcome.set(status)

        status: int = adapter.requests.submit(request, None, done)
        if status != _PENDING:
            return NdisStatus(status)
        if await outcome.wait_patiently(self.clock, self.patience) is None:
            adapter.requests.take_back(request)
        assert outcome.value is not None
        return NdisStatus(outcome.value)

    async def carry_out(self, act: Callable[..., Awaitable[object]], *arguments: object) -> None:
        """Do something to its end, in a task of the library's own: a caller that is cancelled waits all the same.

        IRQL: PASSIVE.

        :param act: what, as a coroutine function; it is sure to end
        :param arguments: what it is called with
        """
        outcome = Outcome()
        errors: list[Exception] = []

        async def run() -> None:
            try:
                with CancelScope(shield=True):
                    await act(*arguments)
            except Exception as error:  # noqa: BLE001 - the caller is told, if it is still there
                errors.append(error)
            finally:
                outcome.set(1)

        self.group.start_soon(run, name=getattr(act, "__name__", None))
        await outcome.endure()
        if errors:
            raise errors[0]

    # Failures

    def fail(self, error: Exception, culprit: str) -> None:
        """Note that a handler has failed: the block ends. IRQL: any.

        :param error: what it raised
        :param culprit: the handler and its driver, for the message
        """
        error.add_note(f"in {culprit}")
        self._errors.append(error)
        logger.error("%s failed, and its stack ends: %s", culprit, error)
        self._body.cancel()

    def violated(self, violation: RuleViolation) -> None:
        """Note a rule that was broken where nobody stands to be told; it comes out when the block ends. IRQL: any.

        The log has it, too: of several errors only the first comes out, and none where the block is cancelled.

        :param violation: what was found
        """
        self._errors.append(violation)
        logger.error("%s", violation)

    @property
    def has_failed(self) -> bool:
        """Whether the block will end with an error. IRQL: any."""
        return bool(self._errors)

    def forget_binding(self, binding: Binding) -> None:
        """A binding is closed. IRQL: PASSIVE."""
        binding.adapter.bindings.remove(binding)
        self.bindings.remove(binding)

    def forget_adapter(self, adapter: Adapter) -> None:
        """An adapter has halted. IRQL: PASSIVE."""
        self.adapters.remove(adapter)
        adapter.unplug()

    async def _end(self) -> None:
        """Unbind and halt everything, what came last first."""
        for adapter in reversed(list(self.adapters)):
            try:
                await self.halt_adapter(adapter)
            except Exception as error:  # noqa: BLE001 - the others are to be halted all the same
                self._errors.append(error)
        self._errors += await self.unload_all()
        self._open = False

    async def _abandon(self, binding: Binding) -> None:
        """A bind has come to nothing."""
        if binding.is_open:
            binding.closing_requested = True
            await close_binding(self, binding)

    def _unique(self, name: str) -> str:
        taken = {adapter.name for adapter in self.adapters}
        names = [name, *(f"{name}{number}" for number in range(2, len(taken) + 2))]
        return next(one for one in names if one not in taken)

    def _require_open(self) -> None:
        if not self._open:
            raise NdisError(f"{self!r} is not open; use it inside its async with block", NdisStatus.CLOSING)
