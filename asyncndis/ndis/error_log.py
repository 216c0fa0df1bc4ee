"""The error log of an adapter: what its miniport had to say about its hardware.

Source: the NdisWriteErrorLogEntry page, and the event codes of the NDIS 5 headers. The latest entries are kept, and
each goes to the logger of this module as well, as a system's event log would show it.
"""

import logging
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from asyncndis.base import check_integer
from asyncndis.kernel import system_time

__all__ = ["ErrorCode", "ErrorLog", "ErrorLogEntry", "ErrorLogStatistics"]

logger = logging.getLogger(__name__)

_KEPT = 64


class ErrorCode(IntEnum):
    """What went wrong (NDIS_ERROR_CODE)."""

    RESOURCE_CONFLICT = 0xC0001388
    OUT_OF_RESOURCES = 0xC0001389
    HARDWARE_FAILURE = 0xC000138A
    ADAPTER_NOT_FOUND = 0xC000138B
    INTERRUPT_CONNECT = 0xC000138C
    DRIVER_FAILURE = 0xC000138D
    BAD_VERSION = 0xC000138E
    TIMEOUT = 0x8000138F
    NETWORK_ADDRESS = 0xC0001390
    UNSUPPORTED_CONFIGURATION = 0xC0001391
    INVALID_VALUE_FROM_ADAPTER = 0xC0001392
    MISSING_CONFIGURATION_PARAMETER = 0xC0001393
    BAD_IO_BASE_ADDRESS = 0xC0001394
    RECEIVE_SPACE_SMALL = 0x40001395
    ADAPTER_DISABLED = 0x80001396


class ErrorLogEntry(NamedTuple):
    """One entry.

    :ivar code: one of ``ErrorCode``, or a number of the driver's own
    :ivar values: what the driver says further
    :ivar time: when, in units of 100 ns since 1601
    """

    code: int
    values: tuple[int, ...]
    time: int


@dataclass(frozen=True, slots=True)
class ErrorLogStatistics:
    """An error log at one moment.

    :ivar written: entries that were ever written
    :ivar kept: of these, the ones that are still there
    """

    written: int
    kept: int


class ErrorLog:
    """The entries of one adapter, the oldest first.

    :param name: of the adapter
    """

    __slots__ = ("_entries", "_written", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self._entries: deque[ErrorLogEntry] = deque(maxlen=_KEPT)
        self._written = 0

    def __iter__(self) -> Iterator[ErrorLogEntry]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<ErrorLog of {self.name!r} {self._written} entries written>"

    def statistics(self) -> ErrorLogStatistics:
        """The state of it now, in O(1). IRQL: any."""
        return ErrorLogStatistics(self._written, len(self._entries))

    def write(self, code: int, *values: int) -> None:
        """Write an entry (NdisWriteErrorLogEntry). IRQL: <= DISPATCH.

        :param code: one of ``ErrorCode``
        :param values: 32-bit numbers that mean something to whoever reads the log
        """
        check_integer("code", code)
        for value in values:
            check_integer("a value of the entry", value)
        self._written += 1
        self._entries.append(ErrorLogEntry(code, values, system_time()))
        logger.warning("%s: %s %s", self.name, _in_words(code), [f"{value:#x}" for value in values])


def _in_words(code: int) -> str:
    return ErrorCode(code).name if code in ErrorCode.__members__.values() else f"{code:#x}"
