"""``asyncndis demo``: two machines talk over a wire, then a capture file goes over it and comes out unchanged."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import click
from rich.console import Console

from asyncndis.kernel import run
from asyncndis.real import SAMPLE
from asyncndis.verifier import verify

from .crossing import Outcome, cross
from .figures import bits_per_second, duration, of, plural
from .tables import facts, ranking
from .traffic import Traffic, talk

__all__ = ["demo"]

Loop = Literal["uvloop", "asyncio", "trio"]


class Ring(click.ParamType[int]):
    """A number of descriptors, as hardware has it."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """A power of two.

        :raises click.BadParameter: when it is none
        """
        number: int = click.INT.convert(value, param, ctx)
        if number & (number - 1) or not 2 <= number <= 0x8000:
            self.fail(f"{number} is no power of two from 2 to {0x8000}", param, ctx)
        return number


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--ring", default=64, show_default=True, type=Ring(), help="Descriptors of each ring, a power of two.")
@click.option(
    "--seconds",
    default=2.0,
    show_default=True,
    type=click.FloatRange(0),
    help="How long they talk, or FILE is to take; 0 is no talk, and FILE as fast as it can.",
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
    """Run two machines with bus-master NICs on a wire.

    On the left a protocol sends through a shaper, on the right another one answers, and all rules of the driver model
    are checked. Then the frames of a recorded sample are sent over the wire and written down at the other end: the
    capture that comes out is identical.

    With FILE (pcap or pcapng), its frames are sent, and nothing else.
    """
    source = file or SAMPLE
    if output is not None and output.exists() and output.samefile(source):
        raise click.UsageError(f"--output is the input file {source}; name another file")
    console = Console(stderr=as_json)
    with tempfile.TemporaryDirectory(prefix="asyncndis-") as scratch, verify() as findings:
        target = output or Path(scratch) / "out"
        traffic, outcome = _run(file, target, ring, seconds, loop, console)
    if as_json:
        found = {**asdict(outcome), "traffic": traffic and asdict(traffic), "violations": len(findings)}
        click.echo(json.dumps(found, indent=2))
    else:
        _print(console, traffic, outcome, output, len(findings))
    if findings:
        click.echo(findings.report(), err=True)
    ctx.exit(0 if outcome.identical and not findings else 1)


def _run(
    file: Path | None, target: Path, ring: int, seconds: float, loop: Loop, console: Console
) -> tuple[Traffic | None, Outcome]:
    """Both halves, or the second with a file of the user's."""
    if file is not None:
        return None, run(cross, file, target, ring, seconds, console, loop=loop)
    traffic = run(talk, seconds, ring, console, loop=loop) if seconds else None
    return traffic, run(cross, SAMPLE, target, ring, 0.0, console, loop=loop)


def _print(console: Console, traffic: Traffic | None, outcome: Outcome, output: Path | None, violations: int) -> None:
    if traffic is not None:
        console.print(facts("two machines on a wire", _of_traffic(traffic)))
    else:
        console.print(ranking("kind of frame", outcome.kinds))
    name = "the shipped sample" if outcome.file == str(SAMPLE) else outcome.file
    console.print(facts(f"{name}, over the wire", _of_capture(outcome, output, violations)))


def _of_traffic(traffic: Traffic) -> dict[str, str]:
    return {
        "frames sent": f"{traffic.frames_sent:,}",
        "frames that came back": f"{traffic.frames_answered:,}",
        "frames/s": f"{traffic.frames_per_second:,.0f}",
        "through the shaper": f"{bits_per_second(traffic.bits_per_second)} of {bits_per_second(traffic.shaped_to)}",
        "median round trip": duration(traffic.round_trip_ms / 1000),
        "longest round trip": duration(traffic.longest_round_trip_ms / 1000),
        "interrupts on the left": f"{traffic.interrupts:,}",
        "pool high-water mark": of(traffic.pool_high_water, traffic.pool),
        "waits for a descriptor": f"{traffic.waits:,}",
    }


def _of_capture(outcome: Outcome, output: Path | None, violations: int) -> dict[str, str]:
    pace = f" (--seconds {outcome.spread_seconds:g})" if outcome.spread_seconds else ""
    beside = {"not for Ethernet, beside the wire": f"{outcome.beside:,}"} if outcome.beside else {}
    return {
        "frames": f"{outcome.frames:,}, of {plural(len(outcome.kinds), 'kind')}",
        "bytes": f"{outcome.bytes:,}",
        **beside,
        "frames/s": f"{outcome.frames_per_second:,.0f}{pace}",
        "pool high-water mark": of(outcome.pool_high_water, outcome.ring),
        "waits for a descriptor": f"{outcome.waits:,}",
        "longest wait": duration(outcome.longest_wait_ms / 1000),
        "rule violations": str(violations),
        "capture out": f"{'identical to' if outcome.identical else 'DIFFERS from'} the input"
        + (f", in {output}" if output is not None else ""),
    }
