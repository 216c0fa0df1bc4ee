"""Orders that a fair walk through the schedules hardly ever takes, and others that a strict one never does."""

import asyncio

from .cases import LIVELOCK, bug
from .parts import io


async def _lap(*, looks: bool, laps: int = 32) -> None:
    """A reader follows a log in a ring; the writer does not wait for it."""
    ring = [0] * laps
    written = 0

    async def read_first() -> None:
        cursor = 0
        await io()  # opens its output
        if looks and written > cursor + laps:
            return  # reports that it was overrun
        assert ring[cursor % laps] in (0, 1), "the entry was written over"

    async def write() -> None:
        nonlocal written
        for number in range(1, laps + 2):
            ring[written % laps] = number
            written += 1
            await io()

    await asyncio.gather(read_first(), write())


async def reader_notices_the_lap() -> None:
    await _lap(looks=True)


@bug("reader-is-lapped", fixed=reader_notices_the_lap, depth=1)
async def reader_misses_the_lap() -> None:
    """A reader sleeps while the writer goes once round the ring of 32, and reads another entry than it meant."""
    await _lap(looks=False)


async def _lease(*, checks: bool) -> None:
    """A lease is good for thirty turns of its server; its holder writes once it has it."""
    turn = 0
    holder = "slow"

    async def slow() -> None:
        await io()  # collects garbage
        if checks and turn > 30:
            return
        assert holder == "slow", "somebody writes with a lease that has expired"

    async def serve() -> None:
        nonlocal turn, holder
        for _ in range(34):
            turn += 1
            await io()
            if turn > 30:
                holder = "another"

    await asyncio.gather(slow(), serve())


async def lease_checked() -> None:
    await _lease(checks=True)


@bug("lease-outlived", fixed=lease_checked, depth=1)
async def lease_trusted() -> None:
    """The holder of a lease sleeps for thirty turns of the server between getting it and using it."""
    await _lease(checks=False)


async def _lap_twice(*, starts_over: bool, laps: int = 12) -> None:
    """A reader of a ring goes on at the newest entry when it was overrun, once."""
    ring = [0] * laps
    written = 0

    async def read() -> None:
        for attempt in range(2):
            cursor = written
            await io()  # opens its output
            if written <= cursor + laps:
                assert ring[cursor % laps] <= cursor + 1
                return
            assert attempt == 0 or starts_over, "overrun again"

    async def write() -> None:
        nonlocal written
        for number in range(1, 3 * laps):
            ring[written % laps] = number
            written += 1
            await io()

    await asyncio.gather(read(), write())


async def reader_starts_over() -> None:
    await _lap_twice(starts_over=True)


@bug("reader-is-lapped-twice", fixed=reader_starts_over, depth=3)
async def reader_starts_over_once() -> None:
    """The writer goes round the ring twice, and in between the reader takes exactly one step."""
    await _lap_twice(starts_over=False)


async def _needle(*, is_atomic: bool) -> None:
    """Twelve busy tasks, one of which leaves two words out of step for one turn; a watchdog looks once."""
    words = [0, 0]

    async def idle() -> None:
        await io(6)

    async def update() -> None:
        await io(2)
        words[0] = 1
        if not is_atomic:
            await io()
        words[1] = 1

    async def watch() -> None:
        await io(9)
        assert words[0] == words[1], "the words are out of step"

    await asyncio.gather(*(idle() for _ in range(5)), update(), *(idle() for _ in range(5)), watch())


async def needle_atomic() -> None:
    await _needle(is_atomic=True)


@bug("one-turn-among-twelve-tasks", fixed=needle_atomic, depth=2)
async def needle_in_a_haystack() -> None:
    """A watchdog has to look in the one turn in which one of twelve tasks has updated only half of its state."""
    await _needle(is_atomic=False)


async def _reassemble(count: int, *, sorts: bool) -> None:
    """Fragments come in any order; they are put together by a simple insertion from the back."""
    fragments: list[int] = []
    complete: list[int] = []

    def insert(fragment: int) -> None:
        place = len(fragments)
        steps = 0
        while place and fragments[place - 1] > fragment:
            place -= 1
            steps += 1
            if not sorts and steps == count - 1:
                place += 1  # off by one, in the last iteration that is possible
                break
        fragments.insert(place, fragment)

    async def deliver(fragment: int) -> None:
        await io()
        insert(fragment)

    await asyncio.gather(*(deliver(fragment) for fragment in range(count)))
    complete.extend(fragments)
    assert complete == list(range(count)), f"put together wrongly: {complete}"


async def four_fragments_sorted() -> None:
    await _reassemble(4, sorts=True)


@bug("last-fragment-last-place", fixed=four_fragments_sorted, depth=3)
async def four_fragments() -> None:
    """The first of four fragments comes after all others, which is the only way to reach the wrong branch."""
    await _reassemble(4, sorts=False)


async def _start_services(count: int, *, recurses: bool) -> None:
    """Each service needs the next one; when that comes up, it starts the one that is parked before it."""
    up: set[int] = set()
    parked: set[int] = set()

    def start(service: int, nesting: int = 1) -> None:
        assert nesting < count or not recurses, "starts are nested too deeply"
        if service + 1 < count and service + 1 not in up:
            parked.add(service)
            return
        up.add(service)
        if service - 1 in parked:
            parked.remove(service - 1)
            start(service - 1, nesting + 1)

    async def boot(service: int) -> None:
        await io()
        start(service)

    await asyncio.gather(*(boot(service) for service in reversed(range(count))))
    assert len(up) == count


async def services_started_one_by_one() -> None:
    await _start_services(5, recurses=False)


@bug("starts-nested-too-deeply", fixed=services_started_one_by_one, depth=4)
async def services_started_by_recursion() -> None:
    """The last of five services comes up after all that wait for it, so that their starts are nested five deep."""
    await _start_services(5, recurses=True)


async def _tug_of_war(*, backs_off: bool) -> None:
    """A reader reads two words without a lock, and tries again when it finds that they were written meanwhile."""
    version = 0
    words = [0, 0]

    async def write() -> None:
        nonlocal version
        for number in range(1, 7):
            version += 1
            words[:] = [number, number]
            await io(2)

    async def read() -> None:
        for _ in range(4):
            before = version
            first = words[0]
            await io()
            if version == before:
                assert first == words[1]
                return
        assert backs_off, "the reader gave up"
        assert words[0] == words[1]  # reads in one go

    await asyncio.gather(read(), write())


async def reader_backs_off() -> None:
    await _tug_of_war(backs_off=True)


@bug("optimistic-reader-gives-up", fixed=reader_backs_off, depth=6)
async def reader_gives_up() -> None:
    """A writer comes between in each of four attempts to read, so that the two have to alternate all the time."""
    await _tug_of_war(backs_off=False)


async def _spin_for_phase(*, or_later: bool) -> None:
    """A follower spins for a bounded time until the first phase is reached; the leader goes on to the second."""
    phase = 0
    reached = asyncio.Event()

    async def lead() -> None:
        nonlocal phase
        await io(2)
        phase = 1
        reached.set()
        await io(4)
        phase = 2

    async def follow() -> None:
        await reached.wait()
        while phase != 1 and not (or_later and phase > 1):
            await io()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(lead())
        tasks.create_task(follow())


async def phase_or_later() -> None:
    await _spin_for_phase(or_later=True)


@bug("spins-for-a-phase-that-is-over", fixed=phase_or_later, depth=1, kind=LIVELOCK)
async def phase_exactly() -> None:
    """A follower that is woken late spins for ever until a phase comes that has been and gone."""
    await _spin_for_phase(or_later=False)
