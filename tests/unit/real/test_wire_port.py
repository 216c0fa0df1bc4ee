"""Ports on a wire of this process."""

import pytest

from asyncndis.base import NdisError
from asyncndis.real import open_port
from tests.unit.real.drivers import Notes, frame, running

pytestmark = pytest.mark.every_loop


async def test_all_others_of_that_name_receive() -> None:
    async with running("wire:hall") as one, running("wire:hall") as two, running("wire:hall") as three:
        async with running("wire:other") as stranger:
            assert one.port.transmit([frame(1), memoryview(frame(2))]) == 2
            await two.until(lambda: len(two.received) == 2)
            await three.until(lambda: len(three.received) == 2)
            assert two.received == three.received == [frame(1), frame(2)]
            assert (one.received, stranger.received) == ([], [])
        assert len({driver.port.mac for driver in (one, two, three)}) == 3


async def test_frames_wait_until_they_are_let_in_and_not_for_ever() -> None:
    one, two = open_port("wire:short"), open_port("wire:short")
    driver = Notes(two)
    one.transmit([frame(number) for number in range(2000)])
    assert driver.received == []
    two.let_in(True)
    await driver.until(lambda: len(driver.received) == 1024)
    assert driver.received[-1] == frame(1023)
    one.close()
    two.close()
    two.close()
    assert not two.link_up


async def test_a_port_has_one_driver() -> None:
    port = open_port("wire:single")
    Notes(port)
    with pytest.raises(NdisError, match="has a driver already"):
        Notes(port)
    port.unplug()
    Notes(port)
    port.close()
