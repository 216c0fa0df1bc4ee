"""The block: what it watches, what it raises, and what it notes of what leaves it."""

import asyncio

import anyio
import pytest

from asyncndis.base import Probe, ProbeChain, RuleViolation, current_probe
from asyncndis.kernel import SpinLock
from asyncndis.memory import BufferPool
from asyncndis.verifier import Verifier, verify

from .lines import line_of, place_of


def test_an_unknown_rule_is_refused_before_the_block() -> None:
    with pytest.raises(ValueError, match="there is no rule 'POOL-77'"), verify(rules=["POOL-77"]):
        pytest.fail("the block began")


def test_only_chosen_rules_are_checked() -> None:
    async def main() -> None:
        lock, pool = SpinLock("tx-ring"), await BufferPool.create(8)
        with lock:
            pool.allocate_nowait(bytearray(64))

    with verify(rules="BUF") as findings:
        asyncio.run(main())
    assert findings.rules == ("BUF-04",)
    with verify(rules=["POOL-06", "LOCK"]) as findings:
        asyncio.run(main())
    assert findings.rules == ("POOL-06",)
    with verify(rules=[]) as findings:
        asyncio.run(main())
    assert not findings


def test_the_probe_of_the_outside_is_kept() -> None:
    with verify() as outer:
        watching = current_probe()
        with verify() as inner:
            assert isinstance(watching, Verifier)
            chain = current_probe()
            assert isinstance(chain, ProbeChain)
            assert chain.probes[0] is watching
            asyncio.run(leave_a_pool())
        assert current_probe() is watching
    assert current_probe() is None
    assert outer.rules == inner.rules == ("POOL-06",)


async def leave_a_pool() -> None:
    await BufferPool.create(8)


async def use_after_free() -> None:
    async with BufferPool.create(8) as pool:
        buffer = pool.allocate_nowait(bytearray(64))
        buffer.free()
        buffer.free()  # again


async def use_after_free_in_a_task() -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(use_after_free)


def test_what_leaves_the_block_is_noted() -> None:
    with pytest.raises(RuleViolation) as raised, verify() as findings:
        asyncio.run(use_after_free())
    (finding,) = findings
    assert (finding.rule, finding.message) == ("BUF-05", raised.value.message)
    assert place_of(finding.site) == line_of(use_after_free, "again")


def test_what_leaves_the_block_in_a_group_is_noted() -> None:
    with pytest.raises(ExceptionGroup), verify() as findings:
        asyncio.run(use_after_free_in_a_task())
    assert findings.rules == ("BUF-05",)


async def fail_while_tidying_up() -> None:
    try:
        await use_after_free()
    finally:
        raise OSError("the file is gone")


def test_what_another_error_hides_is_noted() -> None:
    with pytest.raises(OSError, match="the file is gone"), verify() as findings:
        asyncio.run(fail_while_tidying_up())
    assert findings.rules == ("BUF-05",)


async def leave_a_pool_and_fail() -> None:
    await leave_a_pool()
    raise ZeroDivisionError


def test_another_error_leaves_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError), verify(raises=True) as findings:
        asyncio.run(leave_a_pool_and_fail())
    assert findings.rules == ("POOL-06",)


def test_what_is_open_at_the_end_is_raised_there() -> None:
    with pytest.raises(RuleViolation, match="POOL-06") as raised, verify(raises=True) as findings:
        asyncio.run(leave_a_pool())
    assert place_of(findings[0].site) == place_of(raised.value.site)


def test_a_clean_block_raises_nothing() -> None:
    with verify(raises=True) as findings:
        asyncio.run(leave_nothing())
    assert not findings


async def leave_nothing() -> None:
    async with BufferPool.create(8) as pool, pool.borrow(bytearray(64)):
        pass


def test_unknown_operations_are_passed_over() -> None:
    with verify() as findings:
        probe = current_probe()
        assert isinstance(probe, Probe)
        probe.before("NdisNoSuchCall", None)
        probe.after("NdisNoSuchCall", None)
        assert not probe.fails("NdisAllocateBuffer", None)
    assert not findings
