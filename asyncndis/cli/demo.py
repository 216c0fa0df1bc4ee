"""``asyncndis demo``: a capture file through a receive ring whose pool runs dry, and out again unchanged."""

import filecmp
import json
import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import anyio
import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from asyncndis.base import NdisError, NdisStatus
from asyncndis.drivers import FrameCounter, RingReceiver
from asyncndis.kernel import run
from asyncndis.memory import BufferPool, PacketPool, PoolStatistics
from asyncndis.real import SAMPLE, CaptureReader, CaptureWriter, Record, classify, open_capture
from asyncndis.verifier import verify

from .tables import facts, ranking

__all__ = ["demo"]

Loop = Literal["uvloop", "asyncio", "trio"]

ETHERNET = 1
SLOT_BYTES = 2048
END = Record(b"", None)


@dataclass(frozen=True)
class Outcome:
    """What a run of the demo found."""

    file: str
    frames: int
    bytes: int
    seconds: float
    frames_per_second: float
    spread_seconds: float
    ring: int
    pool_high_water: int
    waits: int
    longest_wait_ms: float
    kinds: dict[str, int]
    identical: bool
    violations: int


class Pace:
    """Makes the protocol slow: spreads the file over a given time, a few frames at once.

    :param seconds: how long the whole file shall take
    :param size: the size of the file in bytes
    """

    def __init__(self, seconds: float, size: int) -> None:
        self._per_byte = seconds / max(size, 1)
        self._started = time.monotonic()

    async def keep(self, done: int) -> None:
        """Wait until ``done`` bytes of the file are due."""
        ahead = self._started + done * self._per_byte - time.monotonic()
        await anyio.sleep(max(0.0, ahead))


class Demo:
    """The receive path: reader, miniport, protocol, writer.

    :param reader: the capture that the frames come from
    :param writer: the capture that they end in
    :param ring: slots of the receive ring, and descriptors of its pool
    :param pace: what holds the protocol back
    :param watch: called after each frame with the number of file bytes written and the pool's statistics
    """

    def __init__(
        self,
        reader: CaptureReader,
        writer: CaptureWriter,
        ring: int,
        pace: Pace,
        watch: Callable[[int, PoolStatistics], object],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._ring = ring
        self._pace = pace
        self._watch = watch
        self._on_the_way: deque[Record] = deque()
        self._pool: BufferPool

    async def run(self) -> tuple[PoolStatistics, FrameCounter]:
        """Bring every frame from the reader to the writer.

        :returns: the statistics of the pool, and the protocol with its counts
        """
        async with (
            BufferPool.create(self._ring, name="receive ring") as self._pool,
            PacketPool.create(self._ring, name="receive packets") as packets,
        ):
            miniport = RingReceiver(self._pool, packets, SLOT_BYTES)
            protocol = FrameCounter(self._classify, miniport.return_packet, self._consume)
            miniport.open(protocol.receive)
            damage: NdisError | None = None
            try:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(protocol.run)
                    try:
                        await self._feed(miniport)
                    except NdisError as error:
                        damage = error  # what came before it is delivered all the same
                    protocol.close()
            finally:
                miniport.close()
            if damage is not None:
                raise damage
            self._write_up_to_frame()
            return self._pool.statistics(), protocol

    async def _feed(self, miniport: RingReceiver) -> None:
        """The wire: every frame of the file arrives at the NIC."""
        for record in self._reader:
            self._on_the_way.append(record)
            if record.frame is not None:
                if len(record.frame) > miniport.longest_frame:
                    raise NdisError(
                        f"a frame of {len(record.frame)} bytes does not fit a ring of {self._ring} slots of "
                        f"{SLOT_BYTES} bytes; give --ring a larger number",
                        NdisStatus.INVALID_LENGTH,
                    )
                await miniport.receive(record.frame)

    def _classify(self, frame: bytes) -> str:
        link_type = self._write_up_to_frame().link_type
        return classify(frame) if link_type == ETHERNET else f"link type {link_type}"

    async def _consume(self, frame: bytes) -> None:
        """The protocol has read a frame: write it out, and take one's time."""
        self._writer.write(self._on_the_way.popleft(), frame)
        written = self._writer.statistics().file_bytes
        self._watch(written, self._pool.statistics())
        await self._pace.keep(written)

    def _write_up_to_frame(self) -> Record:
        """Write what stands between the frames, and leave the record of the next frame, if there is one."""
        while self._on_the_way:
            record = self._on_the_way[0]
            if record.frame is not None:
                return record
            self._writer.write(self._on_the_way.popleft())
        return END


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--ring", default=64, show_default=True, type=click.IntRange(1, 65535), help="Slots of the receive ring.")
@click.option(
    "--seconds",
    default=2.0,
    show_default=True,
    type=click.FloatRange(0),
    help="Spread the protocol's work over so long; 0 is as fast as it can.",
)
@click.option(
    "--output",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Keep the capture that comes out here.",
)
@click.option("--loop", "loop", default="uvloop", show_default=True, type=click.Choice(["uvloop", "asyncio", "trio"]))
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def demo(
    ctx: click.Context, file: Path | None, ring: int, seconds: float, output: Path | None, loop: Loop, as_json: bool
) -> None:
    """Run a capture through a ring-DMA receive path.

    The frames of FILE (pcap or pcapng) arrive at a NIC.

    A miniport task takes the frames into pool buffers, by a ring that the pool covers exactly, and indicates them as
    packets; a protocol task counts and returns them, more slowly than they arrive, so that the pool runs dry and the
    miniport waits. The capture written at the end is identical to the input. Without FILE, a recorded sample is used.
    """
    source = file or SAMPLE
    if output is not None and output.exists() and output.samefile(source):
        raise click.UsageError(f"--output is the input file {source}; name another file")
    console = Console(stderr=as_json)
    with tempfile.TemporaryDirectory(prefix="asyncndis-") as scratch:
        target = output or Path(scratch) / "out"
        outcome = _run(source, target, ring, seconds, loop, console)
    if as_json:
        click.echo(json.dumps(asdict(outcome), indent=2))
    else:
        _print(console, outcome, output)
    ctx.exit(0 if outcome.identical and not outcome.violations else 1)


def _run(source: Path, target: Path, ring: int, seconds: float, loop: Loop, console: Console) -> Outcome:
    size = source.stat().st_size
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"), TimeElapsedColumn())
    with (
        verify() as findings,
        open_capture(source) as reader,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress,
    ):
        bar = progress.add_task(source.name, total=size, state="")

        def watch(written: int, pool: PoolStatistics) -> None:
            state = f"{pool.outstanding:>4} of {pool.capacity} buffers out, {pool.delayed} waits"
            progress.update(bar, completed=written, state=state)

        with CaptureWriter(target) as writer:
            demo = Demo(reader, writer, ring, Pace(seconds, size), watch)
            started = time.perf_counter()
            pool, protocol = run(demo.run, loop=loop)
            took = time.perf_counter() - started
    return Outcome(
        file=str(source),
        frames=protocol.frames,
        bytes=protocol.bytes,
        seconds=took,
        frames_per_second=protocol.frames / took,
        spread_seconds=seconds,
        ring=ring,
        pool_high_water=pool.max_outstanding,
        waits=pool.delayed,
        longest_wait_ms=pool.longest_wait * 1000,
        kinds=dict(protocol.kinds.most_common()),
        identical=filecmp.cmp(source, target, shallow=False),
        violations=len(findings),
    )


def _print(console: Console, outcome: Outcome, output: Path | None) -> None:
    name = "the shipped sample" if outcome.file == str(SAMPLE) else outcome.file
    pace = f" (held back by --seconds {outcome.spread_seconds:g})" if outcome.spread_seconds else ""
    console.print(ranking("kind of frame", outcome.kinds))
    console.print(
        facts(
            f"{name} through a ring of {outcome.ring}",
            {
                "frames": f"{outcome.frames:,}",
                "bytes": f"{outcome.bytes:,}",
                "frames/s": f"{outcome.frames_per_second:,.0f}{pace}",
                "pool high-water mark": f"{outcome.pool_high_water} of {outcome.ring}",
                "waits of the miniport": f"{outcome.waits:,}",
                "longest wait": f"{outcome.longest_wait_ms:.1f} ms",
                "rule violations": str(outcome.violations),
                "capture out": f"{'identical to' if outcome.identical else 'DIFFERS from'} the input"
                + (f", in {output}" if output is not None else ""),
            },
        )
    )
