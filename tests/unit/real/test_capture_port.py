"""Capture files as ports."""

from pathlib import Path

import pytest
from blockbuster import BlockBuster

from asyncndis.real import SAMPLE, CaptureError, PortError
from tests.support.captures import frames_of
from tests.unit.real.drivers import Notes, frame, opened, running

pytestmark = pytest.mark.every_loop


async def test_the_frames_of_a_file_come_in_and_then_the_link_is_down() -> None:
    async with running(f"pcap:{SAMPLE}") as driver:
        await driver.until(lambda: bool(driver.links))
        assert (driver.received, driver.links) == (frames_of(SAMPLE), [False])
        assert driver.port.transmit([frame(1)]) == 0


async def test_what_goes_out_is_written(tmp_path: Path, no_blocking: BlockBuster) -> None:
    no_blocking.deactivate()  # writing a file blocks
    target = tmp_path / "out.pcap"
    frames = [frame(number) for number in range(5)]
    async with running(f"pcap:{target},write") as driver:
        assert driver.port.transmit(frames) == 5
        assert driver.port.receive() == []
    assert frames_of(target) == frames


async def test_a_file_that_is_cut_gives_its_frames_first(tmp_path: Path) -> None:
    cut = tmp_path / "cut.pcap"
    cut.write_bytes(SAMPLE.read_bytes()[:-5])
    port = await opened(f"pcap:{cut}")
    driver = Notes(port)
    port.let_in(True)
    with pytest.raises(CaptureError):
        await port.run()
    assert driver.received == frames_of(SAMPLE)[:-1]
    port.close()


async def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="cannot be read: No such file or directory; is the path right"):
        await opened(f"pcap:{tmp_path / 'missing'}")
    with pytest.raises(PortError, match="cannot be written: Is a directory"):
        await opened(f"pcap:{tmp_path},write")
    (tmp_path / "text").write_text("no capture at all")
    with pytest.raises(CaptureError):
        await opened(f"pcap:{tmp_path / 'text'}")
