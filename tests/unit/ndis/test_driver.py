"""Drivers that are loaded: their wrappers, devices, protocols, and how they end."""

from dataclasses import replace
from typing import Any

import pytest

from asyncndis.base import NdisError, NdisStatus, RuleViolation
from asyncndis.ndis import Adapter, Driver, Miniport, Ndis, RegisteredProtocol
from tests.support.scripted import Listener

pytestmark = pytest.mark.every_loop

SUCCESS = NdisStatus.SUCCESS


class Plain(Miniport):
    """A miniport whose handlers are registered one by one."""

    def send(self, packet: object) -> NdisStatus:
        return SUCCESS


async def initialize(_device: object, adapter: Adapter) -> Any:
    start = Plain.characteristics("plain").initialize
    assert start is not None
    return await start(Plain(), adapter)


def plain_driver(driver: Driver, path: str) -> NdisStatus:
    assert path == rf"\Registry\Machine\System\CurrentControlSet\Services\{driver.name}"
    handlers = replace(Plain.characteristics(driver.name), initialize=initialize)
    driver.initialize_wrapper().register_miniport(handlers)
    return SUCCESS


async def test_a_driver_without_a_miniport_drives_nothing() -> None:
    async with Ndis() as ndis:
        driver = await Driver.load(ndis, lambda driver, path: SUCCESS, name="empty")
        with pytest.raises(NdisError, match="empty has registered no miniport"):
            await driver.add_device()
        assert (driver.adapters, driver.statistics().protocols) == ([], 0)
        await driver.unload()
        assert ndis.drivers == []


async def test_an_entry_that_declines_leaves_nothing() -> None:
    def declining(driver: Driver, path: str) -> NdisStatus:
        driver.ndis.register_protocol(Listener())
        return NdisStatus.RESOURCES

    async with Ndis() as ndis:
        with pytest.raises(NdisError, match="DriverEntry of test_driver answered RESOURCES"):
            await Driver.load(ndis, declining)
        assert (ndis.drivers, ndis.protocols) == ([], [])


async def test_an_entry_that_fails_leaves_nothing() -> None:
    def failing(driver: Driver, path: str) -> NdisStatus:
        driver.ndis.register_protocol(Listener())
        raise ZeroDivisionError

    async with Ndis() as ndis:
        with pytest.raises(ZeroDivisionError):
            await Driver.load(ndis, failing)
        assert (ndis.drivers, ndis.protocols) == ([], [])


async def test_a_coroutine_entry() -> None:
    async def later(driver: Driver, path: str) -> NdisStatus:
        return SUCCESS

    async with Ndis() as ndis:
        assert (await Driver.load(ndis, later, name="later")).name == "later"


async def test_a_wrapper_is_checked() -> None:
    async with Ndis() as ndis:
        wrapper = Driver(ndis, "rig").initialize_wrapper()
        with pytest.raises(TypeError, match="characteristics is a MiniportCharacteristics, not int"):
            wrapper.register_miniport(5)  # type: ignore[arg-type]  # the point of the test
        with pytest.raises(TypeError, match="handler is a function, not int"):
            wrapper.register_unload_handler(5)  # type: ignore[arg-type]  # the point of the test
        assert wrapper.registered == []


async def test_a_wrapper_is_not_terminated_under_an_adapter() -> None:
    async with Ndis() as ndis:
        driver = await Driver.load(ndis, plain_driver, name="raw")
        wrapper = driver.wrapper
        assert wrapper is not None
        await driver.add_device()
        with pytest.raises(RuleViolation, match="raw terminates its wrapper with adapters alive") as violation:
            wrapper.terminate()
        assert violation.value.rule == "LIFE-18"
        assert repr(wrapper) == "<Wrapper of 'raw' registered>"
        await driver.unload()
        assert ndis.adapters == []
        wrapper.terminate()
        with pytest.raises(NdisError, match="cannot be used any more"):
            wrapper.register_unload_handler(print)


async def test_several_devices_of_one_driver() -> None:
    async with Ndis() as ndis:
        driver = await Driver.load(ndis, plain_driver, name="raw")
        adapters = [await driver.add_device(), await driver.add_device(name="other"), await driver.add_device()]
        assert [adapter.name for adapter in adapters] == ["raw", "other", "raw2"]
        assert driver.adapters == adapters
        await driver.unload()
        assert ndis.adapters == []


async def test_protocols_end_with_their_driver() -> None:
    registered: list[RegisteredProtocol] = []
    listener = Listener()

    def entry(driver: Driver, path: str) -> NdisStatus:
        registered.append(driver.ndis.register_protocol(listener))
        return plain_driver(driver, path)

    async with Ndis() as ndis:
        driver = await Driver.load(ndis, entry, name="both")
        await driver.add_device()
        assert len(listener.bindings) == 1
        assert ndis.protocols == driver.protocols == registered
        await driver.unload()
        assert (listener.bindings, ndis.protocols, ndis.bindings) == ([], [], [])
        await driver.unload()
        assert ndis.drivers == []


async def test_what_goes_wrong_while_unloading_comes_out() -> None:
    def unload(driver: Driver) -> None:
        raise ZeroDivisionError

    def entry(driver: Driver, path: str) -> NdisStatus:
        driver.initialize_wrapper().register_unload_handler(unload)
        return SUCCESS

    with pytest.raises(ZeroDivisionError):
        async with Ndis() as ndis:
            await Driver.load(ndis, entry)
