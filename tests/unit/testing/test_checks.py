"""Checks of scenarios: each says what it saw."""

import pytest

from asyncndis.base import NdisStatus
from asyncndis.nic import Conditions, Dice, Wire
from asyncndis.testing import let_pass, open_pair, virtual_time
from asyncndis.testing.checks import check_equal, check_load, check_that, check_traffic

pytestmark = pytest.mark.every_loop

ABORTED = NdisStatus.REQUEST_ABORTED


async def test_plain_checks() -> None:
    check_that("the sky is blue", [1])
    check_equal("the answer", 42, 42)
    with pytest.raises(AssertionError, match="it is not so that pigs fly"):
        check_that("pigs fly", ())
    with pytest.raises(AssertionError, match="the answer: 41, and should be 42"):
        check_equal("the answer", 41, 42)


async def test_traffic_is_checked_byte_for_byte() -> None:
    async with virtual_time(), open_pair() as (left, right):
        await check_traffic(left, right, Dice(0))
        await check_traffic(right, left, Dice(0), 3)
        assert len(set(map(len, right.talker.heard))) > 10


async def test_traffic_on_a_wire_that_corrupts_is_missed() -> None:
    async with virtual_time(), open_pair(Wire(Conditions(corruption=1))) as (left, right):
        with pytest.raises(AssertionError, match="it is not so that right heard what left said"):
            await check_traffic(left, right, Dice(0))


async def test_a_load_is_checked_from_both_ends() -> None:
    async with virtual_time(), open_pair() as (left, right):
        await left.talker.say(left.frames_to(right, 10))
        await let_pass(0.01)
        check_load(left, right, 10, endings=frozenset())
        with pytest.raises(AssertionError, match="sends that have ended: 10, and should be 11"):
            check_load(left, right, 11, endings=frozenset())
        right.talker.heard.append(right.talker.heard[0])
        with pytest.raises(AssertionError, match="numbers heard: "):
            check_load(left, right, 10, endings=frozenset())
        del right.talker.heard[-2:]
        with pytest.raises(AssertionError, match="fits 9 frames heard"):
            check_load(left, right, 10, endings=frozenset())
        left.talker.outcomes[NdisStatus.SUCCESS] -= 1
        left.talker.outcomes[ABORTED] += 1
        check_load(left, right, 10, endings=frozenset({ABORTED}))
        with pytest.raises(AssertionError, match="sends ended as they may"):
            check_load(left, right, 10, endings=frozenset())
