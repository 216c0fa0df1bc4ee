"""Intermediate drivers in NDIS words: a pass-through between a miniport and a protocol."""

from functools import partial
from typing import Any

import pytest

from asyncndis.base import NdisStatus
from asyncndis.ddi import (
    NDIS_MINIPORT_CHARACTERISTICS,
    NDIS_PROTOCOL_CHARACTERISTICS,
    NdisCloseAdapter,
    NdisCompleteBindAdapter,
    NdisCompleteUnbindAdapter,
    NdisIMAssociateMiniport,
    NdisIMCancelInitializeDeviceInstance,
    NdisIMDeInitializeDeviceInstance,
    NdisIMGetBindingContext,
    NdisIMGetDeviceContext,
    NdisIMInitializeDeviceInstance,
    NdisIMInitializeDeviceInstanceEx,
    NdisIMRegisterLayeredMiniport,
    NdisMIndicateReceivePacket,
    NdisMInitializeWrapper,
    NdisMSendComplete,
    NdisMSetAttributesEx,
    NdisOpenAdapter,
    NdisRegisterProtocol,
    NdisRequest,
    NdisReturnPackets,
    NdisSend,
)
from asyncndis.memory import Packet
from asyncndis.ndis import (
    Adapter,
    AdapterAttributes,
    BindContext,
    Binding,
    Driver,
    LayeredMiniport,
    NdisMedium,
    OidRequest,
    RegisteredProtocol,
    RequestType,
    UnbindContext,
)
from tests.support.loops import settle
from tests.support.words import Frames, WordsMiniport, WordsProtocol, words_machine

pytestmark = pytest.mark.every_loop

SUCCESS, PENDING = NdisStatus.SUCCESS, NdisStatus.PENDING
ATTRIBUTES = (
    AdapterAttributes.INTERMEDIATE_DRIVER | AdapterAttributes.DESERIALIZE | AdapterAttributes.NO_HALT_ON_SUSPEND
)


class PassThrough:
    """The driver, and what it keeps for its one binding and its one virtual adapter."""

    driver: LayeredMiniport
    protocol: RegisteredProtocol
    binding: BindContext
    unbinding: UnbindContext
    below: Binding
    above: Adapter | None = None

    def __init__(self, name: str = "virtual") -> None:
        self.name = name
        self.calls: list[tuple[Any, ...]] = []
        self.initialize_status = SUCCESS

    def entry(self, driver: Driver, path: str) -> NdisStatus:
        wrapper = NdisMInitializeWrapper(driver, path, None)
        assert wrapper is not None
        miniport = NDIS_MINIPORT_CHARACTERISTICS(
            MajorNdisVersion=5,
            InitializeHandler=self.initialize,
            HaltHandler=halt,
            ResetHandler=reset,
            QueryInformationHandler=partial(ask, RequestType.QUERY_INFORMATION),
            SetInformationHandler=partial(ask, RequestType.SET_INFORMATION),
            SendHandler=send,
            ReturnPacketHandler=give_back,
        )
        protocol = NDIS_PROTOCOL_CHARACTERISTICS(
            MajorNdisVersion=5,
            Name="pass",
            OpenAdapterCompleteHandler=self.opened,
            CloseAdapterCompleteHandler=self.closed,
            SendCompleteHandler=sent,
            ResetCompleteHandler=nothing,
            RequestCompleteHandler=nothing,
            ReceiveHandler=nothing,
            ReceiveCompleteHandler=nothing,
            ReceivePacketHandler=receive,
            BindAdapterHandler=self.bind,
            UnbindAdapterHandler=self.unbind,
        )
        _, handle = NdisIMRegisterLayeredMiniport(wrapper, miniport, len(miniport))
        status, registered = NdisRegisterProtocol(protocol, len(protocol))
        assert handle is not None
        assert registered is not None
        NdisIMAssociateMiniport(handle, registered)
        self.driver, self.protocol = handle, registered
        return status

    async def bind(self, bind: BindContext, name: str, specific1: None, specific2: None) -> NdisStatus:
        self.binding = bind
        status, _, below, _ = await NdisOpenAdapter([NdisMedium.ETHERNET_802_3], 1, self.protocol, self, name)
        assert below is not None
        self.below = below
        return status if status is PENDING else await self.start()

    async def opened(self, context: object, status: NdisStatus, error: NdisStatus) -> None:
        NdisCompleteBindAdapter(self.binding, await self.start(), error)

    async def start(self) -> NdisStatus:
        status = await NdisIMInitializeDeviceInstanceEx(self.driver, self.name, self)
        self.calls.append(("start", status))
        return status

    async def unbind(self, context: object, unbind: UnbindContext) -> NdisStatus:
        assert context is self
        self.unbinding = unbind
        self.calls.append(("cancel", NdisIMCancelInitializeDeviceInstance(self.driver, self.name)))
        if self.above is not None:
            self.calls.append(("deinitialize", await NdisIMDeInitializeDeviceInstance(self.above)))
        return await NdisCloseAdapter(self.below)

    def closed(self, context: object, status: NdisStatus) -> None:
        NdisCompleteUnbindAdapter(self.unbinding, status)

    def initialize(self, media: object, count: int, handle: Adapter, configuration: object) -> tuple[NdisStatus, ...]:
        assert NdisIMGetDeviceContext(handle) in (self, None)
        NdisMSetAttributesEx(handle, self, 0, ATTRIBUTES, 0)
        self.above = handle
        return self.initialize_status, self.initialize_status, 0  # type: ignore[return-value]  # an index is a number


def nothing(*_: object) -> None:
    """What does not concern this driver."""


def reset(context: PassThrough) -> tuple[NdisStatus, bool]:
    return NdisStatus.NOT_RESETTABLE, False


def send(context: PassThrough, packet: Packet, flags: int) -> NdisStatus:
    return NdisSend(context.below, packet)


def sent(context: PassThrough, packet: Packet, status: NdisStatus) -> None:
    assert context.above is not None
    NdisMSendComplete(context.above, packet, status)


def give_back(context: PassThrough, packet: Packet) -> None:
    NdisReturnPackets([packet], 1)


def halt(context: PassThrough) -> None:
    context.calls.append(("halt",))
    context.above = None


def ask(kind: RequestType, context: PassThrough, oid: int, buffer: memoryview, length: int) -> tuple[object, ...]:
    request = OidRequest(kind, oid, buffer)
    status = NdisRequest(context.below, request)
    return status, request.bytes_written or request.bytes_read, request.bytes_needed


def receive(context: PassThrough, packet: Packet) -> int:
    if context.above is None:
        return 0
    NdisMIndicateReceivePacket(context.above, [packet], 1)
    return int(context.above.receives.has(packet))


async def test_traffic_passes_through() -> None:
    frames, miniport, between, protocol = Frames(), WordsMiniport(), PassThrough(), WordsProtocol()
    miniport.send_status = PENDING
    protocol.keeps = 1
    await frames.allocate_pools()
    async with words_machine(miniport) as ndis:
        await Driver.load(ndis, between.entry)
        assert between.calls == [("start", SUCCESS)]
        assert repr(between.driver) == "<LayeredMiniport 'test_intermediate' 1 adapters, 0 starting>"
        await Driver.load(ndis, protocol.entry, binds_to=["virtual"])
        assert protocol.calls[0] == ("bind", "virtual", None, None)
        assert NdisIMGetBindingContext(protocol.binding) is between
        await protocol.listen()
        packet = frames.make()
        assert NdisSend(protocol.binding, packet) == PENDING
        NdisMSendComplete(miniport.handle, packet, SUCCESS)
        assert protocol.calls[-1] == ("sent", packet, SUCCESS)
        received = frames.make()
        NdisMIndicateReceivePacket(miniport.handle, [received], 1)
        assert protocol.calls[-2:] == [("received", received), ("batch",)]
        NdisReturnPackets([received], 1)
        assert miniport.calls[-1] == ("returned", received)
        await ndis.unbind(between.below)
        assert protocol.names()[-1] == "close"
        assert between.calls[1:] == [("cancel", NdisStatus.FAILURE), ("halt",), ("deinitialize", SUCCESS)]


async def test_a_virtual_adapter_that_does_not_start() -> None:
    miniport, between = WordsMiniport(), PassThrough()
    between.initialize_status = NdisStatus.RESOURCES
    async with words_machine(miniport) as ndis:
        await Driver.load(ndis, between.entry)
        assert between.calls == [("start", NdisStatus.RESOURCES)]
        assert [adapter.name for adapter in ndis.adapters] == ["nic"]
        between.initialize_status = NdisStatus.FAILURE
        assert await NdisIMInitializeDeviceInstance(between.driver, "again") == NdisStatus.FAILURE


async def test_everything_that_can_pend() -> None:
    miniport, between, protocol = WordsMiniport(), PassThrough(), WordsProtocol()
    async with words_machine(miniport, defers=True) as ndis:
        await Driver.load(ndis, protocol.entry, binds_to=["virtual"])
        await Driver.load(ndis, between.entry)
        await settle()
        assert sorted(protocol.names()) == ["bind", "open", "opened"]
        await ndis.unbind(between.below)
        assert sorted(protocol.names()[3:]) == ["close", "closed"]
        assert [adapter.name for adapter in ndis.adapters] == ["nic"]


async def test_a_start_that_is_called_off() -> None:
    miniport, between = WordsMiniport(), PassThrough()
    async with words_machine(miniport, defers=True) as ndis:
        await Driver.load(ndis, between.entry, binds_to=[])
        assert await NdisIMInitializeDeviceInstance(between.driver, "virtual") == SUCCESS
        assert between.driver.statistics().starting == 1
        assert NdisIMCancelInitializeDeviceInstance(between.driver, "virtual") == SUCCESS
        assert NdisIMCancelInitializeDeviceInstance(between.driver, "virtual") == NdisStatus.FAILURE
        await settle()
        assert between.above is None
