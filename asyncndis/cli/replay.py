"""``asyncndis replay``: send the frames of a capture file into a port, at the pace at which they were recorded.

A frame goes out when it is due, never before; what is late follows at once, in order, and the pool of the sender holds
it back while the port has no room. What no Ethernet can carry is left out and counted. A damaged file is sent up to the
damage.
"""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import anyio
import click
from anyio.lowlevel import checkpoint
from rich.console import Console

from asyncndis.base import NdisError
from asyncndis.drivers import PortMiniport
from asyncndis.kernel import run
from asyncndis.ndis import open_stack
from asyncndis.real import CaptureError, CaptureReader, Record, open_capture, open_port

from .figures import bits_per_second, duration
from .machines import Player
from .serving import Loop, loop_option
from .tables import facts

__all__ = ["replay"]

_ETHERNET, _HEADER = 1, 14
_NS_PER_S = 1_000_000_000
_FRAMES = 256
_ORIGINAL, _MAX = "original", "max"

Rate = float | None
"""Frames in a second; infinite for as fast as it goes, None for the pace of the recording."""


class Pace(click.ParamType[Rate]):
    """A rate: a word, or frames in a second."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Rate:
        """The rate.

        :raises click.BadParameter: when it is none
        """
        if value == _ORIGINAL:
            return None
        if value == _MAX:
            return float("inf")
        try:
            rate = float(value)
        except ValueError:
            rate = 0.0
        if not 0 < rate < float("inf"):
            self.fail(f"{value!r} is no rate; write original, max, or how many frames a second", param, ctx)
        return rate


@dataclass
class Outcome:
    """What became of a capture.

    :ivar file: its path
    :ivar port: where it went
    :ivar frames: frames that went out
    :ivar bytes: their bytes
    :ivar lost: frames that the port did not take, for want of a link or of an other end
    :ivar left_out: records that are no Ethernet frames, or shorter than its header
    :ivar cut: frames that went out shorter than they had been, since the capture does not hold all of them
    :ivar seconds: how long it took
    """

    file: str
    port: str
    frames: int = 0
    bytes: int = 0
    lost: int = 0
    left_out: int = 0
    cut: int = 0
    seconds: float = 0.0


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("port")
@click.option(
    "--rate",
    default=_ORIGINAL,
    show_default=True,
    type=Pace(),
    metavar="original|max|N",
    help="As recorded, as fast as it goes, or N frames a second.",
)
@loop_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def replay(ctx: click.Context, file: Path, port: str, rate: Rate, loop: Loop, as_json: bool) -> None:
    """Send the frames of FILE (pcap or pcapng) into PORT, unchanged and in order.

    PORT is tap:NAME, tap:NAME@NETNS, unix:OWN,PEER, stream:PATH, fd:N or pcap:FILE,write. The exit status is 1 where
    the port lost frames.
    """
    outcome = Outcome(str(file), port)
    damage = run(_replay, file, outcome, rate, loop=loop)
    if as_json:
        click.echo(json.dumps(asdict(outcome), indent=2))
    else:
        Console().print(facts(f"{file} into {port}", _rows(outcome)))
    if damage is not None:
        raise damage
    ctx.exit(1 if outcome.lost else 0)


async def _replay(file: Path, outcome: Outcome, rate: Rate) -> NdisError | None:
    """Send all; the answer is what is wrong with the file."""
    player = Player(_FRAMES, name="replay")
    damage: NdisError | None = None
    with open_capture(file) as reader, closing(open_port(outcome.port)) as device:
        async with open_stack(player, PortMiniport(name=outcome.port), nic=device, name="replay") as stack:
            started = time.perf_counter()
            try:
                for due, record in _due(reader, rate, outcome):
                    await _wait_until(started + due)
                    await player.play(bytes(record.frame or b""))
            except CaptureError as error:
                damage = error
            await stack.run_until_idle()
            outcome.seconds = time.perf_counter() - started
    outcome.frames, outcome.bytes, outcome.lost = player.sent, player.bytes, player.lost
    return damage


def _due(reader: CaptureReader, rate: Rate, outcome: Outcome) -> Iterator[tuple[float, Record]]:
    """The frames, each with the second after the start at which it is due."""
    first: int | None = None
    due, number = 0.0, 0
    for record in reader:
        if record.frame is None:
            continue
        if record.link_type != _ETHERNET or len(record.frame) < _HEADER:
            outcome.left_out += 1
            continue
        outcome.cut += record.original_length > len(record.frame)
        if rate is not None:
            due = number / rate
        elif record.timestamp_ns is not None:
            first = record.timestamp_ns if first is None else first
            due = max(due, (record.timestamp_ns - first) / _NS_PER_S)
        yield due, record
        number += 1


async def _wait_until(moment: float) -> None:
    remaining = moment - time.perf_counter()
    if remaining > 0:
        await anyio.sleep(remaining)
    else:
        await checkpoint()


def _rows(outcome: Outcome) -> dict[str, str]:
    odd = {
        "lost by the port": outcome.lost,
        "no Ethernet frames, left out": outcome.left_out,
        "cut in the capture": outcome.cut,
    }
    seconds = outcome.seconds or float("inf")
    return {
        "frames": f"{outcome.frames:,}",
        "bytes": f"{outcome.bytes:,}",
        "took": duration(outcome.seconds),
        "frames/s": f"{outcome.frames / seconds:,.0f}",
        "rate": bits_per_second(8 * outcome.bytes / seconds),
        **{what: f"{count:,}" for what, count in odd.items() if count},
    }
