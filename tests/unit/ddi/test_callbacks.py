"""What is said of the handlers of drivers is so."""

import inspect
from functools import reduce

import pytest

from asyncndis import ndis
from asyncndis.ddi import MINIPORT_CALLBACKS, PROTOCOL_CALLBACKS, Callback, lookup
from asyncndis.ddi.arranging import arranged
from asyncndis.ddi.table import render_callbacks
from asyncndis.ndis import MiniportCharacteristics, ProtocolCharacteristics
from asyncndis.verifier import RULES

CALLBACKS = (*MINIPORT_CALLBACKS, *PROTOCOL_CALLBACKS)

every_callback = pytest.mark.parametrize("callback", CALLBACKS, ids=lambda callback: callback.name)


@every_callback
def test_a_callback_is_known(callback: Callback) -> None:
    of_miniport = callback in MINIPORT_CALLBACKS
    structure = MiniportCharacteristics if of_miniport else ProtocolCharacteristics
    assert callback.field in structure.__dataclass_fields__
    first, *rest = callback.maps_to.split(".")
    assert reduce(getattr, rest, getattr(ndis, first)) is not None
    assert callback.name.startswith("Miniport" if of_miniport else "Protocol")
    assert set(callback.rules) <= set(RULES)


@every_callback
def test_what_follows_is_a_call(callback: Callback) -> None:
    for word in callback.returns.replace(";", " ").split():
        if word.startswith("Ndis"):
            assert lookup(word).name == word


@every_callback
def test_the_parameters_are_arranged(callback: Callback) -> None:
    if callback.order is not None:
        given = list(inspect.signature(callback.order).parameters)
        method = reduce(getattr, callback.maps_to.split(".")[1:], getattr(ndis, callback.maps_to.split(".")[0]))
        without_self = len(inspect.signature(method).parameters)
        assert len(given) in (without_self, without_self - 1)


def test_one_callback_in_full() -> None:
    callback = next(callback for callback in CALLBACKS if callback.name == "MiniportSend")
    assert callback.signature == "MiniportSend(MiniportAdapterContext, Packet, Flags)"
    assert (callback.member, callback.since, callback.maps_to) == ("SendHandler", (3, 0), "Miniport.send")


@pytest.mark.asyncio
async def test_a_coroutine_function_stays_one() -> None:
    callback = next(callback for callback in CALLBACKS if callback.name == "ProtocolStatus")

    async def status(context: object, general: int, buffer: bytes, size: int) -> tuple[object, ...]:
        return context, general, buffer, size

    handler = arranged(callback.order, status)
    assert inspect.iscoroutinefunction(handler)
    assert await handler("context", 1, b"12") == ("context", 1, b"12", 2)
    assert inspect.unwrap(handler) is status


def test_the_table_has_every_callback_once() -> None:
    rows = [line for line in render_callbacks().splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [callback.signature for callback in CALLBACKS]
