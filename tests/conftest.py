"""The loops a test runs on, chosen by its mark.

``every_loop``: asyncio and uvloop by pytest-asyncio, trio by anyio's plugin. ``asyncio``: the first two, for
what only they have, such as a native ``task.cancel()``. ``anyio``: trio alone. Such tests take no async
fixtures, since no plugin serves those on all three: they open what they need with ``async with``.
"""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from math import inf

import pytest
import uvloop
from hypothesis import settings

settings.register_profile("patient", deadline=None)  # how long an example takes is up to the machine
settings.load_profile("patient")

LoopFactory = Callable[[], asyncio.AbstractEventLoop]


def patient(factory: LoopFactory) -> asyncio.AbstractEventLoop:
    """A loop that even in debug mode logs nothing about slow steps: how long one takes is up to the machine."""
    loop = factory()
    loop.slow_callback_duration = inf
    return loop


LOOP_FACTORIES: Mapping[str, LoopFactory] = {
    "asyncio": partial(patient, asyncio.new_event_loop),
    "uvloop": partial(patient, uvloop.new_event_loop),
}
NOT_ANYIO = ""  # anyio's plugin leaves a test alone whose backend is false


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "every_loop: run this async test on asyncio, uvloop and trio.")


def pytest_asyncio_loop_factories() -> Mapping[str, LoopFactory]:
    return LOOP_FACTORIES


@pytest.fixture
def anyio_backend() -> str:
    return "trio"


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Module | pytest.Class, obj: object) -> None:
    marks = [*collector.iter_markers(), *getattr(obj, "pytestmark", ())]
    if inspect.iscoroutinefunction(obj) and any(mark.name == "every_loop" for mark in marks):
        pytest.mark.usefixtures("anyio_backend")(obj)  # must be known before the variants are made


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give an ``every_loop`` test one variant for each loop, marked for the plugin that runs it."""
    is_for_every_loop = metafunc.definition.get_closest_marker("every_loop") is not None
    if is_for_every_loop and inspect.iscoroutinefunction(metafunc.function):
        by_asyncio = [
            pytest.param(factory, NOT_ANYIO, id=name, marks=pytest.mark.asyncio)
            for name, factory in LOOP_FACTORIES.items()
        ]
        by_anyio = pytest.param(None, "trio", id="trio", marks=pytest.mark.anyio)
        names = [
            "_asyncio_loop_factory",
            "anyio_backend",
        ]  # the fixtures by which the plugins learn their loop
        metafunc.fixturenames.append(names[0])
        metafunc.parametrize(names, [*by_asyncio, by_anyio])
