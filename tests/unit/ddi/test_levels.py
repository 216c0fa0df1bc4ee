"""IRQL and mutexes by their NDIS names."""

import pytest

from asyncndis.ddi import (
    NDIS_INIT_MUTEX,
    NDIS_LOWER_IRQL,
    NDIS_RAISE_IRQL_TO_DISPATCH,
    NDIS_RELEASE_MUTEX,
    NDIS_WAIT_FOR_MUTEX,
)
from asyncndis.kernel import Irql, at_irql, current_irql
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop


async def test_raise_and_lower() -> None:
    old_irql = NDIS_RAISE_IRQL_TO_DISPATCH()
    assert (old_irql, current_irql()) == (Irql.PASSIVE, Irql.DISPATCH)
    NDIS_LOWER_IRQL(old_irql, Irql.DISPATCH)
    assert current_irql() == Irql.PASSIVE


async def test_raise_from_above() -> None:
    with at_irql(Irql.DIRQL), breaks("IRQL-01"):
        NDIS_RAISE_IRQL_TO_DISPATCH()


async def test_mutex() -> None:
    mutex = NDIS_INIT_MUTEX(name="configuration")
    await NDIS_WAIT_FOR_MUTEX(mutex)
    await NDIS_WAIT_FOR_MUTEX(mutex)
    NDIS_RELEASE_MUTEX(mutex)
    NDIS_RELEASE_MUTEX(mutex)
    with breaks("LOCK-03"):
        NDIS_RELEASE_MUTEX(mutex)


async def test_mutex_at_dispatch() -> None:
    mutex = NDIS_INIT_MUTEX()
    with at_irql(Irql.DISPATCH), breaks("IRQL-02"):
        await NDIS_WAIT_FOR_MUTEX(mutex)
