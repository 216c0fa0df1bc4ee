"""The vocabulary stays a vocabulary: short functions without branches, and every option reaches the object."""

import ast
import inspect
from collections.abc import Callable

import pytest

from asyncndis import ddi
from asyncndis.base import Profile
from asyncndis.ddi import (
    NDIS_INIT_MUTEX,
    Ddi,
    NdisAllocateBufferPool,
    NdisAllocatePacketPool,
    NdisAllocatePacketPoolEx,
    NdisAllocateSpinLock,
    NdisDprAllocatePacket,
    NdisDprFreePacket,
    NdisInitializeEvent,
    NdisInitializeNPagedLookasideList,
    NdisInitializeReadWriteLock,
    NdisInitializeSListHead,
    NdisInitializeTimer,
    NdisInitializeWorkItem,
    NdisMInitializeTimer,
    families,
)
from asyncndis.kernel import Kernel, Timer, WorkItem
from tests.support.words import in_initialize

CALLS = [call for calls in families().values() for call in calls]
LINES_MAX = 5
BRANCHES = ast.If | ast.For | ast.While | ast.Try | ast.With | ast.Match | ast.Global | ast.Nonlocal
BY_A_VIEW = {"NDIS_PACKET_EXTENSION_FROM_PACKET"}  # its object form is called when the view is written

STORAGE: dict[str, Callable[[str], object]] = {
    "lock": lambda name: NdisAllocateSpinLock(name=name),
    "read/write lock": lambda name: NdisInitializeReadWriteLock(name=name),
    "mutex": lambda name: NDIS_INIT_MUTEX(name=name),
    "event": lambda name: NdisInitializeEvent(name=name),
    "stack": lambda name: NdisInitializeSListHead(name=name),
    "lookaside list": lambda name: NdisInitializeNPagedLookasideList(None, None, 0, 64, 0, 0, name=name),
}


def body_of(call: Ddi) -> list[ast.stmt]:
    function = ast.parse(inspect.getsource(call.function)).body[0]
    assert isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
    return function.body[1:]  # behind the docstring


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_a_call_is_one_to_five_plain_statements(call: Ddi) -> None:
    body = body_of(call)
    assert 1 <= len(body) <= LINES_MAX
    assert not [node for statement in body for node in ast.walk(statement) if isinstance(node, BRANCHES)]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_a_call_uses_its_object_form(call: Ddi) -> None:
    nodes = [node for statement in body_of(call) for node in ast.walk(statement)]
    used = {node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "") for node in nodes}
    form = "PacketExtension" if call.name in BY_A_VIEW else call.maps_to.rpartition(".")[2]
    assert form in used


def test_nothing_is_offered_that_is_no_part_of_it() -> None:
    homes = {name: getattr(getattr(ddi, name), "__module__", "asyncndis.ddi.callbacks") for name in ddi.__all__}
    assert {name for name, home in homes.items() if not home.startswith("asyncndis.ddi.")} == set()


@pytest.mark.every_loop
@pytest.mark.parametrize("make", STORAGE.values(), ids=STORAGE)
async def test_an_object_is_called_what_its_driver_says(make: Callable[[str], object]) -> None:
    assert "'tx-ring'" in repr(make("tx-ring"))


@pytest.mark.every_loop
async def test_timers_and_work_items_have_names() -> None:
    async with Kernel():
        made: list[Timer | WorkItem] = [
            NdisInitializeTimer(print, None, name="tx-ring"),
            NdisInitializeWorkItem(print, None, name="tx-ring"),
        ]
    assert [item.name for item in made] == ["tx-ring"] * 2
    await in_initialize(lambda handle: made.append(NdisMInitializeTimer(handle, print, None, name="tx-ring")))
    assert made[2].name == "tx-ring of nic"


@pytest.mark.every_loop
async def test_pools_have_names_and_profiles() -> None:
    made = [
        (await NdisAllocateBufferPool(1, name="tx-ring", profile=Profile.CE))[1],
        (await NdisAllocatePacketPool(1, 0, name="tx-ring", profile=Profile.CE))[1],
        (await NdisAllocatePacketPoolEx(1, 1, 0, name="tx-ring", profile=Profile.CE))[1],
    ]
    assert [(pool.name, pool.profile) for pool in made if pool] == [("tx-ring", Profile.CE)] * 3


@pytest.mark.every_loop
async def test_on_windows_ce_the_dpr_forms_are_legal_at_any_level() -> None:
    _, pool = await NdisAllocatePacketPool(1, 0, profile=Profile.CE)
    assert pool is not None
    _, packet = NdisDprAllocatePacket(pool)
    assert packet is not None
    NdisDprFreePacket(packet)
