"""A stack in full, as text: what each part is, what it holds, and who has what is out."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import wrap

from rich.text import Text

from asyncndis.ndis.snapshots import (
    DETAILS_MAX,
    AdapterView,
    BindingView,
    HardwareView,
    InterruptView,
    PoolView,
    RequestView,
    StackView,
    TimerView,
)

from .figures import duration, of, plural

__all__ = ["describe"]

_INDENT = 18
_ROOM_MIN = 30
_CELL = 34  # a register: its name, its value, and a gap
_NOTHING = "none"

Row = tuple[str, str]


def describe(view: StackView, width: int | None = None) -> Text:
    """All that a snapshot with details tells, from the top down.

    :param width: to which lines are broken; None for a fact a line
    """
    parts = [_part("stack", view["name"], f"process {view['pid']}", _of_stack(view), width)]
    parts += [
        _part("binding", binding["name"], binding["state"], _of_binding(binding), width)
        for binding in reversed(view["bindings"])
    ]
    for adapter in reversed(view["adapters"]):
        link = "connected" if adapter["connected"] else "not connected"
        parts.append(_part("adapter", adapter["name"], f"{adapter['state']}, {link}", _of_adapter(adapter), width))
        hardware = adapter["hardware"]
        if hardware is not None:
            parts.append(_part("hardware", hardware["name"], hardware["kind"], _of_hardware(hardware, width), width))
    return Text("\n").join(parts)


def _part(kind: str, name: str, state: str, rows: Iterable[Row], width: int | None) -> Text:
    """One thing: a heading, and what there is to say."""
    text = Text.assemble((f"{kind} ", "dim"), (name, "bold cyan"), f"  {state}\n")
    before = ""
    for label, sentence in rows:
        lines = _broken(sentence, width)
        text.append("" if label == before else f"  {label}", style="dim")
        text.append(" " * (_INDENT - (0 if label == before else len(label) + 2)) + lines[0] + "\n")
        text.append("".join(" " * _INDENT + line + "\n" for line in lines[1:]))
        before = label
    return text


def _broken(sentence: str, width: int | None) -> list[str]:
    lines = sentence.splitlines() or [""]
    if width is None:
        return lines
    room = max(_ROOM_MIN, width - _INDENT)
    return [piece for line in lines for piece in wrap(line, room, break_on_hyphens=False)]


def _of_stack(view: StackView) -> Iterator[Row]:
    yield "layers", view["line"]
    kernel = (
        plural(view["processors"], "processor"),
        f"{plural(view['timers'], 'timer')} armed",
        plural(view["dpcs"], "DPC"),
        plural(view["work_items"], "work item"),
    )
    yield "kernel", ", ".join(kernel)
    names = (name if count == 1 else f"{name} ({count})" for name, count in sorted(view["tasks"].items()))
    yield "tasks", ", ".join(names)


def _of_binding(binding: BindingView) -> Iterator[Row]:
    ether_type = binding["ether_type"]
    yield "protocol", binding["protocol"] + ("" if ether_type is None else f", EtherType {ether_type:#06x}")
    yield "adapter", binding["adapter"]
    yield from _of_filter(binding["filter"], binding["multicast"], binding["lookahead"])
    yield "sends", f"{binding['sends']:,} in flight"
    yield "receives", f"{binding['received']:,} received, {binding['lent']:,} lent"
    yield "requests", f"{binding['requests']:,} pending"
    yield from _of_pools(binding["pools"])


def _of_adapter(adapter: AdapterView) -> Iterator[Row]:
    yield "driver", f"{adapter['driver']}, {'serialized' if adapter['is_serialized'] else 'deserialized'}"
    yield "medium", f"{adapter['medium']}, {adapter['maximum_total_size']:,} bytes at most"
    yield "address", adapter["address"]
    yield "attributes", ", ".join(adapter["attributes"]) or _NOTHING
    yield "bindings", ", ".join(adapter["bindings"]) or _NOTHING
    if adapter["lower"]:
        yield "bound to", ", ".join(adapter["lower"])
    yield from _of_filter(adapter["filter"], adapter["multicast"], adapter["lookahead"])
    yield "sends", _numbers(adapter["sends"])
    yield from _grouped("in flight", _sends(adapter), adapter["sends"]["in_flight"])
    yield "receives", _numbers(adapter["receives"])
    yield from _grouped("lent", _loans(adapter), adapter["receives"]["lent"])
    yield "requests", f"{adapter['requests']:,} pending, {adapter['completed_requests']:,} completed"
    yield from (("pending", _request(request)) for request in adapter["pending"])
    yield "resets", f"{adapter['resets']:,}, {adapter['reset_state']}"
    yield from (("interrupt", _interrupt(interrupt)) for interrupt in adapter["interrupts"])
    yield from (("timer", _timer(timer)) for timer in adapter["timers"])
    yield from _of_pools(adapter["pools"])
    if adapter["shared_blocks"]:
        yield "shared memory", f"{adapter['shared_bytes']:,} bytes in {plural(adapter['shared_blocks'], 'block')}"
    if adapter["mapped"][1]:
        yield "map registers", f"{of(*adapter['mapped'])} mapped"


def _of_hardware(hardware: HardwareView, width: int | None) -> Iterator[Row]:
    for name, (used, size) in hardware["rings"].items():
        yield f"{name} ring", of(used, size)
    counted = [f"{_words(name)} {_value(value)}" for name, value in hardware["statistics"].items() if value]
    if hardware["statistics"]:
        yield "statistics", ", ".join(counted) or _NOTHING
    if hardware["registers"]:
        cells = [f"{name:<22}{value:#010x}" for name, value in hardware["registers"].items()]
        columns = 1 if width is None else max(1, (width - _INDENT + 2) // _CELL)
        rows = (cells[at : at + columns] for at in range(0, len(cells), columns))
        yield "registers", "\n".join("  ".join(row) for row in rows)


def _of_filter(flags: Sequence[str], multicast: Sequence[str], lookahead: int) -> Iterator[Row]:
    yield "filter", ", ".join(flags) or _NOTHING
    yield "multicast list", ", ".join(multicast) or _NOTHING
    if lookahead:
        yield "lookahead", f"{lookahead:,} bytes"


def _of_pools(pools: Iterable[PoolView]) -> Iterator[Row]:
    for pool in pools:
        waits = f", {plural(pool['delayed'], 'wait')} of at most {duration(pool['longest_wait'])}" * bool(
            pool["delayed"]
        )
        refused = f", {pool['denied']:,} refused" * bool(pool["denied"])
        waiting = f", {pool['waiting']:,} waiting" * bool(pool["waiting"])
        out = of(pool["outstanding"], pool["capacity"])
        yield "pool", f"{pool['name']}: {out} out, {pool['max_outstanding']:,} at most{waiting}{waits}{refused}"


def _sends(adapter: AdapterView) -> Iterator[tuple[str, int]]:
    for send in adapter["in_flight"]:
        place = "in the queue of NDIS" if send["is_queued"] else f"with {send['holder']}"
        yield f"of {send['binding']}, {place}, {send['state']}", send["length"]


def _loans(adapter: AdapterView) -> Iterator[tuple[str, int]]:
    for loan in adapter["lent"]:
        owed = (name if count == 1 else f"{name} ({count} times)" for name, count in loan["owed"].items())
        yield f"of {loan['pool']}, owed by {', '.join(owed) or 'nobody'}", loan["length"]


def _grouped(label: str, packets: Iterable[tuple[str, int]], total: int) -> Iterator[Row]:
    """Packets that differ in nothing but their length, in one line."""
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for what, length in packets:
        groups[what].append(length)
    for what, lengths in groups.items():
        shortest, longest = min(lengths), max(lengths)
        size = f"{shortest:,}" if shortest == longest else f"{shortest:,} to {longest:,}"
        yield label, f"{plural(len(lengths), 'packet')} {what}, {size} bytes"
    if total > DETAILS_MAX:
        yield label, f"and {total - DETAILS_MAX:,} more"


def _request(request: RequestView) -> str:
    verb = "query" if request["is_query"] else "set"
    return (
        f"{verb} of {request['oid']}, {request['length']} bytes, by {request['binding'] or 'NDIS'}, {request['state']}"
    )


def _interrupt(interrupt: InterruptView) -> str:
    shared = ", shared" * interrupt["shared"]
    return (
        f"vector {interrupt['vector']} at level {interrupt['level']}, {interrupt['mode']}{shared}: fired "
        f"{interrupt['fired']:,}, recognized {interrupt['recognized']:,}, DPCs {interrupt['dpcs']:,}"
    )


def _timer(timer: TimerView) -> str:
    state = "armed" if timer["armed"] else "not set"
    period = f" every {timer['period']:,} ms" * bool(timer["period"])
    due = ", its function due" * timer["pending"]
    return f"{timer['name']}: {state}{period}{due}, expired {timer['expired']:,}"


def _numbers(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{value:,} {_words(name)}" for name, value in counts.items() if value) or _NOTHING


def _words(name: str) -> str:
    return name.replace("_", " ")


def _value(value: object) -> str:
    return "yes" if value is True else f"{value:,}" if isinstance(value, int) else str(value)
