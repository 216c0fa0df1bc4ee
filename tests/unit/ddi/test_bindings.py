"""Bindings by their NDIS calls: opens and closes that pend, PnP events, unbinding and enumerating."""

import pytest

from asyncndis.base import NdisStatus, RuleViolation
from asyncndis.ddi import (
    NdisCloseAdapter,
    NdisCompletePnPEvent,
    NdisInitializeWorkItem,
    NdisOpenAdapter,
    NdisReEnumerateProtocolBindings,
    NdisScheduleWorkItem,
    NdisSend,
    NdisUnbindAdapter,
)
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.ndis import BindContext, Driver, NdisMedium, NetPnpEvent, PnpEvent, PowerState, UnbindContext
from tests.support.loops import settle
from tests.support.words import Frames, WordsMiniport, WordsProtocol, words_machine
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop

SUCCESS, PENDING = NdisStatus.SUCCESS, NdisStatus.PENDING


async def test_open_and_close_that_pend() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()
    async with words_machine(miniport, defers=True) as ndis:
        await Driver.load(ndis, protocol.entry)
        assert sorted(protocol.calls) == [
            ("bind", "nic", None, None),
            ("open", PENDING, 0),
            ("opened", SUCCESS, SUCCESS),
        ]
        assert protocol.binding.is_open
        protocol.calls.clear()
        await ndis.unbind(protocol.binding)
        assert sorted(protocol.calls) == [("close", PENDING), ("closed", SUCCESS)]
        assert ndis.bindings == []


async def test_an_open_that_pends_and_fails() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()

    async def twice(bind: BindContext, name: str, specific1: None, specific2: None) -> NdisStatus:
        status = await WordsProtocol.bind_adapter(protocol, bind, name, None, None)
        assert protocol.handle is not None
        await bind.open(protocol)  # the other one, which is first
        return status

    protocol.characteristics.BindAdapterHandler = twice
    async with words_machine(miniport, defers=True) as ndis:
        await Driver.load(ndis, protocol.entry)
        assert protocol.calls[-1] == ("opened", NdisStatus.OPEN_FAILED, NdisStatus.OPEN_FAILED)
        assert ndis.bindings == []


async def test_an_open_is_told_at_once_what_cannot_be() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()
    answers: list[object] = []

    async def bind(bind: BindContext, name: str, specific1: None, specific2: None) -> NdisStatus:
        handle = protocol.handle
        assert handle is not None
        answers.append(await NdisOpenAdapter([NdisMedium.FDDI], 1, handle, protocol, name))
        answers.append(await NdisOpenAdapter([NdisMedium.ETHERNET_802_3], 1, handle, protocol, "another"))
        return NdisStatus.NOT_ACCEPTED

    protocol.characteristics.BindAdapterHandler = bind
    async with words_machine(miniport, defers=True) as ndis:
        await Driver.load(ndis, protocol.entry)
    assert answers == [
        (NdisStatus.UNSUPPORTED_MEDIA, NdisStatus.UNSUPPORTED_MEDIA, None, None),
        (NdisStatus.ADAPTER_NOT_FOUND, NdisStatus.ADAPTER_NOT_FOUND, None, None),
    ]


async def test_an_adapter_is_opened_where_it_is_offered() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()
    async with words_machine(miniport, protocol):
        assert protocol.handle is not None
        with breaks("BIND-01"):
            await NdisOpenAdapter(protocol.media, 1, protocol.handle, protocol, "nic")


async def test_a_close_waits_for_what_is_out() -> None:
    frames, miniport, protocol = Frames(), WordsMiniport(), WordsProtocol()
    miniport.send_status = PENDING
    await frames.allocate_pools()
    async with words_machine(miniport, protocol) as ndis:
        packet = frames.make()
        assert NdisSend(protocol.binding, packet) == PENDING
        assert NdisUnbindAdapter(protocol.binding) == SUCCESS
        await settle()
        assert protocol.calls == [("close", PENDING)]
        with breaks("BIND-02"):
            NdisSend(protocol.binding, frames.make())
        with breaks("BIND-02"):
            await NdisCloseAdapter(protocol.binding)
        with breaks("BIND-02"):
            NdisUnbindAdapter(protocol.binding)
        miniport.handle.send_complete(packet)
        await settle()
        assert protocol.calls[1:] == [("sent", packet, SUCCESS), ("closed", SUCCESS)]
        assert ndis.bindings == []


async def test_bindings_are_enumerated_anew() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()
    async with words_machine(miniport, protocol) as ndis:
        assert protocol.handle is not None
        await NdisReEnumerateProtocolBindings(protocol.handle)
        assert protocol.calls == []
        await ndis.unbind(protocol.binding)
        await NdisReEnumerateProtocolBindings(protocol.handle)
        assert protocol.names() == ["close", "bind", "open"]


async def test_not_from_a_bind_or_unbind_handler() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()

    async def bind(bind: BindContext, name: str, specific1: None, specific2: None) -> NdisStatus:
        assert protocol.handle is not None
        NdisScheduleWorkItem(NdisInitializeWorkItem(again, None))  # the way out
        with breaks("BIND-06"):
            await NdisReEnumerateProtocolBindings(protocol.handle)
        return await WordsProtocol.bind_adapter(protocol, bind, name, None, None)

    async def unbind(context: object, unbind: UnbindContext) -> NdisStatus:
        assert protocol.handle is not None
        with breaks("BIND-06"):
            await NdisReEnumerateProtocolBindings(protocol.handle)
        return await WordsProtocol.unbind_adapter(protocol, context, unbind)

    async def again(item: object, context: None) -> None:
        assert protocol.handle is not None
        await NdisReEnumerateProtocolBindings(protocol.handle)
        protocol.calls.append(("again",))

    protocol.characteristics.BindAdapterHandler = bind
    protocol.characteristics.UnbindAdapterHandler = unbind
    async with words_machine(miniport) as ndis:
        await Driver.load(ndis, protocol.entry)
        await settle()
    assert protocol.names()[-1] == "close"
    assert "again" in protocol.names()


async def test_a_pnp_event_that_is_answered_later() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()
    events: list[NetPnpEvent] = []

    def pnp_event(context: object, event: NetPnpEvent) -> NdisStatus:
        assert context is protocol
        events.append(event)
        NdisScheduleWorkItem(NdisInitializeWorkItem(answer, event))
        return PENDING

    def answer(item: object, event: NetPnpEvent) -> None:
        NdisCompletePnPEvent(SUCCESS, protocol.binding, event)

    protocol.characteristics.PnPEventHandler = pnp_event
    async with words_machine(miniport, protocol) as ndis:
        await ndis.set_power(miniport.handle, PowerState.D3)
        assert [(event.code, event.data) for event in events] == [(PnpEvent.SET_POWER, PowerState.D3)]
        with breaks("BIND-03"):
            NdisCompletePnPEvent(SUCCESS, protocol.binding, events[0])
        await ndis.set_power(miniport.handle, PowerState.D0)
    assert len(events) == 2


async def test_a_pnp_event_that_is_never_answered() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()

    def pnp_event(context: object, event: NetPnpEvent) -> NdisStatus:
        return PENDING

    protocol.characteristics.PnPEventHandler = pnp_event

    async def sleep() -> None:
        async with words_machine(miniport, protocol) as ndis:
            await ndis.set_power(miniport.handle, PowerState.D3)

    with use_clock(VirtualClock()), pytest.raises(RuleViolation, match="was answered PENDING and not compl") as found:
        await sleep()
    assert found.value.rule == "BIND-03"
