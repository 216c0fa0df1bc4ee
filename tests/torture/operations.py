"""Small steps over one shared world, to hold what the tracker says of them against what really happens."""

import asyncio
import bisect
import contextvars
import copy
import functools
import heapq
import itertools
import json
import operator
import random
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

__all__ = ["OPERATIONS", "World", "perform"]

level: int = 0


@dataclass
class Point:
    """A plain object with equality by value."""

    x: int = 1
    y: int = 2


class Slotted:
    """An object without a dictionary."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 1


class Account:
    """An object with everything that Python lets an attribute be."""

    total = 10

    def __init__(self) -> None:
        self.amount = 5

    @property
    def doubled(self) -> int:
        return self.amount * 2

    @doubled.setter
    def doubled(self, value: int) -> None:
        self.amount = value // 2

    @functools.cached_property
    def cached(self) -> int:
        return self.amount + 100

    def __getattr__(self, name: str) -> int:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.amount + len(name)

    def __len__(self) -> int:
        return self.amount

    def __contains__(self, item: int) -> bool:
        return item == self.amount

    def __getitem__(self, item: int) -> int:
        return self.amount + item

    def __setitem__(self, item: int, value: int) -> None:
        self.amount = item + value

    def __add__(self, other: int) -> int:
        return self.amount + other

    def __enter__(self) -> int:
        self.amount += 1
        return self.amount

    def __exit__(self, *_: object) -> None:
        self.amount *= 2


class Stack(list[int]):
    """A list with something of its own."""

    def push(self, value: int) -> None:
        self.append(value)
        super().sort()


def _numbers(account: Account) -> Iterator[int]:
    while True:
        account.amount += 1
        yield account.amount


@functools.cache
def _remembered(value: int) -> list[int]:
    return [value]


variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)


@dataclass
class World:
    """What the steps share."""

    numbers: list[int] = field(default_factory=lambda: [3, 1, 2])
    nested: list[list[int]] = field(default_factory=lambda: [[1], [2]])
    table: dict[str, int] = field(default_factory=lambda: {"a": 1, "b": 2})
    members: set[int] = field(default_factory=lambda: {1, 2})
    line: deque[int] = field(default_factory=lambda: deque([1, 2, 3], 5))
    groups: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=lambda: Counter("aab"))
    ordered: OrderedDict[str, int] = field(default_factory=lambda: OrderedDict(a=1, b=2))
    data: bytearray = field(default_factory=lambda: bytearray(b"abc"))
    point: Point = field(default_factory=Point)
    slotted: Slotted = field(default_factory=Slotted)
    account: Account = field(default_factory=Account)
    stack: Stack = field(default_factory=Stack)
    counter: Iterator[int] = field(default_factory=itertools.count)
    dice: random.Random = field(default_factory=lambda: random.Random(0))
    cell: list[Callable[..., int]] = field(default_factory=list[Callable[..., int]])

    def __post_init__(self) -> None:
        self.walk = iter(self.numbers)
        self.pairs = zip(self.numbers, self.line, strict=False)
        self.mapped = map(self.line.count, self.numbers)
        self.generated = _numbers(self.account)
        self.view = self.table.keys()
        self.window = memoryview(self.data)
        shared = 0

        def get() -> int:
            return shared

        def put(value: int) -> int:
            nonlocal shared
            shared += value
            return shared

        self.cell = [get, put]
        self.push = self.numbers.append
        self.bound = functools.partial(self.members.add, 9)
        self.future: asyncio.Future[int] = asyncio.Future(loop=_Loop())  # type: ignore[arg-type]  # as much as it needs

    def snapshot(self) -> str:
        """Everything that can be seen of it."""
        parts = [self.numbers, self.nested, list(self.table.items()), sorted(self.members), self.line, self.groups]
        more = [list(self.ordered.items()), self.data, self.point, self.slotted.value, self.account.amount]
        rest = [vars(self.account), list(self.stack), self.counts, self.cell[0](), self.dice.getstate()[1][-1]]
        last = [level, Account.total, variable.get(), repr(self.counter), self.future.done()]
        return repr([parts, more, rest, last])


class _Loop:
    """As much of a loop as a future needs."""

    def get_debug(self) -> bool:
        return False

    def call_soon(self, *_: object, **__: object) -> None:
        """Nothing waits."""

    def is_running(self) -> bool:
        return False

    def call_exception_handler(self, context: object) -> None:
        """Nobody minds."""


def _set_level(value: int) -> None:
    global level  # noqa: PLW0603 - a global is what it is about
    level = value


def _match(world: World) -> Any:
    match world.point:
        case Point(x=1, y=y):
            return y
        case _:
            return None


def _match_table(world: World) -> Any:
    match world.table:
        case {"a": 1, **rest}:
            return sorted(rest)
        case _:
            return None


def _store_item(container: Any, key: Any, value: Any) -> None:
    container[key] = value


def _delete_item(container: Any, key: Any) -> None:
    del container[key]


def _add_in_place(container: Any, value: Any) -> None:
    container += value


def _set_x(world: World, value: int) -> None:
    world.point.x = value


def _set_total(value: int) -> None:
    Account.total = value


def _set_doubled(world: World) -> None:
    world.account.doubled = 40


def _enter(world: World) -> int:
    with world.account as amount:
        return amount


def _unpack(world: World) -> Any:
    first, *rest = world.numbers
    return first, rest


def _store_slice(world: World) -> None:
    world.numbers[0:1] = world.line


def _catch(world: World) -> str:
    try:
        return str(world.table["missing"])
    except KeyError as error:
        return str(error)


def _set_slotted(world: World) -> None:
    world.slotted.value += 1


def _set_memory(world: World) -> None:
    world.window[0] = 122


OPERATIONS: dict[str, Callable[[World], Any]] = {
    "list.append": lambda world: world.numbers.append(7),
    "list.pop": lambda world: world.numbers.pop() if world.numbers else None,
    "list.sort": lambda world: world.numbers.sort(),
    "list.sort by key": lambda world: world.numbers.sort(key=world.line.count),
    "list[0]": lambda world: world.numbers[0] if world.numbers else None,
    "list[-1]": lambda world: world.numbers[-1] if world.numbers else None,
    "list[0] = ": lambda world: _store_item(world.numbers, 0, 8) if world.numbers else None,
    "list[:2]": lambda world: world.numbers[:2],
    "list[0:1] = ": _store_slice,
    "del list[0]": lambda world: _delete_item(world.numbers, 0) if world.numbers else None,
    "list += ": lambda world: _add_in_place(world.numbers, world.line),
    "len(list)": lambda world: len(world.numbers),
    "if list": lambda world: "some" if world.numbers else "none",
    "not list": lambda world: not world.numbers,
    "list or": lambda world: len(world.numbers or [0, 0, 0, 0]),
    "in list": lambda world: 7 in world.numbers,
    "for in list": lambda world: [number for number in world.numbers],  # noqa: C416 - a comprehension
    "sorted(list)": lambda world: sorted(world.numbers),
    "sum(list)": lambda world: sum(world.numbers),
    "max by key": lambda world: max([1, 2, 3], key=world.line.count),
    "repr(nested)": lambda world: repr(world.nested),
    "f nested": lambda world: f"{world.nested}",
    "nested == ": lambda world: world.nested == [[1], [2]],
    "nested[0].append": lambda world: world.nested[0].append(5),
    "copy nested": lambda world: [*map(list, world.nested)],
    "deepcopy": lambda world: copy.deepcopy(world.nested),
    "json": lambda world: json.dumps(world.nested),
    "tuple in tuple": lambda world: (world.nested, 1) == ([[1], [2]], 1),
    "%": lambda world: "%s" % (world.nested,),  # noqa: UP031 - it has an instruction of its own
    "str.join": lambda world: ",".join(map(str, world.numbers)),
    "str.format": lambda world: "{}".format(world.nested),  # noqa: UP032 - the call is what is tracked
    "unpack": _unpack,
    "[*list]": lambda world: [*world.numbers],
    "max(*list)": lambda world: max(*world.numbers, 0, 0),
    "dict[a]": lambda world: world.table.get("a"),
    "dict[a] = ": lambda world: _store_item(world.table, "a", 5),
    "dict[b] = ": lambda world: _store_item(world.table, "b", 6),
    "dict[c] = ": lambda world: _store_item(world.table, "c", 7),
    "dict[d] = ": lambda world: _store_item(world.table, "d", 8),
    "dict.pop(a)": lambda world: world.table.pop("a", None),
    "dict.pop(c)": lambda world: world.table.pop("c", None),
    "dict.setdefault": lambda world: world.table.setdefault("c", 9),
    "dict.update": lambda world: world.table.update(a=world.numbers[0] if world.numbers else 0),
    "dict(**)": lambda world: dict(**world.table),
    "dict |= ": lambda world: _add_or(world.table, {"e": 1}),
    "list(dict)": lambda world: list(world.table),
    "len(dict)": lambda world: len(world.table),
    "in dict": lambda world: "c" in world.table,
    "in view": lambda world: "c" in world.view,
    "list(view)": lambda world: list(world.view),
    "dict.items": lambda world: [value for _, value in world.table.items()],
    "missing": _catch,
    "dict.clear": lambda world: world.table.clear(),
    "set.add": lambda world: world.members.add(3),
    "set.add again": lambda world: world.members.add(1),
    "set.discard": lambda world: world.members.discard(3),
    "set.discard 1": lambda world: world.members.discard(1),
    "in set": lambda world: 3 in world.members,
    "set |": lambda world: sorted(world.members | {8}),
    "set.pop": lambda world: world.members.pop() if world.members else None,
    "len(set)": lambda world: len(world.members),
    "deque.append": lambda world: world.line.append(4),
    "deque.popleft": lambda world: world.line.popleft() if world.line else None,
    "deque.rotate": lambda world: world.line.rotate(1),
    "deque[0]": lambda world: world.line[0] if world.line else None,
    "list(deque)": lambda world: list(world.line),
    "deque truth": lambda world: bool(world.line),
    "groups[a]": lambda world: len(world.groups["a"]),
    "groups[a].append": lambda world: world.groups["a"].append(1),
    "a in groups": lambda world: "a" in world.groups,
    "counts": lambda world: world.counts["a"],
    "counts +=": lambda world: world.counts.update(["a"]),
    "most common": lambda world: world.counts.most_common(1),
    "move_to_end": lambda world: world.ordered.move_to_end("a"),
    "ordered first": lambda world: next(iter(world.ordered)),
    "bytearray[0]": lambda world: world.data[0],
    "bytearray[0] = ": lambda world: _store_item(world.data, 0, 120),
    "memoryview[0] = ": _set_memory,
    "memoryview[0]": lambda world: world.window[0],
    "bytes()": lambda world: bytes(world.data),
    "attribute": lambda world: world.point.x,
    "attribute = ": lambda world: _set_x(world, 9),
    "attribute y": lambda world: world.point.y,
    "setattr": lambda world: setattr(world.point, "x", 11),
    "getattr": lambda world: getattr(world.point, "x", None),
    "vars": lambda world: vars(world.point)["x"],
    "vars = ": lambda world: _store_item(vars(world.point), "x", 12),
    "__dict__ = ": lambda world: _store_item(world.point.__dict__, "x", 13),
    "attrgetter": lambda world: operator.attrgetter("x")(world.point),
    "== objects": lambda world: world.point == Point(),
    "repr object": lambda world: repr(world.point),
    "in list of objects": lambda world: world.point in [Point(9, 2), Point(8, 2)],
    "match": _match,
    "match table": _match_table,
    "slot": lambda world: world.slotted.value,
    "slot += ": _set_slotted,
    "class attribute": lambda world: world.account.total,
    "class attribute = ": lambda world: _set_total(11),
    "global": lambda world: level,
    "global = ": lambda world: _set_level(2),
    "globals()": lambda world: globals()["level"],
    "globals() = ": lambda world: _store_item(globals(), "level", 3),
    "property": lambda world: world.account.doubled,
    "property = ": _set_doubled,
    "cached": lambda world: world.account.cached,
    "__getattr__": lambda world: world.account.whatever,
    "len(object)": lambda world: len(world.account),
    "in object": lambda world: 5 in world.account,
    "object[1]": lambda world: world.account[1],
    "object[1] = ": lambda world: _store_item(world.account, 1, 1),
    "object + ": lambda world: world.account + 1,
    "with": _enter,
    "stack.push": lambda world: world.stack.push(4),
    "stack[0]": lambda world: world.stack[0] if world.stack else None,
    "next(count)": lambda world: next(world.counter),
    "next(list iterator)": lambda world: next(world.walk, None),
    "next(zip)": lambda world: next(world.pairs, None),
    "next(map)": lambda world: next(world.mapped, None),
    "next(generator)": lambda world: next(world.generated),
    "for generator": lambda world: list(itertools.islice(world.generated, 2)),
    "random": lambda world: world.dice.random(),
    "randint": lambda world: world.dice.randint(1, 6),
    "shuffle": lambda world: world.dice.shuffle(world.numbers),
    "closure": lambda world: world.cell[0](),
    "closure = ": lambda world: world.cell[1](3),
    "bound append": lambda world: world.push(6),
    "partial": lambda world: world.bound(),
    "map append": lambda world: list(map(world.numbers.append, [1])),
    "heappush": lambda world: heapq.heappush(world.numbers, 0),
    "heappop": lambda world: heapq.heappop(world.numbers) if world.numbers else None,
    "bisect": lambda world: bisect.bisect(world.numbers, 2),
    "insort": lambda world: bisect.insort(world.numbers, 2),
    "variable": lambda world: variable.get(),
    "variable = ": lambda world: variable.set(5).var is variable,
    "lru_cache": lambda world: _remembered(1)[-1],
    "lru_cache = ": lambda world: _remembered(1).append(5),
    "future.done": lambda world: world.future.done(),
    "future.set_result": lambda world: None if world.future.done() else world.future.set_result(1),
    "future.cancel": lambda world: world.future.cancel(),
    "future.cancelled": lambda world: world.future.cancelled(),
    "reduce": lambda world: functools.reduce(operator.add, world.numbers, 0),
    "any": lambda world: any(number > 6 for number in world.numbers),
    "setitem function": lambda world: operator.setitem(world.table, "a", 77),
    "list.__setitem__": lambda world: list[int].__setitem__(world.numbers, 0, 9) if world.numbers else None,
    "object.__setattr__": lambda world: object.__setattr__(world.point, "x", 21),
    "own": lambda world: [1].pop() + len({1: 2}) + sum(range(3)),
}


def _add_or(table: dict[str, int], other: dict[str, int]) -> None:
    table |= other


def perform(world: World, name: str) -> str:
    """Do a step.

    :returns: what it came to
    """
    try:
        return repr(OPERATIONS[name](world))
    except (IndexError, StopIteration, RuntimeError, ValueError, asyncio.InvalidStateError) as error:
        return repr(error)


def fresh() -> World:
    """A world in which nothing happened, globals included."""
    _set_level(0)
    _set_total(10)
    variable.set(0)
    _remembered.cache_clear()
    return World()
