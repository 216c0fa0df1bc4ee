"""A capture in which broken rules stand beside the frames: Wireshark shows the comment of a frame above its headers.

A frame's comment names what the verifier has found since the frame before it.
"""

from pathlib import Path

import click

from asyncndis.nic import Direction
from asyncndis.real import PcapngWriter
from asyncndis.verifier import Findings

__all__ = ["CommentedCapture", "new_capture"]

_YEAR_1970 = 116_444_736_000_000_000  # in the clocks' units of 100 ns, which begin in 1601


def new_capture(path: Path) -> PcapngWriter:
    """A new pcapng file, to be closed by whoever asked for it.

    :raises click.UsageError: when it cannot be made
    """
    try:
        return PcapngWriter(path)
    except OSError as error:
        raise click.UsageError(f"{path} cannot be written: {error.strerror}; name another file") from None


class CommentedCapture:
    """Writes frames, with what was found meanwhile.

    :param writer: the file, which somebody else closes
    :param findings: those of the verifier, which grow
    """

    def __init__(self, writer: PcapngWriter, findings: Findings) -> None:
        self._writer = writer
        self._findings = findings
        self._told: list[int] = []  # how often each finding had been seen when it was told last

    def add_interface(self, name: str) -> int:
        """Describe one more interface; its number."""
        return self._writer.add_interface(name)

    def write(self, frame: bytes, system_time: int, interface: int, direction: Direction) -> None:
        """Write a frame.

        :param frame: its bytes
        :param system_time: by the clock of its stack, in units of 100 ns since 1601
        :param interface: where it was seen
        :param direction: which way it went, as seen from there
        """
        comment = self._news() if self._findings else None
        time_ns = 100 * (system_time - _YEAR_1970)
        self._writer.write(frame, time_ns, interface=interface, direction=direction, comment=comment)

    def _news(self) -> str | None:
        """What has been found since the frame before."""
        self._told += [0] * (len(self._findings) - len(self._told))
        lines: list[str] = []
        for number, finding in enumerate(self._findings):
            if finding.times > self._told[number]:
                self._told[number] = finding.times
                lines.append(f"{finding.rule}: {finding.message} (at {finding.site})")
        return "\n".join(lines) or None
