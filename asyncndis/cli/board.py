"""The live view of stacks: layers, hardware with its rings, pools and tasks, with rates between two looks.

It knows stacks by their snapshots only, so that it shows those of this process and of others alike.
"""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from asyncndis.ndis.snapshots import AdapterView, BindingView, HardwareView, PoolView, StackView

from .figures import bits_per_second, duration, per_second, plural

__all__ = ["board"]

_NAME_MIN = 12
_LOST = ("tx_errors", "tx_no_carrier", "rx_errors", "rx_oversize", "rx_no_buffer", "rx_off")


def board(views: Sequence[StackView], before: Sequence[StackView] = ()) -> RenderableType:
    """Everything that moves in some stacks.

    :param views: how they are now
    :param before: how the same were a while ago, for rates
    """
    past = {(view["pid"], view["name"]): view for view in before}
    pairs = [_Pair(view, past.get((view["pid"], view["name"]))) for view in views]
    tables = (_layers(pairs), _hardware(pairs), _pools(pairs))
    parts = [part for table in tables if table.row_count for part in (Text(), table)]
    return Group(_lines(views), *parts, Text(), _tasks(views))


class _Pair:
    """A stack now, and a while ago."""

    def __init__(self, now: StackView, before: StackView | None) -> None:
        self.now = now
        self._seconds = 0.0 if before is None else now["seconds"] - before["seconds"]
        self._adapters = {} if before is None else {one["name"]: one for one in before["adapters"]}
        self._bindings = {} if before is None else {one["name"]: one for one in before["bindings"]}

    def adapters(self) -> Iterator[tuple[AdapterView, AdapterView | None]]:
        """The topmost first."""
        return ((one, self._adapters.get(one["name"])) for one in reversed(self.now["adapters"]))

    def bindings(self) -> Iterator[tuple[BindingView, BindingView | None]]:
        """Those of protocols, and not of the lower edges of intermediate drivers."""
        inner = {one["driver"] for one in self.now["adapters"] if one["lower"]}
        return ((one, self._bindings.get(one["name"])) for one in self.now["bindings"] if one["protocol"] not in inner)

    def hardware(self) -> Iterator[tuple[HardwareView, HardwareView | None]]:
        """That of all adapters."""
        for adapter, past in self.adapters():
            if adapter["hardware"] is not None:
                yield adapter["hardware"], None if past is None else past["hardware"]

    def rate(self, now: float | None, before: float | None) -> float | None:
        """How much a number grows in a second; None where that is not known yet, or the number began anew."""
        if now is None or before is None or self._seconds <= 0 or now < before:
            return None
        return (now - before) / self._seconds


def _table(what: str, *columns: str) -> Table:
    """A table whose first column gives way where the terminal is narrow."""
    table = Table(box=None, pad_edge=False, padding=(0, 1), header_style="dim")
    table.add_column(what, no_wrap=True, min_width=_NAME_MIN, overflow="ellipsis")
    for column in columns:
        justify: JustifyMethod = "left" if column == "state" else "right"
        table.add_column(column, justify=justify, no_wrap=True, min_width=len(column), overflow="ellipsis")
    return table


def _lines(views: Sequence[StackView]) -> Text:
    width = max(len(view["name"]) for view in views)
    lines = [Text.assemble((view["name"].ljust(width), "bold cyan"), "  ", view["line"]) for view in views]
    return Text("\n").join(lines)


def _layers(pairs: Sequence[_Pair]) -> Table:
    table = _table("layer", "state", "sent/s", "received/s", "in flight", "lent", "failed")
    for pair in pairs:
        for binding, past in pair.bindings():
            received = pair.rate(binding["received"], past and past["received"])
            table.add_row(
                Text(binding["protocol"]),
                _state(binding["state"], is_fine=binding["state"] == "open"),
                "",
                per_second(received),
                f"{binding['sends']:,}",
                f"{binding['lent']:,}",
                "",
            )
        for adapter, before in pair.adapters():
            sends, receives = adapter["sends"], adapter["receives"]
            sent = pair.rate(sends["sent"], before and before["sends"]["sent"])
            indicated = pair.rate(receives["indicated"], before and before["receives"]["indicated"])
            is_up = adapter["connected"]
            table.add_row(
                Text(adapter["name"]),
                _state(adapter["state"] if is_up else "no link", is_fine=is_up and adapter["state"] == "running"),
                per_second(sent),
                per_second(indicated),
                f"{sends['in_flight']:,}",
                f"{receives['lent']:,}",
                f"{sends['failed'] + sends['refused']:,}",
            )
    return table


def _hardware(pairs: Sequence[_Pair]) -> Table:
    table = _table("hardware", "tx ring", "rx ring", "sends", "receives", "irq/s", "lost")
    for pair in pairs:
        for now, past in pair.hardware():
            numbers = now["statistics"]
            before = {} if past is None else past["statistics"]
            lost = sum(numbers.get(name, 0) for name in _LOST)
            table.add_row(
                Text(now["name"]),
                _ring(now, "tx"),
                _ring(now, "rx"),
                bits_per_second(pair.rate(_bits(numbers, "tx"), _bits(before, "tx"))),
                bits_per_second(pair.rate(_bits(numbers, "rx"), _bits(before, "rx"))),
                per_second(pair.rate(numbers.get("interrupts"), before.get("interrupts"))),
                Text(f"{lost:,}", style="red" if lost else ""),
            )
    return table


def _pools(pairs: Sequence[_Pair]) -> Table:
    table = _table("pool", "out", "most", "waiting", "waits", "longest", "refused")
    for pair in pairs:
        for pool in _all_pools(pair):
            table.add_row(
                Text(pool["name"]),
                Text(f"{pool['outstanding']}/{pool['capacity']}", style="yellow" if pool["waiting"] else ""),
                f"{pool['max_outstanding']:,}",
                f"{pool['waiting']:,}",
                f"{pool['delayed']:,}",
                duration(pool["longest_wait"]) if pool["delayed"] else "",
                f"{pool['denied']:,}",
            )
    return table


def _all_pools(pair: _Pair) -> Iterator[PoolView]:
    """Those that were ever used."""
    pools = [pool for binding in pair.now["bindings"] for pool in binding["pools"]]
    pools += [pool for adapter, _ in pair.adapters() for pool in adapter["pools"]]
    return (pool for pool in pools if pool["max_outstanding"])


def _tasks(views: Sequence[StackView]) -> Text:
    """All tasks of the loops; stacks of one loop have the same."""
    tasks: dict[str, int] = {}
    for view in views:
        tasks |= view["tasks"]
    things = (
        plural(sum(tasks.values()), "task"),
        plural(sum(view["timers"] for view in views), "timer"),
        plural(sum(view["dpcs"] for view in views), "DPC"),
        plural(sum(view["work_items"] for view in views), "work item"),
    )
    return Text(", ".join(things))


def _ring(hardware: HardwareView, which: str) -> Text:
    ring = hardware["rings"].get(which)
    if ring is None:
        return Text("")
    used, size = ring
    is_full, is_empty = (
        which == "tx" and used >= size,
        which == "rx" and not used and hardware["kind"] == "BusMasterNic",
    )
    return Text(f"{used}/{size}", style="yellow" if is_full or is_empty else "")


def _state(state: str, *, is_fine: bool) -> Text:
    return Text(state, style="green" if is_fine else "yellow")


def _bits(numbers: Mapping[str, float], way: str) -> float | None:
    """All that were sent, or received; hardware counts bytes by kinds of frames, if it does."""
    octets = [value for name, value in numbers.items() if name.startswith(way) and name.endswith("_bytes")]
    return 8 * sum(octets) if octets else None
