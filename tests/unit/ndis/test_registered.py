"""Registered protocols: what enumeration binds them to."""

import logging

import pytest

from asyncndis.base import NdisError, NdisStatus
from asyncndis.ndis import BindContext, Binding, Ndis, Protocol
from tests.support.scripted import Listener, Scripted

pytestmark = pytest.mark.every_loop


class Choosy(Listener):
    """A protocol that declines one adapter."""

    async def bind_adapter(self, bind: BindContext) -> object:
        if bind.device_name == "bad":
            raise NdisError("not this one", NdisStatus.NOT_ACCEPTED)
        return await super().bind_adapter(bind)


def bound_to(protocol: Protocol) -> list[str]:
    return [binding.adapter.name for binding in protocol.bindings]


async def test_enumeration_binds_to_what_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    async with Ndis() as ndis:
        for name in ("one", "bad", "two"):
            await ndis.add_adapter(Scripted(), name=name)
        choosy = Choosy(name="choosy")
        registered = ndis.register_protocol(choosy)
        assert repr(registered) == "<RegisteredProtocol 'choosy'>"
        await ndis.bind(registered, ndis.adapters[2])
        with caplog.at_level(logging.INFO, "asyncndis.ndis.registered"):
            await registered.enumerate_bindings()
        assert bound_to(choosy) == ["two", "one"]
        assert caplog.messages == ["choosy is not bound to bad: not this one"]
        await registered.enumerate_bindings()
        assert bound_to(choosy) == ["two", "one"]


async def test_a_list_of_devices() -> None:
    async with Ndis() as ndis:
        for name in ("one", "two"):
            await ndis.add_adapter(Scripted(), name=name)
        listener = Listener()
        registered = ndis.register_protocol(listener)
        registered.devices = frozenset({"two", "three"})
        await registered.enumerate_bindings()
        assert bound_to(listener) == ["two"]


async def test_an_adapter_that_does_not_run_is_not_offered() -> None:
    async with Ndis() as ndis:
        adapter = await ndis.add_adapter(Scripted())
        await ndis.pause(adapter)
        listener = Listener()
        registered = ndis.register_protocol(listener)
        await registered.enumerate_bindings()
        assert bound_to(listener) == []
        ndis.resume(adapter)
        await registered.enumerate_bindings()
        assert bound_to(listener) == ["rig"]


async def test_deregistering_unbinds_first() -> None:
    unbound: list[Binding] = []

    class Noting(Listener):
        def unbind(self, binding: Binding) -> None:
            unbound.append(binding)

    async with Ndis() as ndis:
        adapters = [await ndis.add_adapter(Scripted(), name=name) for name in ("one", "two")]
        registered = ndis.register_protocol(Noting())
        bindings = [await ndis.bind(registered, adapter) for adapter in adapters]
        await registered.deregister()
        assert unbound == bindings
        assert (ndis.protocols, ndis.bindings) == ([], [])
        await registered.deregister()
