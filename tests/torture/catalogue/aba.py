"""Something looks the same as before, and is another: an identity, a slot or a value came back meanwhile."""

import asyncio
import contextlib
from dataclasses import dataclass

from .cases import bug
from .parts import io


@dataclass
class _Node:
    name: str
    below: "_Node | None" = None


class _Stack:
    """A stack after Treiber: look at the top, prepare, and swap if the top is still the same."""

    def __init__(self, *, is_tagged: bool) -> None:
        self.is_tagged = is_tagged
        self.tag = 0
        self.top: _Node | None = None

    def swap(self, top: _Node | None, tag: int, new: _Node | None) -> bool:
        if self.top is not top or (self.is_tagged and self.tag != tag):
            return False
        self.top, self.tag = new, self.tag + 1
        return True

    async def pop(self) -> _Node | None:
        while (top := self.top) is not None:
            tag, below = self.tag, top.below
            await io()
            if self.swap(top, tag, below):
                return top
        return None

    def push(self, node: _Node) -> None:
        node.below = self.top
        self.swap(self.top, self.tag, node)


async def _pop_and_push(stack: _Stack) -> None:
    """One takes a node; another takes two and puts the first back. No node may be out twice."""
    for name in "cba":
        stack.push(_Node(name))
    out: set[str] = set()

    def take(node: _Node | None) -> None:
        if node is not None:
            assert node.name not in out, f"node {node.name} was handed out twice"
            out.add(node.name)

    async def take_one() -> None:
        take(await stack.pop())

    async def juggle() -> None:
        await io(4)
        first = await stack.pop()
        take(first)
        take(await stack.pop())
        if first is not None:
            out.remove(first.name)
            stack.push(first)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(take_one())
        tasks.create_task(juggle())
    while (rest := await stack.pop()) is not None:
        take(rest)


async def stack_with_tags() -> None:
    await _pop_and_push(_Stack(is_tagged=True))


@bug("treiber-stack", fixed=stack_with_tags, depth=2)
async def stack_without_tags() -> None:
    """The top of a stack was taken and put back while a pop prepared: the swap brings back a node that is out."""
    await _pop_and_push(_Stack(is_tagged=False))


class _Desk:
    """Gives out ticket numbers from a small range, and delivers answers by number."""

    def __init__(self, *, has_generations: bool) -> None:
        self.has_generations = has_generations
        self.generation = 0
        self.waiting: dict[int, tuple[int, str, asyncio.Future[str]]] = {}
        self.late: set[asyncio.Task[None]] = set()

    async def ask(self, question: str, *, patience: int, slowness: int) -> str | None:
        ticket = min({0, 1} - set(self.waiting))
        self.generation += 1
        answer = asyncio.get_running_loop().create_future()
        self.waiting[ticket] = (self.generation, question, answer)
        task = asyncio.create_task(self.answer(ticket, self.generation, question, slowness))
        self.late.add(task)
        task.add_done_callback(self.late.discard)
        await io(patience)
        del self.waiting[ticket]
        return answer.result() if answer.done() else None

    async def answer(self, ticket: int, generation: int, question: str, slowness: int) -> None:
        await io(slowness)
        entry = self.waiting.get(ticket)
        if entry is None or (self.has_generations and entry[0] != generation):
            return
        if not entry[2].done():
            entry[2].set_result(f"answer to {question}")


async def _ask_twice(desk: _Desk) -> None:
    for question in ("first", "second"):
        answer = await desk.ask(question, patience=6, slowness=2)
        assert answer in (None, f"answer to {question}"), f"{question} got the {answer}"
    await asyncio.gather(*desk.late)


async def tickets_with_generations() -> None:
    await _ask_twice(_Desk(has_generations=True))


@bug("ticket-reused", fixed=tickets_with_generations, depth=2)
async def tickets_without_generations() -> None:
    """An answer comes when its ticket has been given out again, and is delivered to the wrong one."""
    await _ask_twice(_Desk(has_generations=False))


async def _watch_value(*, by_version: bool) -> None:
    """A follower copies a setting whenever it has changed; changes must not pass unnoticed."""
    value, version = "off", 0
    reloads = 0

    def change(new: str) -> None:
        nonlocal value, version
        value, version = new, version + 1

    async def follow() -> None:
        nonlocal reloads
        seen = ("off", 0)
        for _ in range(6):
            await io()
            has_changed = seen[1] != version if by_version else seen[0] != value
            reloads += has_changed
            seen = (value, version)
        await switching
        reloads += seen[1] != version if by_version else seen[0] != value

    async def switch() -> None:
        await io()
        change("on")
        await io(3)
        change("off")

    async with asyncio.TaskGroup() as tasks:
        following = tasks.create_task(follow())
        switching = tasks.create_task(switch())
    assert following.done()
    assert reloads, "a change was not noticed"


async def changes_seen_by_version() -> None:
    await _watch_value(by_version=True)


@bug("switched-on-and-off", fixed=changes_seen_by_version, depth=3)
async def changes_seen_by_value() -> None:
    """A setting is changed and changed back between two looks, so that it seems never to have changed."""
    await _watch_value(by_version=False)


async def _registry(*, looks: bool) -> None:
    """One task for each key; a new one for the same key replaces the old one."""
    running: dict[str, asyncio.Task[None]] = {}

    async def work() -> None:
        try:
            await io(2)
        finally:
            if not looks or running.get("key") is asyncio.current_task():
                running.pop("key", None)

    def start() -> "asyncio.Task[None]":
        if (old := running.get("key")) is not None:
            old.cancel()
        running["key"] = task = asyncio.create_task(work())
        return task

    first = start()
    await io(5)
    second = start()
    await asyncio.wait({first})
    assert second.done() or running.get("key") is second, "the running task is not in the registry"
    with contextlib.suppress(asyncio.CancelledError):
        await second


async def registry_looks() -> None:
    await _registry(looks=True)


@bug("successor-removed", fixed=registry_looks, depth=2)
async def registry_does_not_look() -> None:
    """A task that was replaced removes its successor from the registry when it ends."""
    await _registry(looks=False)


async def _retry_by_sequence(*, modulus: int) -> None:
    """Requests carry a short sequence number; the answer to an old one may be very late."""
    answers: list[int] = []

    async def old_answer() -> None:
        await io()
        answers.append(0)

    async def client() -> None:
        for number in range(1, 13):
            await io()
            assert number % modulus not in answers, "an old answer was taken for a new one"
            answers.clear()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(old_answer())
        tasks.create_task(client())


async def wide_sequence() -> None:
    await _retry_by_sequence(modulus=1 << 16)


@bug("sequence-wraps", fixed=wide_sequence, depth=2)
async def narrow_sequence() -> None:
    """A sequence number comes round while one answer is on its way, which is then taken for the new one."""
    await _retry_by_sequence(modulus=8)
