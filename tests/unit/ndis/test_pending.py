"""Opens and closes that pend."""

import pytest

from asyncndis.base import NdisError, NdisStatus, Probe, RuleViolation, observe
from asyncndis.ndis import BindContext, Binding, BindingState, Driver, NdisMedium, UnbindContext
from tests.support.loops import settle
from tests.support.words import Frames, WordsMiniport, WordsProtocol, words_machine

pytestmark = pytest.mark.every_loop

SUCCESS, PENDING = NdisStatus.SUCCESS, NdisStatus.PENDING


async def test_a_close_at_rest_is_done_at_once() -> None:
    protocol = WordsProtocol()
    async with words_machine(WordsMiniport(), protocol) as ndis:
        assert await protocol.binding.begin_close() == SUCCESS
        assert protocol.binding.state is BindingState.CLOSED
        assert (protocol.calls, ndis.bindings) == ([], [])


async def test_a_close_with_a_send_out_pends() -> None:
    frames, miniport, protocol = Frames(), WordsMiniport(), WordsProtocol()
    miniport.send_status = PENDING
    await frames.allocate_pools()
    async with words_machine(miniport, protocol) as ndis:
        binding, packet = protocol.binding, frames.make()
        binding.send_nowait(packet)
        protocol.unbind = UnbindContext(binding)  # or its handler would have none to complete
        assert await binding.begin_close() == PENDING
        assert binding.state is BindingState.CLOSING
        with pytest.raises(RuleViolation, match=r"NdisSend on .*closing"):
            binding.send_nowait(frames.make())
        with pytest.raises(RuleViolation, match=r"NdisCloseAdapter on .*closing"):
            await binding.begin_close()
        miniport.handle.send_complete(packet)
        await settle()
        assert (binding.state, ndis.bindings) == (BindingState.CLOSED, [])
        assert protocol.calls == [("sent", packet, SUCCESS), ("closed", SUCCESS)]


async def test_a_bind_that_is_over_before_its_open_is() -> None:
    protocol = WordsProtocol()

    async def hasty(bind: BindContext, name: str, specific1: None, specific2: None) -> NdisStatus:
        assert await WordsProtocol.bind_adapter(protocol, bind, name, None, None) == PENDING
        return SUCCESS

    async def run() -> None:
        async with words_machine(WordsMiniport(), defers=True) as ndis:
            await Driver.load(ndis, protocol.entry)
            await settle()

    protocol.characteristics.BindAdapterHandler = hasty
    with pytest.raises(RuleViolation, match="WORDS opens nic outside ProtocolBindAdapter") as violation:
        await run()
    assert violation.value.rule == "BIND-01"


async def test_media_are_chosen_by_their_index() -> None:
    protocol = WordsProtocol()
    protocol.media = (NdisMedium.FDDI, NdisMedium.ETHERNET_802_3)
    async with words_machine(WordsMiniport()) as ndis:
        await Driver.load(ndis, protocol.entry)
        assert protocol.calls[-1] == ("open", SUCCESS, 1)
        assert protocol.handle is not None
        with pytest.raises(RuleViolation, match="outside ProtocolBindAdapter"):
            await protocol.handle.begin_open("nic", protocol)


async def test_the_probe_is_told() -> None:
    class Diary(Probe):
        def __init__(self) -> None:
            self.told: list[tuple[str, str]] = []

        def before(self, operation: str, subject: object, *arguments: object) -> None:
            if operation in ("NdisOpenAdapter", "NdisCloseAdapter"):
                assert isinstance(subject, Binding)
                self.told.append((operation, subject.name))

    protocol, diary = WordsProtocol(), Diary()
    with observe(diary):
        async with words_machine(WordsMiniport(), protocol, defers=True):
            pass
    assert diary.told == [("NdisOpenAdapter", "WORDS on nic"), ("NdisCloseAdapter", "WORDS on nic")]


async def test_an_adapter_that_refuses() -> None:
    protocol = WordsProtocol()
    errors: list[NdisStatus] = []

    async def late(bind: BindContext, name: str, specific1: None, specific2: None) -> NdisStatus:
        await bind.target.adapter.library.halt_adapter(bind.target.adapter)
        try:
            await WordsProtocol.bind_adapter(protocol, bind, name, None, None)
        except NdisError as error:
            errors.append(error.status)
        return NdisStatus.NOT_ACCEPTED

    protocol.characteristics.BindAdapterHandler = late
    async with words_machine(WordsMiniport()) as ndis:
        await Driver.load(ndis, protocol.entry)
        assert ndis.bindings == []
    assert protocol.calls[-1] == ("open", NdisStatus.CLOSING, None)
    assert errors == []
