"""Every handler of every kind of driver goes wrong in every way: the stack still ends, and says whose fault it is.

One scenario calls all handlers. In each test one of them raises, answers nothing or nonsense, hangs, or leaves what it
was given pending for ever. Afterwards every adapter has halted, every descriptor is back, and no task is left.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import anyio
import pytest

from asyncndis.base import NdisError, NdisStatus, RuleViolation
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.memory import Packet
from asyncndis.ndis import (
    Adapter,
    Binding,
    Intermediate,
    Interrupt,
    MacOptions,
    Miniport,
    Oid,
    OidRequest,
    PnpCapabilities,
    PowerState,
    Protocol,
    Recognized,
    RequestType,
    Stack,
    Transferred,
    open_stack,
)
from tests.support.loops import settle
from tests.support.scripted import frame

pytestmark = pytest.mark.every_loop

PENDING, SUCCESS = NdisStatus.PENDING, NdisStatus.SUCCESS
BROADCAST = b"\xff" * 6
VENDOR = 0xFF01_0203


class Rig(Miniport):
    """A miniport with every handler."""

    mac_options = MacOptions.COPY_LOOKAHEAD_DATA
    power = PnpCapabilities()
    requests_isr = True

    def __init__(self) -> None:
        super().__init__(name="rig")
        self.given: list[Packet] = []
        self.interrupt: Interrupt | None = None
        self.is_asked = False

    async def initialize(self, adapter: Adapter) -> Any:
        self.frames = await adapter.allocate_frames(8)
        self.interrupt = adapter.register_interrupt(lambda: False, request_isr=self.requests_isr)

    async def halt(self) -> None:
        await super().halt()

    def reset(self) -> Any:
        self.complete(NdisStatus.REQUEST_ABORTED)
        return SUCCESS, True

    def query_information(self, oid: int, buffer: memoryview) -> Any:
        if oid != VENDOR:
            return super().query_information(oid, buffer)
        self.is_asked = True
        return PENDING

    def set_information(self, oid: int, buffer: memoryview) -> Any:
        return (SUCCESS, 0) if oid == VENDOR else super().set_information(oid, buffer)

    def query(self, oid: int) -> Any:
        return super().query(oid)

    def set(self, oid: int, value: Any) -> None:
        super().set(oid, value)

    def send(self, packet: Packet) -> Any:
        self.given.append(packet)
        return PENDING

    def complete(self, status: int = SUCCESS) -> None:
        if self.is_asked:
            self.is_asked = False
            with suppress(RuleViolation):  # it was taken back meanwhile
                self.adapter.query_complete(SUCCESS)
        given, self.given = self.given, []
        for packet in given:
            with suppress(RuleViolation):  # it was taken back meanwhile
                self.adapter.send_complete(packet, status)

    def return_packet(self, packet: Packet) -> Any:
        self.frames.free(packet)

    def cancel_send_packets(self, cancel_id: int) -> Any:
        pass

    def isr(self) -> Recognized:
        return Recognized(interrupt_recognized=True, queue_handle_interrupt=True)

    def handle_interrupt(self) -> Any:
        pass

    def check_for_hang(self) -> bool:
        return False

    def transfer_data(self, packet: Packet, context: object, offset: int, count: int) -> Any:
        return Transferred(SUCCESS, count)

    def pnp_event(self, event: Any, data: bytes = b"") -> Any:
        pass


class ArrayRig(Rig):
    """With MiniportSendPackets, and an interrupt without a service routine."""

    requests_isr = False

    def send_packets(self, packets: Any) -> Any:
        self.given += packets

    def disable_interrupt(self) -> Any:
        pass

    def enable_interrupt(self) -> Any:
        pass


class Talker(Protocol):
    """A protocol with every handler."""

    def __init__(self) -> None:
        super().__init__(name="talker")
        self.lent: list[Packet] = []

    def bind(self, binding: Binding) -> Any:
        pass

    def unbind(self, binding: Binding) -> Any:
        for packet in self.lent:
            binding.return_packet(packet)

    async def bind_adapter(self, bind: Any) -> Any:
        await super().bind_adapter(bind)
        self.mine = self.binding

    async def unbind_adapter(self, binding: Binding) -> Any:
        await super().unbind_adapter(binding)

    def receive(self, binding: Binding, packet: Packet) -> Any:
        if packet.oob.status == NdisStatus.RESOURCES:
            return 0
        self.lent.append(packet)
        return 1

    def receive_lookahead(
        self, binding: Binding, context: object, header: memoryview, lookahead: memoryview, packet_size: int
    ) -> Any:
        super().receive_lookahead(binding, context, header, lookahead, packet_size)

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> Any:
        binding.frames.free(packet)

    def receive_complete(self, binding: Binding) -> Any:
        pass

    def request_complete(self, binding: Binding, request: OidRequest, status: NdisStatus) -> Any:
        pass

    def reset_complete(self, binding: Binding, status: NdisStatus) -> Any:
        pass

    def status(self, binding: Binding, status: NdisStatus, data: bytes) -> Any:
        pass

    def status_complete(self, binding: Binding) -> Any:
        pass

    def pnp_event(self, binding: Binding, event: Any, data: object) -> Any:
        pass


class Between(Intermediate):
    """An intermediate driver with every handler."""

    def __init__(self) -> None:
        super().__init__(name="between")


NAMES = {Rig: "rig", ArrayRig: "rig", Talker: "talker", Between: "between"}
TITLES = {
    Rig: {
        "initialize": "MiniportInitialize",
        "halt": "MiniportHalt",
        "reset": "MiniportReset",
        "query": "MiniportQueryInformation",
        "set": "MiniportSetInformation",
        "query_information": "MiniportQueryInformation",
        "set_information": "MiniportSetInformation",
        "send": "MiniportSend",
        "return_packet": "MiniportReturnPacket",
        "cancel_send_packets": "MiniportCancelSendPackets",
        "isr": "MiniportISR",
        "handle_interrupt": "MiniportHandleInterrupt",
        "check_for_hang": "MiniportCheckForHang",
        "transfer_data": "MiniportTransferData",
        "pnp_event": "MiniportPnPEventNotify",
    },
    ArrayRig: {
        "send_packets": "MiniportSendPackets",
        "disable_interrupt": "MiniportDisableInterrupt",
        "enable_interrupt": "MiniportEnableInterrupt",
    },
    Talker: {
        "bind": "ProtocolBindAdapter",
        "unbind": "ProtocolUnbindAdapter",
        "bind_adapter": "ProtocolBindAdapter",
        "unbind_adapter": "ProtocolUnbindAdapter",
        "receive": "ProtocolReceivePacket",
        "receive_lookahead": "ProtocolReceive",
        "receive_complete": "ProtocolReceiveComplete",
        "send_complete": "ProtocolSendComplete",
        "request_complete": "ProtocolRequestComplete",
        "reset_complete": "ProtocolResetComplete",
        "status": "ProtocolStatus",
        "status_complete": "ProtocolStatusComplete",
        "pnp_event": "ProtocolPnPEvent",
    },
    Between: {
        "initialize": "MiniportInitialize",
        "halt": "MiniportHalt",
        "reset": "MiniportReset",
        "query_information": "MiniportQueryInformation",
        "set_information": "MiniportSetInformation",
        "send": "MiniportSend",
        "return_packet": "MiniportReturnPacket",
        "bind": "ProtocolBindAdapter",
        "unbind": "ProtocolUnbindAdapter",
        "receive": "ProtocolReceivePacket",
        "receive_lookahead": "ProtocolReceive",
        "send_complete": "ProtocolSendComplete",
        "request_complete": "ProtocolRequestComplete",
        "status": "ProtocolStatus",
        "status_complete": "ProtocolStatusComplete",
    },
}
STARTING = {"initialize", "bind", "bind_adapter"}
"""Handlers that are waited for as long as it takes: whoever opens the stack may give up."""
LATER = {"query_information", "set_information", "query", "set"}
"""Handlers that have to work while the stack starts, so that the others are reached."""


@dataclass
class Fault:
    """A way to go wrong.

    :ivar active: whether it has begun; some handlers have to work at first
    :ivar called: how often the handler went wrong
    """

    way: str
    active: bool = False
    called: int = 0

    def put_into(self, kind: type[Any], handler: str) -> Any:
        """A driver of a kind with the fault in one handler."""
        right = getattr(kind, handler)
        wrong = self._waiting(right) if self.way == "hangs" else self._plain(right)
        return type(f"Bad{kind.__name__}", (kind,), {handler: wrong})()

    def _plain(self, right: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(driver: Any, *arguments: Any) -> Any:
            if not self.active:
                return right(driver, *arguments)
            self.called += 1
            match self.way:
                case "raises ValueError":
                    raise ValueError("oops")
                case "raises NdisError":
                    raise NdisError("not now", NdisStatus.DEVICE_FAILED)
                case "answers nothing":
                    return None
                case "answers nonsense":
                    return "nonsense"
                case _:
                    return PENDING

        return wrong

    def _waiting(self, right: Callable[..., Any]) -> Callable[..., Any]:
        async def wrong(driver: Any, *arguments: Any) -> Any:
            if not self.active:
                answer = right(driver, *arguments)
                return await answer if hasattr(answer, "__await__") else answer
            self.called += 1
            return await anyio.sleep_forever()

        return wrong


METHODS = {"query", "set"}
"""What the base class calls in its handlers, which do not wait."""
WAYS = ["raises ValueError", "raises NdisError", "answers nothing", "answers nonsense", "hangs", "never completes"]
CASES = [
    (kind, handler, way)
    for kind, handlers in TITLES.items()
    for handler in handlers
    for way in WAYS
    if not (way == "hangs" and handler in METHODS)
]


def attempt(call: Callable[..., Any], *arguments: Any) -> None:
    """A call that a wrong driver may have refused."""
    with suppress(NdisError, RuleViolation):
        call(*arguments)


async def exercise(stack: Stack, rig: Rig, talker: Talker, clock: VirtualClock) -> None:
    """Have every handler called."""
    binding = talker.mine

    def send(data: bytearray) -> None:
        packet = binding.frames.allocate_nowait(data)
        packet.cancel_id = 5
        binding.send_packets([packet])

    def indicate(status: NdisStatus = SUCCESS) -> None:
        packet = rig.frames.allocate_nowait(frame(to=BROADCAST))
        packet.oob.status = status
        try:
            rig.adapter.indicate(packet)
        finally:
            if status != SUCCESS:
                rig.frames.free(packet)

    def show(count: int) -> None:
        data = bytes(frame(to=BROADCAST))
        rig.adapter.indicate_lookahead(data, memoryview(data)[:14], memoryview(data)[14 : 14 + count], 46)
        rig.adapter.indicate_receive_complete()

    if rig.interrupt is None:
        return  # it says that it has started, and has taken nothing
    for _ in range(2):
        attempt(send, frame())
        await settle()
        attempt(binding.cancel_sends, 5)
        attempt(indicate)
        attempt(indicate, NdisStatus.RESOURCES)
        attempt(show, 46)
        attempt(show, 10)
        for type_ in (RequestType.QUERY_INFORMATION, RequestType.SET_INFORMATION):
            attempt(binding.request_nowait, OidRequest(type_, VENDOR, bytearray(4)))
            attempt(binding.request_nowait, OidRequest(type_, Oid.GEN_CURRENT_LOOKAHEAD, bytearray(4)))
        attempt(binding.request_nowait, OidRequest(RequestType.QUERY_INFORMATION, Oid.GEN_LINK_SPEED, bytearray(4)))
        attempt(lambda: rig.adapter.indicate_link(up=True))
        rig.interrupt.fire()
        await settle()
        for packet in talker.lent[:]:
            talker.lent.remove(packet)
            attempt(binding.return_packet, packet)
        rig.complete()
    attempt(send, frame())
    attempt(binding.reset_nowait)
    await clock.advance(5)
    rig.complete()
    with suppress(NdisError, RuleViolation), anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_sleep, stack)
            await clock.advance(10)
            scope.cancel()
    attempt(indicate)
    rig.adapter.remove()
    await clock.advance(1)


async def _sleep(stack: Stack) -> None:
    with suppress(NdisError, RuleViolation):
        await stack.ndis.set_power(stack.top, PowerState.D3)
        await stack.ndis.set_power(stack.top, PowerState.D0)


async def outcome(kind: type[Any], handler: str, fault: Fault) -> BaseException | None:
    """Run the scenario with a driver that goes wrong; what comes out of it."""
    bad = fault.put_into(kind, handler)
    rig = bad if kind in (Rig, ArrayRig) else Rig()
    talker = bad if kind is Talker else Talker()
    between = bad if kind is Between else Between()
    fault.active = handler not in LATER
    opened: list[Stack] = []
    with use_clock(VirtualClock()) as clock:
        try:
            async with open_stack(talker, *((between,) if kind is Between else ()), rig) as stack:
                opened.append(stack)
                fault.active = True
                await exercise(stack, rig, talker, clock)
        except Exception as error:  # noqa: BLE001 - which one comes out is what is asked
            result: BaseException | None = error
        else:
            result = None
        for stack in opened:
            assert (stack.ndis.adapters, stack.ndis.bindings) == ([], [])
        assert_at_rest(rig, talker)
    return result


def assert_at_rest(rig: Rig, talker: Talker) -> None:
    """No descriptor is out of any pool, but for those that a driver itself was to free."""
    adapter = getattr(rig, "adapter", None)
    if adapter is not None:
        assert adapter.claims.live() == []
        assert adapter.sends.in_flight == adapter.receives.lent == adapter.requests.outstanding == 0
    for packet in talker.lent:
        assert packet.state.value in ("free", "returned")


@pytest.mark.parametrize(("kind", "handler", "way"), CASES, ids=lambda value: getattr(value, "__name__", value))
async def test_a_handler_goes_wrong(kind: type[Any], handler: str, way: str) -> None:
    fault = Fault(way)
    before = tasks_now()
    error: BaseException | None = None
    async with anyio.create_task_group() as tasks:
        if (way == "hangs" and handler in STARTING) or (handler, way) == ("bind_adapter", "never completes"):
            tasks.start_soon(give_up_on, tasks.cancel_scope)
        error = await outcome(kind, handler, fault)
    assert tasks_now() == before
    name, title = NAMES[kind], TITLES[kind][handler]
    refused = isinstance(error, NdisError) and error.status is NdisStatus.BAD_CHARACTERISTICS
    assert fault.called or refused, "the scenario does not reach it"
    if way == "raises ValueError":
        assert type(error) is ValueError, error
        assert f"in {title} of {name}" in error.__notes__
    elif isinstance(error, RuleViolation):
        assert name in str(error) or f"in {title} of {name}" in getattr(error, "__notes__", ()), error
    elif isinstance(error, (TypeError, ValueError)):
        assert f"in {title} of {name}" in error.__notes__, error
    else:
        assert error is None or isinstance(error, NdisError), error


async def give_up_on(scope: anyio.CancelScope) -> None:
    """Cancel what hangs."""
    await settle()
    scope.cancel()


def tasks_now() -> int:
    """How many tasks there are."""
    return len(anyio.get_running_tasks())
