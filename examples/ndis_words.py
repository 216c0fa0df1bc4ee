"""Two drivers in NDIS words: a miniport without hardware, whose adapters hear each other, and a protocol on two.

What C writes through pointers comes back in a tuple, as on the page. Run it: ``python examples/ndis_words.py``.
"""
# ruff: noqa: ARG001, ARG004, D102, D103, F403, F405 - handlers are as their pages say, and C includes ndis.h whole, too

from typing import Any

import asyncndis
from asyncndis import NdisStatus, Oid, OidRequest, Packet
from asyncndis.ddi import *
from asyncndis.ndis import Adapter, BindContext, Driver, Ndis, NdisMedium, RequestType, UnbindContext

SUCCESS, ETHERNET, FILTER = NdisStatus.SUCCESS, NdisMedium.ETHERNET_802_3, Oid.GEN_CURRENT_PACKET_FILTER
ANSWERS = {Oid.GEN_MAC_OPTIONS: bytes(4), Oid.IEEE_802_3_MAXIMUM_LIST_SIZE: b"\x20\0\0\0"}


class Card:
    """What the miniport keeps for one adapter, and the handlers that get it as their context."""

    cards: "list[Card]" = []  # noqa: RUF012 - the driver's own, as a list head in C

    def __init__(self, handle: Adapter) -> None:
        self.handle, self.address = handle, b"\x02\0\0\0\0" + bytes([len(Card.cards)])
        Card.cards.append(self)
        NdisMSetAttributesEx(handle, self, 0, 0, 0)  # serialized, and no bus master

    def send(self, packet: Packet, flags: int) -> NdisStatus:
        frame, other = packet.to_bytes(), Card.cards[self is Card.cards[0]]
        NdisMEthIndicateReceive(other.handle, frame, frame, 14, frame[14:], len(frame) - 14, len(frame) - 14)
        NdisMEthIndicateReceiveComplete(other.handle)
        return SUCCESS

    def query(self, oid: int, buffer: memoryview, length: int) -> tuple[NdisStatus, int, int]:
        answer = self.address if oid == Oid.IEEE_802_3_CURRENT_ADDRESS else ANSWERS.get(Oid(oid), b"")
        buffer[: len(answer)] = answer
        return SUCCESS if answer else NdisStatus.INVALID_OID, len(answer), 0

    def set(self, oid: int, buffer: memoryview, length: int) -> tuple[NdisStatus, int, int]:
        return SUCCESS, length, 0

    def reset(self) -> tuple[NdisStatus, bool]:
        return NdisStatus.NOT_RESETTABLE, False


def initialize(media: list[NdisMedium], count: int, handle: Adapter, key: Adapter) -> tuple[NdisStatus, int, int]:
    Card(handle)
    return SUCCESS, 0, media.index(ETHERNET)


def card_entry(driver: Driver, path: str) -> NdisStatus:
    card = NDIS_MINIPORT_CHARACTERISTICS(5, 1, InitializeHandler=initialize, HaltHandler=Card.cards.remove)
    card.SendHandler, card.ResetHandler = Card.send, Card.reset
    card.QueryInformationHandler, card.SetInformationHandler = Card.query, Card.set
    wrapper = NdisMInitializeWrapper(driver, path)
    return NdisStatus.FAILURE if wrapper is None else NdisMRegisterMiniport(wrapper, card, len(card))


class Talk:
    """What the protocol keeps for one binding, and the handlers that get it as their context."""

    talks: "dict[str, Talk]" = {}  # noqa: RUF012 - the driver's own, as a list head in C
    protocol: Any
    binding: Any
    packets: Any
    buffers: Any

    @staticmethod
    async def bind(context: BindContext, name: str, specific1: None, specific2: None) -> NdisStatus:
        Talk.talks[name] = talk = Talk()
        _, talk.packets = await NdisAllocatePacketPool(1, 0)
        _, talk.buffers = await NdisAllocateBufferPool(1)
        status, _, talk.binding, _ = await NdisOpenAdapter([ETHERNET], 1, Talk.protocol, talk, name)
        NdisRequest(talk.binding, OidRequest(RequestType.SET_INFORMATION, FILTER, b"\x09\0\0\0"))
        return status

    async def unbind(self, context: UnbindContext) -> NdisStatus:
        NdisFreePacketPool(self.packets)
        NdisFreeBufferPool(self.buffers)
        return await NdisCloseAdapter(self.binding)

    def say(self, to: bytes, words: bytes) -> None:
        frame = to + self.binding.address + b"\x88\xb5" + words.ljust(46)
        _, packet = NdisAllocatePacket(self.packets)
        _, buffer = NdisAllocateBuffer(self.buffers, frame, len(frame))
        if packet is not None and buffer is not None:
            NdisChainBufferAtBack(packet, buffer)
            NdisSend(self.binding, packet)  # not PENDING, by this miniport, and so the packet is back
            NdisFreeBuffer(NdisUnchainBufferAtFront(packet) or buffer)
            NdisFreePacket(packet)

    def receive(self, frame: object, header: memoryview, size: int, words: memoryview, *sizes: int) -> NdisStatus:
        print(f"{self.binding.adapter.name} hears {bytes(words).strip().decode()!r}")
        if bytes(words).strip() == b"hello":
            self.say(bytes(header[6:12]), b"hello yourself")
        return SUCCESS

    def nothing(self, *_: object) -> None: ...


def talk_entry(driver: Driver, path: str) -> NdisStatus:
    talk = NDIS_PROTOCOL_CHARACTERISTICS(5, 0, Name="talk", ReceiveHandler=Talk.receive)
    talk.BindAdapterHandler, talk.UnbindAdapterHandler = Talk.bind, Talk.unbind
    for member in ("OpenAdapter", "CloseAdapter", "Reset", "Request", "Receive"):  # nothing pends here
        setattr(talk, f"{member}CompleteHandler", Talk.nothing)
    status, Talk.protocol = NdisRegisterProtocol(talk, len(talk))
    return status


async def main() -> None:
    async with Ndis() as ndis:
        card = await Driver.load(ndis, card_entry, name="card")
        await Driver.load(ndis, talk_entry, name="talk")
        print(await card.add_device(name="near"), await card.add_device(name="far"), sep="\n")
        Talk.talks["near"].say(b"\xff" * 6, b"hello")


if __name__ == "__main__":
    asyncndis.run(main)
