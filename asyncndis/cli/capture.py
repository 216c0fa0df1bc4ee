"""``asyncndis capture``: write down the frames that come out of a port, and the rules that were broken on the way."""

import json
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import anyio
import click
from rich.console import Console

from asyncndis.drivers import PortMiniport
from asyncndis.kernel import run
from asyncndis.memory import Packet
from asyncndis.ndis import Binding, PacketFilter, Protocol, open_stack
from asyncndis.nic import Direction
from asyncndis.real import classify, open_port
from asyncndis.verifier import Findings, verify

from .commented import CommentedCapture, new_capture
from .figures import duration
from .serving import Loop, loop_option, say_ready, until_signal
from .tables import facts, ranking

__all__ = ["capture"]


class Recorder(Protocol):
    """Receives everything, and writes it down.

    :param limit: how many frames, where not all
    :ivar kinds: how many frames of each kind there were
    :ivar bytes: their bytes
    :ivar file: what takes them
    :ivar enough: is set at the limit
    """

    packet_filter = PacketFilter.PROMISCUOUS
    frame_count = 0
    file: CommentedCapture
    enough: anyio.Event

    def __init__(self, limit: int | None) -> None:
        super().__init__(name="Recorder")
        self.kinds: Counter[str] = Counter()
        self.bytes = 0
        self._limit = limit

    def receive(self, binding: Binding, packet: Packet) -> None:
        """Write a frame, unless there are enough."""
        if self.enough.is_set():
            return
        frame = packet.to_bytes()
        self.kinds[classify(frame)] += 1
        self.bytes += len(frame)
        self.file.write(frame, binding.adapter.library.clock.system_time(), 0, Direction.INBOUND)
        if self.kinds.total() == self._limit:
            self.enough.set()


@click.command()
@click.argument("port")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--frames", type=click.IntRange(1), help="End after so many frames.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), help="End after so many seconds.")
@loop_option
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
@click.pass_context
def capture(
    ctx: click.Context, port: str, file: Path, frames: int | None, seconds: float | None, loop: Loop, as_json: bool
) -> None:
    """Write the frames that come out of PORT to FILE (pcapng), until SIGTERM or SIGINT.

    All rules of the driver model are checked meanwhile; the comment of a frame names those that were broken before it.
    Wireshark opens FILE. PORT is tap:NAME, tap:NAME@NETNS, unix:OWN,PEER, stream:PATH or fd:N. READY is printed once
    frames are taken; at the end, what was written.
    """
    recorder = Recorder(frames)
    with verify() as findings:
        took = run(_record, port, file, recorder, findings, seconds, as_json, loop=loop)
    found = {"port": port, "file": str(file), "frames": recorder.kinds.total(), "bytes": recorder.bytes}
    if as_json:
        kinds = dict(recorder.kinds.most_common())
        click.echo(json.dumps({**found, "seconds": took, "kinds": kinds, "violations": findings.to_json()}, indent=2))
    else:
        _print(found, took, recorder, findings)
    ctx.exit(1 if findings else 0)


async def _record(
    port: str, file: Path, recorder: Recorder, findings: Findings, seconds: float | None, as_json: bool
) -> float:
    """Until it is enough; the answer is how long it took."""
    async with until_signal() as enough:
        with closing(open_port(port)) as device, new_capture(file) as writer:
            recorder.enough, recorder.file = enough, CommentedCapture(writer, findings)
            recorder.file.add_interface(port)
            async with open_stack(recorder, PortMiniport(name=port), nic=device, name="capture"):
                started = time.perf_counter()
                say_ready(as_json=as_json)
                with anyio.move_on_after(seconds):
                    await enough.wait()
                return time.perf_counter() - started


def _print(found: Mapping[str, object], took: float, recorder: Recorder, findings: Findings) -> None:
    console = Console()
    rows = {"frames": f"{found['frames']:,}", "bytes": f"{found['bytes']:,}", "took": duration(took)}
    console.print(facts(f"{found['port']} to {found['file']}", {**rows, "rule violations": str(len(findings))}))
    if recorder.kinds:
        console.print(ranking("kind of frame", dict(recorder.kinds.most_common())))
    if findings:
        click.echo(findings.report(), err=True)
