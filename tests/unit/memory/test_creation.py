"""A pool is created by one who holds no spin lock, awaited or entered, and is closed on every way out."""

from collections.abc import Generator

import anyio
import pytest
from anyio.lowlevel import checkpoint

from asyncndis.base import Profile, RuleViolation, observe
from asyncndis.kernel import Irql, Processor, SpinLock, at_irql
from asyncndis.memory import BufferPool, PoolCreation
from tests.support.worlds import Yielding, assert_pool_at_rest, rest
from tests.unit.memory.making import Diary

pytestmark = pytest.mark.every_loop


@pytest.fixture(autouse=True)
def nobody_is_raised() -> Generator[None]:
    with rest():
        yield


async def test_a_creation_is_awaited_or_entered() -> None:
    pool = await BufferPool.create(3, name="rx", profile=Profile.CE)
    assert repr(pool) == "<BufferPool 'rx' open, 0 of 3 out, 0 waiting>"
    assert (pool.name, pool.profile, pool.capacity, pool.closed) == ("rx", Profile.CE, 3, False)
    await assert_pool_at_rest(pool)
    async with BufferPool.create(3) as entered:
        await assert_pool_at_rest(entered)
    assert entered.closed
    async with pool as same:
        assert same is pool
    assert repr(pool) == "<BufferPool 'rx' closed, 0 of 3 out, 0 waiting>"


async def test_nothing_is_created_until_it_is_awaited() -> None:
    diary = Diary()
    with observe(diary):
        creation = BufferPool.create(3)
        assert isinstance(creation, PoolCreation)
        assert diary.seen == []
        pool = await creation
    assert diary.seen[:2] == [("before", "NdisAllocateBufferPool"), ("after", "NdisAllocateBufferPool")]
    assert diary.arguments[1] == (pool,)


async def test_it_is_closed_on_the_way_of_an_error() -> None:
    pools: list[BufferPool] = []

    async def fail() -> None:
        async with BufferPool.create(3) as pool:
            pools.append(pool)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert pools[0].closed


async def test_the_block_may_close_it_itself() -> None:
    async with BufferPool.create(3) as pool:
        pool.close()
    assert pool.closed


@pytest.mark.parametrize("profile", Profile)
async def test_not_with_a_spin_lock_held(profile: Profile) -> None:
    lock, inner = SpinLock("ring", profile=profile), SpinLock("stats", profile=profile)
    async with lock, inner:
        with pytest.raises(
            RuleViolation, match=r"^POOL-01: buffer pool 'rx' is allocated while .* holds stats, ring; release"
        ) as caught:
            await BufferPool.create(3, name="rx", profile=profile)
        assert caught.value.site.file == __file__
        with pytest.raises(RuleViolation, match=r"^POOL-01"):
            await BufferPool.create(3).__aenter__()
    await assert_pool_at_rest(await BufferPool.create(3))


async def test_the_locks_of_the_driven_processor_count() -> None:
    lock, cpu = SpinLock("ring"), Processor("CPU 1")
    with cpu:
        await lock.acquire()
    (await BufferPool.create(1)).close()
    with cpu:
        with pytest.raises(RuleViolation, match=r"^POOL-01: .* while CPU 1 holds ring"):
            await BufferPool.create(1)
        lock.release()


@pytest.mark.parametrize(("level", "is_legal"), [(Irql.APC, True), (Irql.DISPATCH, True), (Irql.DIRQL, False)])
async def test_not_above_dispatch_level(level: int, *, is_legal: bool) -> None:
    with at_irql(level):
        if is_legal:
            await BufferPool.create(1)
        else:
            with pytest.raises(RuleViolation, match=r"^IRQL-01: buffer pool 'rx' is allocated at DIRQL 3; pools are"):
                await BufferPool.create(1, name="rx")


async def test_what_a_probe_refuses_is_not_made() -> None:
    with observe(Diary(refuses="NdisAllocateBufferPool")), pytest.raises(RuleViolation, match=r"^TEST-01"):
        await BufferPool.create(1)


async def test_it_is_a_scheduling_point_under_a_scheduler() -> None:
    with observe(Yielding()), anyio.CancelScope() as scope:
        scope.cancel()
        await BufferPool.create(1)
    assert scope.cancelled_caught


async def test_many_create_pools_at_once() -> None:
    pools: list[BufferPool] = []

    async def create(number: int) -> None:
        await checkpoint()
        pools.append(await BufferPool.create(number))

    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(create, number)
    assert sorted(pool.capacity for pool in pools) == list(range(20))


def test_without_a_loop_there_is_no_pool() -> None:
    creation = BufferPool.create(1).__await__()
    with pytest.raises(RuntimeError, match="no event loop runs here"):
        next(creation)


def test_who_forgets_to_await_is_told() -> None:
    with pytest.raises(AttributeError, match=r"allocate: buffer pool 'rx' is not created yet; write await create\(\)"):
        _ = BufferPool.create(2, name="rx").allocate


def test_who_calls_the_class_is_told() -> None:
    with pytest.raises(TypeError, match=r"pool = await BufferPool\.create\(count\)"):
        BufferPool(2)  # type: ignore[call-arg]  # the mistake of a newcomer
