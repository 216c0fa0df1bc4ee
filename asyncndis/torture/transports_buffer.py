"""The limits of a transport's write buffer, which asyncio calls flow control."""

import asyncio

__all__ = ["WriteBuffer", "check_bytes"]

HIGH_WATER = 65_536
"""Bytes; asyncio's default. The low mark is a quarter of the high one."""


class WriteBuffer:
    """The limits of a write buffer, and the pauses that it asks of its protocol."""

    _high = HIGH_WATER
    _low = HIGH_WATER // 4
    _paused = False

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """The low and the high mark, in bytes."""
        return self._low, self._high

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Set the marks, in bytes.

        :raises ValueError: unless 0 <= low <= high
        """
        if high is None:
            high = HIGH_WATER if low is None else 4 * low
        if low is None:
            low = high // 4
        if not high >= low >= 0:
            raise ValueError(f"high ({high!r}) must be >= low ({low!r}) must be >= 0")
        self._high, self._low = high, low

    def get_write_buffer_size(self) -> int:
        """How many bytes wait at the sender."""
        raise NotImplementedError

    def _regulate(self, protocol: asyncio.BaseProtocol) -> None:
        """Pause or resume the protocol if the buffer has passed a mark."""
        size = self.get_write_buffer_size()
        if not self._paused and size > self._high:
            self._paused = True
            protocol.pause_writing()
        elif self._paused and size <= self._low:
            self._paused = False
            protocol.resume_writing()


def check_bytes(data: object) -> None:
    """Refuse what cannot be sent.

    :raises TypeError: for anything but bytes
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"data argument must be a bytes-like object, not {type(data).__name__!r}")
