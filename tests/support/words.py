"""Machines with a miniport and a protocol in NDIS words, which note what they are called with."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from asyncndis.base import NdisStatus
from asyncndis.ddi import (
    NDIS_MINIPORT_CHARACTERISTICS,
    NDIS_PROTOCOL_CHARACTERISTICS,
    NDIS_SET_PACKET_HEADER_SIZE,
    NDIS_SET_PACKET_STATUS,
    NdisAllocateBuffer,
    NdisAllocateBufferPool,
    NdisAllocatePacket,
    NdisAllocatePacketPool,
    NdisChainBufferAtBack,
    NdisCloseAdapter,
    NdisCompleteBindAdapter,
    NdisCompleteUnbindAdapter,
    NdisFreeBuffer,
    NdisFreeBufferPool,
    NdisFreePacket,
    NdisFreePacketPool,
    NdisMInitializeWrapper,
    NdisMRegisterMiniport,
    NdisMSetAttributesEx,
    NdisOpenAdapter,
    NdisRegisterProtocol,
    NdisUnchainBufferAtFront,
)
from asyncndis.memory import BufferPool, Memory, Packet, PacketPool
from asyncndis.ndis import (
    Adapter,
    AdapterAttributes,
    BindContext,
    Binding,
    Driver,
    MacOptions,
    Ndis,
    NdisMedium,
    Oid,
    OidRequest,
    PacketFilter,
    RegisteredProtocol,
    RequestType,
    UnbindContext,
)

ADDRESS = bytes.fromhex("020000000001")
FRAME = (ADDRESS + bytes.fromhex("020000000002 88b5")).ljust(60, b"\1")
FURTHER = Oid.GEN_VENDOR_DRIVER_VERSION  # an OID whose answer pends
ANSWERS = {
    Oid.GEN_MAC_OPTIONS: MacOptions.COPY_LOOKAHEAD_DATA.to_bytes(4, "little"),
    Oid.IEEE_802_3_CURRENT_ADDRESS: ADDRESS,
    Oid.IEEE_802_3_MAXIMUM_LIST_SIZE: (8).to_bytes(4, "little"),
    Oid.GEN_MAXIMUM_LOOKAHEAD: (1500).to_bytes(4, "little"),
    Oid.GEN_MAXIMUM_SEND_PACKETS: (4).to_bytes(4, "little"),
    Oid.GEN_MAXIMUM_TOTAL_SIZE: (1514).to_bytes(4, "little"),
    Oid.GEN_MEDIA_CONNECT_STATUS: bytes(4),
}

Body = Callable[[Adapter], Awaitable[object] | object]


class Frames:
    """Packets of one buffer each, by their NDIS calls."""

    packets: PacketPool
    buffers: BufferPool

    async def allocate_pools(self) -> None:
        _, packets = await NdisAllocatePacketPool(8, 32)
        _, buffers = await NdisAllocateBufferPool(8)
        assert packets is not None
        assert buffers is not None
        self.packets, self.buffers = packets, buffers

    def make(self, frame: Memory = FRAME) -> Packet:
        _, packet = NdisAllocatePacket(self.packets)
        _, buffer = NdisAllocateBuffer(self.buffers, frame, len(frame))
        assert packet is not None
        assert buffer is not None
        NdisChainBufferAtBack(packet, buffer)
        NDIS_SET_PACKET_HEADER_SIZE(packet, 14)
        NDIS_SET_PACKET_STATUS(packet, NdisStatus.SUCCESS)
        return packet

    def free(self, packet: Packet) -> None:
        buffer = NdisUnchainBufferAtFront(packet)
        assert buffer is not None
        NdisFreeBuffer(buffer)
        NdisFreePacket(packet)

    def free_pools(self) -> None:
        NdisFreePacketPool(self.packets)
        NdisFreeBufferPool(self.buffers)


class WordsMiniport:
    """A miniport that does what a test says; everything it is called with is in ``calls``."""

    handle: Adapter

    def __init__(
        self,
        begin: Body | None = None,
        end: Body | None = None,
        *,
        attributes: int = AdapterAttributes.DESERIALIZE | AdapterAttributes.BUS_MASTER,
    ) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.begin = begin
        self.end = end
        self.attributes = attributes
        self.send_status = NdisStatus.SUCCESS
        self.reset_status = NdisStatus.SUCCESS
        self.characteristics = NDIS_MINIPORT_CHARACTERISTICS(
            MajorNdisVersion=5,
            MinorNdisVersion=1,
            InitializeHandler=self.initialize,
            HaltHandler=halt,
            ResetHandler=reset,
            QueryInformationHandler=query,
            SetInformationHandler=set_information,
            SendHandler=send,
            ReturnPacketHandler=take_back,
        )

    async def initialize(
        self, media: tuple[NdisMedium, ...], count: int, handle: Adapter, configuration: Adapter
    ) -> tuple[NdisStatus, NdisStatus, int]:
        self.calls.append(("initialize", media, count, configuration is handle))
        self.handle = handle
        NdisMSetAttributesEx(handle, self, 0, self.attributes, 0)
        if self.begin is not None:
            answer = await finish(self.begin(handle))
            if isinstance(answer, NdisStatus):
                return answer, answer, 0
        return NdisStatus.SUCCESS, NdisStatus.SUCCESS, media.index(NdisMedium.ETHERNET_802_3)

    def entry(self, driver: Driver, path: str) -> NdisStatus:
        wrapper = NdisMInitializeWrapper(driver, path, None)
        assert wrapper is not None
        return NdisMRegisterMiniport(wrapper, self.characteristics, len(self.characteristics))


async def halt(miniport: WordsMiniport) -> None:
    miniport.calls.append(("halt",))
    if miniport.end is not None:
        await finish(miniport.end(miniport.handle))


async def finish(answer: Awaitable[object] | object) -> object:
    return await cast("Awaitable[object]", answer) if isinstance(answer, Awaitable) else answer


def reset(miniport: WordsMiniport) -> tuple[NdisStatus, bool]:
    return miniport.reset_status, False


def set_information(miniport: WordsMiniport, oid: int, buffer: memoryview, length: int) -> tuple[NdisStatus, int, int]:
    return NdisStatus.SUCCESS, length, 0


def take_back(miniport: WordsMiniport, packet: Packet) -> None:
    miniport.calls.append(("returned", packet))


def query(miniport: WordsMiniport, oid: int, buffer: memoryview, length: int) -> object:
    if oid == FURTHER:
        miniport.calls.append(("query", oid, length))
        buffer[:4] = b"\1\0\0\0"
        return NdisStatus.PENDING, 0, 0
    answer = ANSWERS.get(Oid(oid))
    if answer is None:
        return NdisStatus.INVALID_OID, 0, 0
    if len(answer) > length:
        return NdisStatus.BUFFER_TOO_SHORT, 0, len(answer)
    buffer[: len(answer)] = answer
    return NdisStatus.SUCCESS, len(answer), 0


def send(miniport: WordsMiniport, packet: Packet, flags: int) -> NdisStatus:
    miniport.calls.append(("send", packet, flags))
    return miniport.send_status


class WordsProtocol:
    """A protocol that opens what it is offered; everything it is called with is in ``calls``."""

    handle: RegisteredProtocol | None
    binding: Binding

    def __init__(self, name: str = "words") -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.media: tuple[NdisMedium, ...] = (NdisMedium.ETHERNET_802_3,)
        self.keeps = 0
        self.bind: BindContext | None = None
        self.unbind: UnbindContext | None = None
        self.status = NdisStatus.SUCCESS
        self.characteristics = NDIS_PROTOCOL_CHARACTERISTICS(
            MajorNdisVersion=5,
            Name=name,
            OpenAdapterCompleteHandler=self.opened,
            CloseAdapterCompleteHandler=self.closed,
            SendCompleteHandler=self.note("sent"),
            TransferDataCompleteHandler=self.note("transferred"),
            ResetCompleteHandler=self.note("reset"),
            RequestCompleteHandler=self.note("answered"),
            ReceiveHandler=self.note("shown", NdisStatus.SUCCESS),
            ReceiveCompleteHandler=self.note("batch"),
            StatusHandler=self.note("status"),
            StatusCompleteHandler=self.note("told"),
            ReceivePacketHandler=self.received,
            BindAdapterHandler=self.bind_adapter,
            UnbindAdapterHandler=self.unbind_adapter,
        )

    def note(self, name: str, answer: object = None) -> Callable[..., object]:
        """A handler that notes its parameters, all but the context, and returns ``answer``."""

        def handler(context: object, *given: object) -> object:
            assert context is self
            self.calls.append((name, *given))
            return answer

        return handler

    def names(self) -> list[str]:
        """What it was called for, in order."""
        return [name for name, *_ in self.calls]

    def received(self, context: object, packet: Packet) -> int:
        assert context is self
        self.calls.append(("received", packet))
        return self.keeps

    async def bind_adapter(self, bind: BindContext, name: str, specific1: None, specific2: None) -> NdisStatus:
        assert self.handle is not None
        self.calls.append(("bind", name, specific1, specific2))
        self.bind = bind
        status, _, binding, index = await NdisOpenAdapter(self.media, len(self.media), self.handle, self, name, 0, None)
        self.calls.append(("open", status, index))
        if binding is not None:
            self.binding = binding
        return status

    def opened(self, context: object, status: NdisStatus, error: NdisStatus) -> None:
        assert context is self
        assert self.bind is not None
        self.calls.append(("opened", status, error))
        NdisCompleteBindAdapter(self.bind, status, error)

    async def unbind_adapter(self, context: object, unbind: UnbindContext) -> NdisStatus:
        assert context is self
        self.unbind = unbind
        status = await NdisCloseAdapter(self.binding)
        self.calls.append(("close", status))
        return status

    def closed(self, context: object, status: NdisStatus) -> None:
        assert context is self
        assert self.unbind is not None
        self.calls.append(("closed", status))
        NdisCompleteUnbindAdapter(self.unbind, NdisStatus.SUCCESS)

    def entry(self, driver: Driver, path: str) -> NdisStatus:
        status, self.handle = NdisRegisterProtocol(self.characteristics, len(self.characteristics))
        return status

    async def listen(self) -> None:
        """Receive everything that is for this station, or for all."""
        wanted = PacketFilter.DIRECTED | PacketFilter.BROADCAST
        await self.binding.request(
            OidRequest(RequestType.SET_INFORMATION, Oid.GEN_CURRENT_PACKET_FILTER, wanted.to_bytes(4, "little"))
        )


@asynccontextmanager
async def words_machine(
    miniport: WordsMiniport, *protocols: WordsProtocol, nic: object = None, defers: bool = False
) -> AsyncGenerator[Ndis]:
    """A machine with these drivers, and one device."""
    async with Ndis(defers=defers, patience=1.0) as ndis:
        driver = await Driver.load(ndis, miniport.entry, name="nic")
        for protocol in protocols:
            await Driver.load(ndis, protocol.entry, name="words")
        await driver.add_device(nic)
        for protocol in protocols:
            await protocol.listen()
            protocol.calls.clear()
        yield ndis


async def in_initialize(body: Body, end: Body | None = None, *, nic: object = None, **options: Any) -> WordsMiniport:
    """Run a body in MiniportInitialize, and another in MiniportHalt."""
    miniport = WordsMiniport(body, end, **options)
    async with words_machine(miniport, nic=nic):
        pass
    return miniport
