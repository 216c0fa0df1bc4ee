"""PnP events of protocols."""

from typing import Any

import pytest

from asyncndis.base import NdisStatus, RuleViolation
from asyncndis.ndis import Binding, NetPnpEvent, PnpEvent
from asyncndis.ndis.pnp_events import tell_pnp_event
from tests.support.scripted import Listener, Scripted, virtual_stack
from tests.support.words import WordsMiniport, WordsProtocol, words_machine

pytestmark = pytest.mark.every_loop

QUERY = PnpEvent.QUERY_REMOVE_DEVICE


class Asked(Listener):
    """A protocol that answers what a test says."""

    answer: Any = None

    def pnp_event(self, binding: Binding, event: PnpEvent, data: object) -> Any:
        return self.answer


@pytest.mark.parametrize(("answer", "status"), [(None, NdisStatus.SUCCESS), (NdisStatus.FAILURE, NdisStatus.FAILURE)])
async def test_what_a_protocol_answers(answer: object, status: NdisStatus) -> None:
    asked = Asked()
    asked.answer = answer
    async with virtual_stack(asked, Scripted()):
        assert await tell_pnp_event(asked.binding, QUERY, None) is status


async def test_a_protocol_without_a_handler_agrees() -> None:
    protocol = WordsProtocol()
    async with words_machine(WordsMiniport(), protocol):
        assert await tell_pnp_event(protocol.binding, QUERY, None) is NdisStatus.SUCCESS


async def test_an_event_is_completed_once() -> None:
    listener = Listener()
    async with virtual_stack(listener, Scripted()):
        event = NetPnpEvent(listener.binding, QUERY, "data")
        assert repr(event) == "<NetPnpEvent QUERY_REMOVE_DEVICE for 'listener on rig'>"
        with pytest.raises(RuleViolation, match="is completed twice, or with PENDING"):
            event.complete(NdisStatus.PENDING)
        event.complete(NdisStatus.FAILURE)
        with pytest.raises(RuleViolation, match="is completed twice, or with PENDING") as violation:
            event.complete(NdisStatus.SUCCESS)
        assert violation.value.rule == "BIND-03"
        assert await event.answer() is NdisStatus.FAILURE
