"""What an adapter has taken: entered, seen while it is live, and taken back, the last first."""

import pytest

from asyncndis.kernel import Kernel, Timer
from asyncndis.ndis import Claims


@pytest.mark.every_loop
async def test_a_timer_that_is_set_later_is_not_forgotten() -> None:
    async with Kernel() as kernel:
        claims, timer = Claims(), Timer(lambda: None, kernel=kernel)
        claims.enter("timer 'watchdog'", "LIFE-06", lambda: timer.armed, timer.cancel, timer)
        claims.enter("a pool", "POOL-06", lambda: True, lambda: None)
        assert [claim.what for claim in claims] == ["a pool"]
        timer.set(1000)
        assert [claim.what for claim in claims] == ["timer 'watchdog'", "a pool"]
        await claims.release_all()
        assert not timer.armed


def test_what_was_given_back_is_dropped() -> None:
    claims, live, thing = Claims(), [True], object()
    claims.enter("a pool", "POOL-06", lambda: live[0], live.clear, thing)
    assert [claim.thing for claim in claims] == [thing]
    live[0] = False
    assert len(claims) == 0
