"""An adapter: NDIS's side of one instance of a miniport, and everything that the miniport may call.

Source: the pages of MiniportInitialize, MiniportHalt, NdisMSetAttributesEx, NdisMSendComplete,
NdisMIndicateReceivePacket, NdisMIndicateStatus and their neighbours. Its life is the table ``ADAPTER_STATES``; sending,
receiving, requests and resets each have a module of their own, which the calls here lead to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anyio.abc import TaskGroup

from asyncndis.base import NdisStatus, Probe, RuleViolation, Site, check_integer
from asyncndis.kernel import Irql, Seat, current_host
from asyncndis.memory import Packet

from .calling import Handler
from .characteristics import MiniportCharacteristics
from .configuration import ConfigurationValue
from .filters import ReceiveFilter, combine_filters
from .gate import Gate
from .lookahead import LookaheadPath
from .loopback import Loopback
from .media import AdapterAttributes, NdisMedium
from .miniport_calls import MiniportCalls
from .oids import Oid
from .outcome import wait_patiently
from .receiving import ReceivePath, ReceiveStatistics
from .requests import OidRequest, RequestQueue
from .resetting import HangCheck, ResetMachine, set_request
from .sending import SendPath
from .states import ADAPTER_STATES, AdapterEvent, AdapterState, ResetState
from .submissions import SendStatistics

if TYPE_CHECKING:
    from .binding import Binding
    from .library import Ndis

__all__ = ["Adapter", "AdapterStatistics"]

_SUCCESS = NdisStatus.SUCCESS
_HEADER = 14
_RUNNING = AdapterState.RUNNING
_REFUSALS = {
    AdapterState.RESETTING: NdisStatus.RESET_IN_PROGRESS,
    AdapterState.REMOVED: NdisStatus.ADAPTER_REMOVED,
    AdapterState.HALTING: NdisStatus.CLOSING,
    AdapterState.HALTED: NdisStatus.CLOSING,
    AdapterState.SHUT_DOWN: NdisStatus.CLOSING,
}


@dataclass(frozen=True, slots=True)
class AdapterStatistics:
    """An adapter at one moment.

    :ivar state: where it is in its life
    :ivar connected: whether its medium is connected
    :ivar bindings: protocols that are bound to it
    :ivar sends: its send path
    :ivar receives: its receive path
    :ivar requests: OID requests that are not completed
    :ivar resets: how often it was reset
    """

    state: AdapterState
    connected: bool
    bindings: int
    sends: SendStatistics
    receives: ReceiveStatistics
    requests: int
    resets: int


class Adapter(MiniportCalls):
    """One instance of a miniport, from when it was added until it has halted; made by ``Ndis.add_adapter``.

    :ivar header_size: of the medium's header, in bytes
    :ivar maximum_frame_size: the longest frame without its header, in bytes
    :ivar maximum_total_size: the longest frame with its header, and with what may stand behind it, in bytes
    :ivar maximum_send_packets: the most packets in one MiniportSendPackets
    :ivar current_address: its station address
    :ivar connected: whether its medium is connected
    :ivar medium: what it speaks
    :ivar bindings: the protocols on it
    :ivar is_ending: whether somebody halts it
    :ivar lower: of an intermediate driver's adapter, the bindings to those below
    """

    medium = NdisMedium.ETHERNET_802_3
    header_size = _HEADER

    gate: Gate
    hang: HangCheck
    loopback: Loopback | None = None

    def __init__(
        self,
        library: "Ndis",
        characteristics: MiniportCharacteristics,
        *,
        driver: object = None,
        nic: object = None,
        name: str,
        probe: Probe | None,
        configuration: Mapping[str, ConfigurationValue],
        lower: Sequence["Binding"] = (),
    ) -> None:
        super().__init__(name, nic, library.kernel, probe, configuration)
        self.library = library
        self.characteristics = characteristics
        self.driver = driver
        self.group: TaskGroup = library.group
        self.defers = library.defers
        self.context: object = None
        self.maximum_frame_size = 1500
        self.maximum_total_size = _HEADER + 1500
        self.maximum_send_packets = 1
        self.current_address = bytes(6)
        self.connected = True
        self.bindings: list[Binding] = []
        self.open_bindings: tuple[Binding, ...] = ()
        self.lower = tuple(lower)
        self._state = ADAPTER_STATES.initial
        self._has_attributes = False
        self._lookahead_set = 0
        self.unconfirmed_status = 0
        self.has_filter = False
        self.is_ending = False
        self._waiting: list[Seat[None]] = []
        self._shutdown: tuple[Callable[[object], object], object] | None = None

    def __repr__(self) -> str:
        if not self._has_attributes:
            return f"<Adapter {self.name!r} {self._state.value}>"
        link = "up" if self.connected else "down"
        return (
            f"<Adapter {self.name!r} {self._state.value}, link {link}, {len(self.open_bindings)} bindings, "
            f"{self.sends.in_flight} sends in flight, {self.receives.lent} packets lent>"
        )

    # What everybody may ask

    @property
    def state(self) -> AdapterState:
        """Where it is in its life. IRQL: any."""
        return self._state

    @property
    def device_context(self) -> object:
        """What its driver has it started with (NdisIMGetDeviceContext, NdisIMGetBindingContext). IRQL: any."""
        return self.driver

    def statistics(self) -> AdapterStatistics:
        """The state of it now, in O(1). IRQL: any.

        :raises RuleViolation: LIFE-01 before it has attributes
        """
        self.require_attributes("statistics()")
        return AdapterStatistics(
            self._state,
            self.connected,
            len(self.bindings),
            self.sends.statistics(),
            self.receives.statistics(),
            self.requests.outstanding,
            self.resets.count,
        )

    # What its miniport calls first

    def set_attributes(
        self, context: object, *, check_for_hang_seconds: int = 0, attributes: int = AdapterAttributes.DESERIALIZE
    ) -> None:
        """Say what kind of miniport this is, before anything else (NdisMSetAttributesEx). IRQL: PASSIVE. Rule: LIFE-01.

        :param context: the miniport's own, which all its handlers get
        :param check_for_hang_seconds: between two checks; rounded down to a multiple of 2, and 0 means 2
        :param attributes: see ``AdapterAttributes``; with DESERIALIZE handlers may run concurrently
        :raises NdisError: BAD_CHARACTERISTICS, when a serialized miniport has handlers that wait
        """
        check_integer("check_for_hang_seconds", check_for_hang_seconds)
        check_integer("attributes", attributes)
        self.require_initializing("NdisMSetAttributesEx")
        self.attributes = AdapterAttributes(attributes)
        serialized = not attributes & AdapterAttributes.DESERIALIZE
        if serialized:
            self.characteristics.check_serialized()
        self.context = context
        self._has_attributes = True
        self.gate = Gate(serialized=serialized)
        self.sends = SendPath(self)
        self.receives = ReceivePath(self)
        self.lookahead = LookaheadPath(self)
        self.requests = RequestQueue(self)
        self.resets = ResetMachine(self)
        self.hang = HangCheck(self, max(2, check_for_hang_seconds // 2 * 2), self.attributes)

    # What the modules of NDIS ask

    @property
    def takes_sends(self) -> bool:
        """Whether its miniport may be given the packets that NDIS has accepted for it."""
        return self._state is _RUNNING or self._state is AdapterState.PAUSING

    def takes_request(self, oid: int) -> bool:
        """Whether its miniport may be given a request now; asleep it is only asked to wake up."""
        if self._state is AdapterState.RESETTING:
            return self.resets.state is ResetState.REPLAYING
        if self._state is AdapterState.LOW_POWER:
            return oid == Oid.PNP_SET_POWER
        return self._state in (_RUNNING, AdapterState.PAUSING, AdapterState.PAUSED)

    def refusal(self) -> NdisStatus | None:
        """The status by which traffic is refused now; None where it is not."""
        return None if self._state is _RUNNING else _REFUSALS.get(self._state, NdisStatus.ADAPTER_NOT_READY)

    def step(self, event: AdapterEvent) -> None:
        """Go on to the next state.

        :raises IllegalTransition: LIFE-18, when the table has no such step
        """
        self._state = ADAPTER_STATES.after(self._state, event)
        self.came_to_rest()

    def handler(self, name: str, field: str) -> Handler | None:
        """A handler of the miniport, with its context; None where it has none."""
        function = getattr(self.characteristics, field)
        if function is None:
            return None
        self.require_attributes(f"a call that leads to {name}")
        return Handler(self, name, function, self.context, self.probe)

    def guard(self, name: str, function: Callable[..., object], *arguments: object) -> None:
        """Call a function of the driver's own, such as that of a timer, so that its failure is the driver's."""
        try:
            function(*arguments)
        except Exception as error:  # noqa: BLE001 - a driver's fault of any kind ends its stack
            self.fail(error, name)

    def fail(self, error: Exception, handler: str) -> None:
        """A handler of the miniport has failed, which ends the stack."""
        self.library.fail(error, f"{handler} of {self.name}")

    def violated(self, violation: RuleViolation) -> None:
        """A rule was found broken where nobody stands to be told; it comes out when the stack ends."""
        self.library.violated(violation)

    def site_of(self, field: str) -> Site | None:
        """Where a handler is defined, for violations that are found after it has returned."""
        function = getattr(self.characteristics, field, None)
        code = getattr(function, "__code__", None)
        return None if code is None else Site(code.co_filename, code.co_firstlineno, code.co_qualname)

    def tell_all(self, status: NdisStatus) -> None:
        """Tell every protocol of something that NDIS itself does."""
        for binding in self.open_bindings:
            binding.status(status, b"")
        for binding in self.open_bindings:
            binding.status_complete()

    def has_from_below(self, packet: Packet) -> bool:
        """Whether this is an intermediate driver's adapter, and the driver was given the packet by a lower one."""
        return any(binding.has(packet) for binding in self.lower)

    def bindings_changed(self) -> None:
        """A binding was opened or closed."""
        self.open_bindings = tuple(binding for binding in self.bindings if binding.is_open)
        self.receives.bindings_changed()

    def combined_filter(self) -> ReceiveFilter:
        """What its bindings together want to receive."""
        return combine_filters([binding.filter for binding in self.open_bindings], self.current_address)

    def combined_lookahead(self) -> int:
        """The most lookahead that a binding wants, in bytes."""
        return max([binding.lookahead for binding in self.open_bindings], default=0)

    def addressing(self) -> list[OidRequest]:
        """The requests that set anew what a reset has made the miniport forget (OID-10)."""
        wanted = self.combined_filter()
        requests = [
            set_request(Oid.GEN_CURRENT_PACKET_FILTER, wanted.packet_filter),
            set_request(Oid.IEEE_802_3_MULTICAST_LIST, wanted.multicast_list),
        ]
        if self.combined_lookahead():
            requests.append(set_request(Oid.GEN_CURRENT_LOOKAHEAD, self.combined_lookahead()))
        return requests

    def came_to_rest(self) -> None:
        """Something has come to its end; who waits for that looks again."""
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for seat in waiting:
                if not seat.done():
                    seat.set_result(None)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds that changes when something comes to its end."""
        while not condition():
            seat: Seat[None] = current_host().new_seat()
            self._waiting.append(seat)
            try:
                await seat
            finally:
                if seat in self._waiting:
                    self._waiting.remove(seat)

    async def until_patience_ends(self, condition: Callable[[], bool]) -> bool:
        """The same, but not for ever; the answer is whether it holds."""
        return await wait_patiently(self.library.clock, self.library.patience, condition, self._wake_at_rest)

    def _wake_at_rest(self, seat: Seat[None]) -> None:
        """Have a seat taken the next time: the list is another one each time, so its own append is not for keeps."""
        self._waiting.append(seat)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is in flight, lent, asked for or being reset."""
        return not (
            self.sends.in_flight
            or self.receives.lent
            or self.requests.outstanding
            or self.lookahead.pending
            or self.resets.state is not ResetState.IDLE
        )

    def call_shutdown(self) -> None:
        """Tell the miniport that the system shuts down."""
        if self._shutdown is not None:
            handler, context = self._shutdown
            with self._watched("MiniportShutdown"):
                self.guard("MiniportShutdown", handler, context)
            return
        shutdown = self.handler("MiniportShutdown", "shutdown")
        if shutdown is not None:
            shutdown.call(irql=Irql.PASSIVE)

    async def forget_loopback(self) -> None:
        """Loopback has an end when the adapter has."""
        loopback, self.loopback = self.loopback, None
        if loopback is not None:
            await loopback.aclose()

    def require_attributes(self, what: str) -> None:
        """Refuse what comes before set_attributes.

        :raises RuleViolation: LIFE-01
        """
        if not self._has_attributes:
            raise RuleViolation(
                "LIFE-01", f"{self.name}: {what} comes before set_attributes(), which is the first of all", self
            )

    def _as_adapter(self) -> "Adapter":
        return self
