"""Drivers register by their NDIS calls, are given devices, are bound, and are unloaded."""

from dataclasses import replace

import pytest

from asyncndis.base import NdisError, NdisStatus, Probe, observe
from asyncndis.ddi import (
    NdisDeregisterProtocol,
    NdisIMRegisterLayeredMiniport,
    NdisInitializeWrapper,
    NdisMDeregisterAdapterShutdownHandler,
    NdisMInitializeWrapper,
    NdisMRegisterAdapterShutdownHandler,
    NdisMRegisterMiniport,
    NdisMRegisterUnloadHandler,
    NdisRegisterProtocol,
    NdisTerminateWrapper,
)
from asyncndis.kernel import Irql, at_irql
from asyncndis.ndis import Driver, Ndis, NdisMedium
from asyncndis.verifier import verify
from tests.support.words import WordsMiniport, WordsProtocol, words_machine

pytestmark = pytest.mark.every_loop


async def load_both(ndis: Ndis, miniport: WordsMiniport, protocol: WordsProtocol) -> tuple[Driver, Driver]:
    return await Driver.load(ndis, miniport.entry, name="nic"), await Driver.load(ndis, protocol.entry)


async def test_drivers_from_entry_to_unload() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()
    unloaded: list[Driver] = []

    async def unload(driver: Driver) -> None:
        unloaded.append(driver)

    async with Ndis() as ndis:
        nic, words = await load_both(ndis, miniport, protocol)
        assert (repr(nic), repr(words)) == (
            "<Driver 'nic' 0 adapters, 0 protocols>",
            "<Driver 'words' 0 adapters, 1 protocols>",
        )
        assert nic.wrapper is not None
        NdisMRegisterUnloadHandler(nic.wrapper, unload)
        adapter = await nic.add_device()
        assert miniport.calls == [("initialize", (NdisMedium.ETHERNET_802_3,), 1, True)]
        assert adapter.name == "nic"
        assert protocol.calls == [("bind", "nic", None, None), ("open", NdisStatus.SUCCESS, 0)]
        assert nic.statistics().adapters == 1
    assert protocol.calls[-1] == ("close", NdisStatus.SUCCESS)
    assert miniport.calls[-1] == ("halt",)
    assert unloaded == [nic]


async def test_a_protocol_that_comes_later_is_bound_too() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()
    async with words_machine(miniport) as ndis:
        await Driver.load(ndis, protocol.entry)
        assert protocol.names() == ["bind", "open"]
        assert protocol.handle is not None
        assert protocol.handle.name == "WORDS"
        assert await NdisDeregisterProtocol(protocol.handle) == NdisStatus.SUCCESS
        assert protocol.calls[-1] == ("close", NdisStatus.SUCCESS)
        assert (ndis.bindings, ndis.protocols) == ([], [])
        assert await NdisDeregisterProtocol(protocol.handle) == NdisStatus.SUCCESS


async def test_a_protocol_is_bound_to_what_it_is_bound_to() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()
    async with words_machine(miniport) as ndis:
        await Driver.load(ndis, protocol.entry, binds_to=["another"])
        assert protocol.calls == []


async def test_a_protocol_is_unloaded() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()

    async def unload() -> None:
        assert protocol.handle is not None
        protocol.calls.append(("unload",))
        await NdisDeregisterProtocol(protocol.handle)

    protocol.characteristics.UnloadHandler = unload
    async with words_machine(miniport) as ndis:
        driver = await Driver.load(ndis, protocol.entry)
        await driver.unload()
        assert protocol.names()[-2:] == ["unload", "close"]
        driver = await Driver.load(ndis, protocol.entry)
        assert protocol.handle is not None
        await NdisDeregisterProtocol(protocol.handle)
        await driver.unload()
        assert protocol.names().count("unload") == 1  # one that is gone is not told


async def test_a_protocol_may_decline() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()
    protocol.media = (NdisMedium.FDDI,)
    async with words_machine(miniport) as ndis:
        await Driver.load(ndis, protocol.entry)
        assert protocol.calls[-1] == ("open", NdisStatus.UNSUPPORTED_MEDIA, None)
        assert ndis.bindings == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"MajorNdisVersion": 6}, NdisStatus.BAD_VERSION),
        ({"MinorNdisVersion": 2}, NdisStatus.BAD_VERSION),
        ({"ResetHandler": None}, NdisStatus.BAD_CHARACTERISTICS),
        ({"SendHandler": None}, NdisStatus.BAD_CHARACTERISTICS),
    ],
)
async def test_a_miniport_that_is_refused(changes: dict[str, object], status: NdisStatus) -> None:
    miniport = WordsMiniport()
    miniport.characteristics = replace(miniport.characteristics, **changes)  # type: ignore[arg-type]  # by name
    async with Ndis() as ndis:
        with pytest.raises(NdisError, match=f"DriverEntry of nic answered {status.name}") as error:
            await Driver.load(ndis, miniport.entry, name="nic")
        assert error.value.status is status
        assert ndis.drivers == []


async def test_a_structure_that_is_too_short() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()
    async with Ndis() as ndis:
        driver = Driver(ndis, "short")
        wrapper = NdisMInitializeWrapper(driver, "path", None)
        assert wrapper is not None
        whole = len(miniport.characteristics)
        status = NdisMRegisterMiniport(wrapper, miniport.characteristics, whole - 1)
        assert status == NdisStatus.BAD_CHARACTERISTICS
        assert NdisMRegisterMiniport(wrapper, miniport.characteristics, whole) == NdisStatus.SUCCESS
        assert NdisMRegisterMiniport(wrapper, miniport.characteristics, whole) == NdisStatus.FAILURE
        short = NdisRegisterProtocol(protocol.characteristics, len(protocol.characteristics) - 1)
        assert short == (NdisStatus.BAD_CHARACTERISTICS, None)


async def test_a_wrapper_is_made_once_and_terminated() -> None:
    miniport = WordsMiniport()
    async with Ndis() as ndis:
        driver = Driver(ndis, "nic")
        wrapper = NdisInitializeWrapper(driver, "path", None)
        assert wrapper is not None
        assert repr(wrapper) == "<Wrapper of 'nic' not registered>"
        assert NdisMInitializeWrapper(driver, "path", None) is None
        NdisTerminateWrapper(wrapper, None)
        assert repr(wrapper) == "<Wrapper of 'nic' terminated>"
        length = len(miniport.characteristics)
        assert NdisMRegisterMiniport(wrapper, miniport.characteristics, length) == NdisStatus.FAILURE
        assert NdisMInitializeWrapper(driver, "path", None) is not None


async def test_a_shutdown_handler() -> None:
    told: list[object] = []
    miniport = WordsMiniport(
        lambda handle: NdisMRegisterAdapterShutdownHandler(handle, "context", told.append),
        NdisMDeregisterAdapterShutdownHandler,
    )
    async with words_machine(miniport):
        pass
    assert told == []
    async with words_machine(miniport) as ndis:
        ndis.shut_down()
    assert told == ["context"]


class Poor(Probe):
    """An environment without resources for one call."""

    def __init__(self, operation: str) -> None:
        self.operation = operation

    def fails(self, operation: str, subject: object) -> bool:
        return operation == self.operation


async def test_low_resources() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()
    async with Ndis() as ndis:
        with observe(Poor("NdisMInitializeWrapper")):
            assert NdisMInitializeWrapper(Driver(ndis, "poor"), "path", None) is None
        with observe(Poor("NdisRegisterProtocol")):
            answer = NdisRegisterProtocol(protocol.characteristics, len(protocol.characteristics))
        assert answer == (NdisStatus.RESOURCES, None)
        for operation in ("NdisMRegisterMiniport", "NdisIMRegisterLayeredMiniport"):
            with observe(Poor(operation)):
                wrapper = NdisMInitializeWrapper(Driver(ndis, "poor"), "path", None)
            assert wrapper is not None
            length = len(miniport.characteristics)
            ordinary = NdisMRegisterMiniport(wrapper, miniport.characteristics, length)
            layered, handle = NdisIMRegisterLayeredMiniport(wrapper, miniport.characteristics, length)
            is_ordinary = operation == "NdisMRegisterMiniport"
            assert ordinary == (NdisStatus.RESOURCES if is_ordinary else NdisStatus.SUCCESS)
            assert (layered, handle is None) == (
                (NdisStatus.SUCCESS, False) if is_ordinary else (NdisStatus.RESOURCES, True)
            )


async def test_registration_is_for_passive_level() -> None:
    with verify(["IRQL"]) as findings:
        async with Ndis() as ndis:
            driver, protocol = Driver(ndis, "high"), WordsProtocol()
            with at_irql(Irql.DISPATCH):
                NdisMInitializeWrapper(driver, "path", None)
                NdisRegisterProtocol(protocol.characteristics, len(protocol.characteristics))
    assert [finding.rule for finding in findings] == ["IRQL-01", "IRQL-01"]
