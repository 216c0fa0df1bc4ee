"""Virtual adapters of intermediate drivers: when they start, what they stand upon, and starts that fail."""

import logging

import pytest

from asyncndis.base import NdisError, NdisStatus, Probe, observe
from asyncndis.ndis import Adapter, Driver, LayeredMiniport, MiniportCharacteristics, Ndis
from tests.support.loops import settle
from tests.support.words import WordsMiniport, WordsProtocol, words_machine

pytestmark = pytest.mark.every_loop


async def layered_on(ndis: Ndis, upper: WordsMiniport, *lower: WordsProtocol) -> LayeredMiniport:
    """An intermediate driver, of a miniport that answers by itself, upon the adapters of the machine."""
    made: list[LayeredMiniport] = []

    def entry(driver: Driver, path: str) -> NdisStatus:
        layered = driver.initialize_wrapper().register_layered_miniport(upper.characteristics.handlers("upper"))
        for protocol in lower:
            assert protocol.entry(driver, path) == NdisStatus.SUCCESS
            assert protocol.handle is not None
            layered.associate(protocol.handle)
        made.append(layered)
        return NdisStatus.SUCCESS

    await Driver.load(ndis, entry, name="upper")
    return made[0]


async def test_a_virtual_adapter_stands_upon_its_drivers_bindings() -> None:
    upper, lower = WordsMiniport(), WordsProtocol()
    async with words_machine(WordsMiniport()) as ndis:
        layered = await layered_on(ndis, upper, lower)
        await layered.initialize_device("virtual", "context")
        assert upper.handle.device_context == "context"
        assert list(upper.handle.lower) == [lower.binding]
        assert lower.binding.virtual_adapter is upper.handle
        await layered.initialize_device("second")
        assert list(upper.handle.lower) == []
        assert repr(layered) == "<LayeredMiniport 'upper' 2 adapters, 0 starting>"
        assert lower.names() == ["bind", "open"]  # and not to what its own driver offers


async def test_a_start_that_fails_leaves_the_bindings_free() -> None:
    upper, lower = WordsMiniport(lambda handle: NdisStatus.RESOURCES), WordsProtocol()
    async with words_machine(WordsMiniport()) as ndis:
        layered = await layered_on(ndis, upper, lower)
        with pytest.raises(NdisError) as error:
            await layered.initialize_device("virtual")
        assert error.value.status is NdisStatus.RESOURCES
        assert lower.binding.virtual_adapter is None
        upper.begin = None
        await layered.initialize_device("virtual")
        assert lower.binding.virtual_adapter is upper.handle


async def test_a_machine_that_defers_starts_it_later() -> None:
    upper = WordsMiniport()
    async with words_machine(WordsMiniport(), defers=True) as ndis:
        layered = await layered_on(ndis, upper)
        await layered.initialize_device("virtual")
        assert repr(layered) == "<LayeredMiniport 'upper' 0 adapters, 1 starting>"
        await settle()
        assert repr(layered) == "<LayeredMiniport 'upper' 1 adapters, 0 starting>"
        with pytest.raises(NdisError, match="upper is not about to start 'virtual'"):
            layered.cancel_device("virtual")


async def test_a_later_start_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    upper = WordsMiniport(lambda handle: NdisStatus.RESOURCES)
    async with words_machine(WordsMiniport(), defers=True) as ndis:
        layered = await layered_on(ndis, upper)
        with caplog.at_level(logging.WARNING, "asyncndis.ndis.layered"):
            await layered.initialize_device("virtual")
            await settle()
        assert caplog.messages == ["upper: virtual did not start: virtual did not start: RESOURCES"]


async def test_the_probe_may_refuse_a_start() -> None:
    class Poor(Probe):
        def fails(self, operation: str, subject: object) -> bool:
            return operation == "NdisIMInitializeDeviceInstanceEx"

    async with words_machine(WordsMiniport()) as ndis:
        with observe(Poor()):
            layered = await layered_on(ndis, WordsMiniport())
        with pytest.raises(NdisError) as error:
            await layered.initialize_device("virtual")
        assert error.value.status is NdisStatus.RESOURCES
        assert layered.statistics().adapters == 0


async def test_a_driver_registers_one_miniport() -> None:
    async with Ndis() as ndis:
        wrapper = Driver(ndis, "both").initialize_wrapper()
        wrapper.register_layered_miniport(WordsMiniport().characteristics.handlers())
        with pytest.raises(NdisError) as error:
            wrapper.register_miniport(MiniportCharacteristics())
        assert error.value.status is NdisStatus.FAILURE
        assert len(wrapper.registered) == 1


async def test_adapters_without_a_context_of_their_own() -> None:
    seen: list[Adapter] = []
    async with words_machine(WordsMiniport(seen.append)):
        assert seen[0].device_context is None
