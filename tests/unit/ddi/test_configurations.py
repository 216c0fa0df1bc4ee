"""Configurations by their NDIS names."""

import pytest

from asyncndis.base import NdisStatus
from asyncndis.ddi import (
    NdisCloseConfiguration,
    NdisOpenConfiguration,
    NdisReadConfiguration,
    NdisReadNetworkAddress,
)
from asyncndis.ndis import Adapter, Driver, Ndis, ParameterType
from tests.support.words import ADDRESS, WordsMiniport
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop


async def test_a_configuration_is_read() -> None:
    found: list[object] = []

    def begin(handle: Adapter) -> None:
        status, configuration = NdisOpenConfiguration(handle)
        assert status == NdisStatus.SUCCESS
        assert configuration is not None
        status, parameter = NdisReadConfiguration(configuration, "duplex", ParameterType.INTEGER)
        assert parameter is not None
        found.append((status, parameter.value))
        found.append(NdisReadConfiguration(configuration, "Speed", ParameterType.INTEGER))
        found.append(NdisReadNetworkAddress(configuration))
        NdisCloseConfiguration(configuration)
        with breaks("LIFE-12"):
            NdisReadConfiguration(configuration, "duplex", ParameterType.INTEGER)

    miniport = WordsMiniport(begin)
    async with Ndis() as ndis:
        driver = await Driver.load(ndis, miniport.entry)
        await driver.add_device(configuration={"Duplex": 1})
        await driver.add_device(configuration={"Duplex": 2, "NetworkAddress": ADDRESS.hex("-")})
    assert found == [
        (NdisStatus.SUCCESS, 1),
        (NdisStatus.FAILURE, None),
        (NdisStatus.FAILURE, None, 0),
        (NdisStatus.SUCCESS, 2),
        (NdisStatus.FAILURE, None),
        (NdisStatus.SUCCESS, ADDRESS, 6),
    ]
