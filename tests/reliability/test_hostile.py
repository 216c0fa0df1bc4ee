"""Bad input to every public callable: only documented errors come out, and nothing has changed afterwards."""

import asyncio
import inspect
from contextlib import AbstractContextManager
from typing import Any

import anyio
import pytest

from asyncndis.base import NdisError, RuleViolation
from asyncndis.kernel import Kernel
from asyncndis.kernel.processors import raised
from asyncndis.memory import BufferPool, PacketPool, PoolCreation
from tests.reliability.hostile import PUBLIC, Public, World, snapshot
from tests.support.loops import run_on

DOCUMENTED = (TypeError, ValueError, NdisError, RuleViolation, anyio.WouldBlock)


def is_documented(error: BaseException | None) -> bool:
    """RuntimeError itself is for what is called where it cannot be; Python's own kinds of it are accidents."""
    return error is None or isinstance(error, DOCUMENTED) or type(error) is RuntimeError


def are_sound(world: World) -> bool:
    """No pool has more or fewer descriptors than before."""
    pools = [pool for pool in world.subjects.values() if isinstance(pool, (BufferPool, PacketPool))]
    seen = [pool.statistics() for pool in pools]
    taken = [one.outstanding + one.in_hand for one in seen]
    return all(one.free + out == max(one.capacity, out) for one, out in zip(seen, taken, strict=True))


async def outcome(world: World, public: Public, changed: dict[str, object]) -> BaseException | None:
    """The error of a call with good arguments but for the changed ones."""
    required = {parameter: world.argument(public, parameter) for parameter in public.required}
    function = public.of(world)
    try:
        result = function(**(required | changed))
        if inspect.iscoroutine(result) or isinstance(result, PoolCreation):
            await for_a_while(result)
        elif isinstance(result, AbstractContextManager) and public.owner is None:
            with result:
                pass
    except Exception as error:  # noqa: BLE001 - which errors come out is what is asked
        return error
    finally:
        raised.clear()
    return None


async def for_a_while(result: Any) -> None:
    """Await something until it waits for what never comes."""

    async def await_it() -> None:
        await result

    task = asyncio.ensure_future(await_it())
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        return


@pytest.mark.parametrize("public", PUBLIC, ids=str)
def test_a_good_call_is_good(public: Public) -> None:
    """Or the hostile ones would say little; what is not held cannot be released, though."""

    async def call() -> None:
        async with Kernel() as kernel:
            error = await outcome(await World.create(kernel), public, {})
        assert is_documented(error), error
        assert not isinstance(error, (TypeError, ValueError)), error

    run_on("asyncio", call)


@pytest.mark.parametrize("public", [public for public in PUBLIC if public.parameters], ids=str)
def test_bad_input(public: Public) -> None:
    async def attack() -> None:
        async with Kernel() as kernel:
            await attack_on(kernel)

    async def attack_on(kernel: Kernel) -> None:
        kinds = (await World.create(kernel)).hostile_values()
        for parameter in public.parameters:
            for kind in kinds:
                world = await World.create(kernel)
                value = world.hostile_values()[kind]
                before = snapshot(world)
                error = await outcome(world, public, {parameter: value})
                assert is_documented(error), f"{parameter} = {kind}: {error!r}"
                assert are_sound(world), f"{parameter} = {kind}"
                if error is not None and not isinstance(error, NdisError):
                    assert snapshot(world) == before, f"{parameter} = {kind}: {error!r}"

    run_on("asyncio", attack)
