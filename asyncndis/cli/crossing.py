"""The second half of the demo: a capture file, sent through one machine, received and written down by the other.

What the writer gets is what came over the wire, so that an identical file proves the way. A frame that no Ethernet can
carry (of another link type, shorter than a header, longer than the NIC takes) goes beside the wire, and is counted.
"""

import filecmp
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio
from rich.console import Console
from rich.text import Text

from asyncndis.base import NdisError
from asyncndis.memory import Packet
from asyncndis.ndis import Binding, PacketFilter, Protocol
from asyncndis.real import CaptureReader, CaptureWriter, Record, classify, open_capture

from .figures import of
from .machines import FREE, Machines, Player, open_machines, watch

__all__ = ["Outcome", "cross"]

_ETHERNET = 1
_SHORTEST = 14
_ORDINARY = 1514
_LONGEST = 16_000


@dataclass(frozen=True)
class Outcome:
    """What became of a capture."""

    file: str
    frames: int
    bytes: int
    beside: int
    seconds: float
    frames_per_second: float
    spread_seconds: float
    ring: int
    pool_high_water: int
    waits: int
    longest_wait_ms: float
    kinds: dict[str, int]
    identical: bool


class Recorder(Protocol):
    """Receives everything, and writes it down in the place from which it was sent.

    :param writer: the capture that takes it
    :ivar kinds: how many frames of each kind there were
    :ivar bytes: their bytes
    :ivar beside: how many of them were not on the wire
    :ivar travelled: how many were
    """

    packet_filter = PacketFilter.PROMISCUOUS

    def __init__(self, writer: CaptureWriter) -> None:
        super().__init__(name="Recorder")
        self.kinds: Counter[str] = Counter()
        self.bytes = self.beside = self.travelled = 0
        self._writer = writer
        self._on_the_way: deque[Record] = deque()

    def expect(self, record: Record) -> None:
        """This record comes next: by the wire, or beside it."""
        self._on_the_way.append(record)

    def receive(self, binding: Binding, packet: Packet) -> None:
        """A frame has come: write it, and what stands before it in the file."""
        self._write_up_to_frame()
        if not self._on_the_way:
            return  # nobody sent it: the files will differ
        record = self._on_the_way.popleft()
        assert record.frame is not None
        frame = packet.to_bytes()[: len(record.frame)]  # a NIC fills short frames up
        self.travelled += 1
        self._count(classify(frame), frame)
        self._writer.write(record, frame)

    def finish(self) -> None:
        """Write what is left, once all frames have come."""
        self._write_up_to_frame()

    def _write_up_to_frame(self) -> None:
        while self._on_the_way and not travels(self._on_the_way[0]):
            record = self._on_the_way.popleft()
            if record.frame is None:
                self._writer.write(record)
                continue
            frame = bytes(record.frame)
            self.beside += 1
            is_ethernet = record.link_type == _ETHERNET
            self._count(classify(frame) if is_ethernet else f"link type {record.link_type}", frame)
            self._writer.write(record, frame)

    def _count(self, kind: str, frame: bytes) -> None:
        self.kinds[kind] += 1
        self.bytes += len(frame)


def travels(record: Record) -> bool:
    """Whether a record is a frame that Ethernet can carry."""
    return record.frame is not None and record.link_type == _ETHERNET and _SHORTEST <= len(record.frame) <= _LONGEST


async def cross(source: Path, target: Path, ring: int, seconds: float, console: Console) -> Outcome:
    """Send a capture from one machine to the other.

    :param source: the file that is sent
    :param target: the file that is written
    :param ring: descriptors of each ring, and of the sender's pool
    :param seconds: how long the shaper makes it last; 0 for as fast as it can
    :param console: where to show the machines, if it is a terminal
    :raises NdisError: when the file is damaged; what comes before that was sent all the same
    """
    longest, octets, total = _measure(source)
    damage: NdisError | None = None
    rate = int(8 * octets / seconds) or 1 if seconds else FREE
    with open_capture(source) as reader, CaptureWriter(target) as writer:
        player, recorder = Player(ring), Recorder(writer)
        async with open_machines(player, recorder, rate=rate, ring=ring, longest=longest) as machines:
            started = time.perf_counter()

            def headline() -> Text:
                return Text.assemble((source.name, "bold"), f", {of(recorder.travelled, total)} frames have come")

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(watch, console, machines, headline)
                damage = await _send(reader, player, recorder, machines)
                tasks.cancel_scope.cancel()
            took = time.perf_counter() - started
            pool = player.binding.frames.statistics()
    if damage is not None:
        raise damage
    frames = recorder.kinds.total()
    return Outcome(
        file=str(source),
        frames=frames,
        bytes=recorder.bytes,
        beside=recorder.beside,
        seconds=took,
        frames_per_second=frames / took,
        spread_seconds=seconds,
        ring=ring,
        pool_high_water=pool.max_outstanding,
        waits=pool.delayed,
        longest_wait_ms=pool.longest_wait * 1000,
        kinds=dict(recorder.kinds.most_common()),
        identical=filecmp.cmp(source, target, shallow=False),
    )


async def _send(reader: CaptureReader, player: Player, recorder: Recorder, machines: Machines) -> NdisError | None:
    """Send every frame, and wait until all have come; the answer is what is wrong with the file."""
    damage: NdisError | None = None
    records = iter(reader)
    while True:
        try:
            record = next(records, None)
        except NdisError as error:
            damage, record = error, None
        if record is None:
            break
        recorder.expect(record)
        if travels(record):
            assert record.frame is not None
            await player.play(bytes(record.frame))
    await machines.settle()
    recorder.finish()
    return damage


def _measure(source: Path) -> tuple[int, int, int]:
    """The longest frame, all bytes and the number of frames that will travel; of a damaged file, up to the damage."""
    longest, octets, total = _ORDINARY, 0, 0
    with open_capture(source) as reader:
        for length in _lengths(reader):
            longest, octets, total = max(longest, length), octets + length, total + 1
    return longest, octets, total


def _lengths(reader: CaptureReader) -> Iterator[int]:
    try:
        for record in reader:
            if record.frame is not None and travels(record):
                yield len(record.frame)
    except NdisError:
        return
