"""The error log of an adapter."""

import logging

import pytest

from asyncndis.base import Probe, observe
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.ndis import ErrorCode, ErrorLog
from tests.support.scripted import Scripted, virtual_stack


def test_entries_are_kept_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    with use_clock(VirtualClock()), caplog.at_level(logging.WARNING, "asyncndis.ndis.error_log"):
        log = ErrorLog("rtl0")
        log.write(ErrorCode.HARDWARE_FAILURE, 1, 0xFFFFFFFF)
        log.write(0x4000_0001)
    first, second = log
    assert (first.code, first.values, second.code, second.values) == (
        ErrorCode.HARDWARE_FAILURE,
        (1, 0xFFFFFFFF),
        0x4000_0001,
        (),
    )
    assert caplog.messages == ["rtl0: HARDWARE_FAILURE ['0x1', '0xffffffff']", "rtl0: 0x40000001 []"]
    assert repr(log) == "<ErrorLog of 'rtl0' 2 entries written>"


def test_the_latest_are_kept() -> None:
    log = ErrorLog("rtl0")
    for number in range(100):
        log.write(ErrorCode.TIMEOUT, number)
    assert (log.statistics().written, log.statistics().kept, len(log)) == (100, 64, 64)
    assert next(iter(log)).values == (36,)


@pytest.mark.parametrize(("code", "values"), [(-1, ()), (1 << 32, ()), (1, (-1,))])
def test_numbers_have_32_bits(code: int, values: tuple[int, ...]) -> None:
    log = ErrorLog("rtl0")
    with pytest.raises(ValueError, match="is from 0 to 0xffffffff"):
        log.write(code, *values)
    assert len(log) == 0


@pytest.mark.every_loop
async def test_an_adapter_writes_and_tells_the_probe() -> None:
    class Diary(Probe):
        def __init__(self) -> None:
            self.entries: list[tuple[str, tuple[object, ...]]] = []

        def after(self, operation: str, subject: object, *arguments: object) -> None:
            if operation == "NdisWriteErrorLogEntry":
                self.entries.append((operation, arguments))

    with observe(Diary()) as diary:
        async with virtual_stack(Scripted()) as stack:
            assert len(stack.adapter.error_log) == 0
            stack.adapter.write_error_log(ErrorCode.TIMEOUT, 3)
            assert [entry.values for entry in stack.adapter.error_log] == [(3,)]
    assert isinstance(diary, Diary)
    assert diary.entries == [("NdisWriteErrorLogEntry", (ErrorCode.TIMEOUT, 3))]
