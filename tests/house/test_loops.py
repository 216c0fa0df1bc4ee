"""A test runs on the loops its mark promises, driven by the plugin that is promised for each."""

import asyncio
import subprocess
import sys

import pytest
import sniffio
import uvloop

EXPECTED = {"asyncio": "pytest_asyncio", "uvloop": "pytest_asyncio", "trio": "anyio"}


def running_loop() -> str:
    """The loop this line runs on, told by the loop itself."""
    library = sniffio.current_async_library()
    is_uvloop = library == "asyncio" and isinstance(asyncio.get_running_loop(), uvloop.Loop)
    return "uvloop" if is_uvloop else library


def running_plugin() -> str:
    """The pytest plugin that drives this line, told by the frames below it."""
    frame = sys._getframe()
    while frame.f_back and frame.f_globals["__name__"] not in {
        "pytest_asyncio.plugin",
        "anyio.pytest_plugin",
    }:
        frame = frame.f_back
    return str(frame.f_globals["__name__"]).partition(".")[0]


@pytest.mark.every_loop
@pytest.mark.parametrize("size", [1, 64])
async def test_every_loop(size: int, request: pytest.FixtureRequest) -> None:
    assert request.node.name == f"test_every_loop[{running_loop()}-{size}]"
    assert running_plugin() == EXPECTED[running_loop()]


@pytest.mark.every_loop
class TestInClass:
    async def test_method(self, request: pytest.FixtureRequest) -> None:
        assert request.node.name == f"test_method[{running_loop()}]"


@pytest.mark.asyncio
async def test_asyncio_family(request: pytest.FixtureRequest) -> None:
    assert request.node.name == f"test_asyncio_family[{running_loop()}]"
    assert running_plugin() == "pytest_asyncio"


@pytest.mark.anyio
async def test_trio_alone() -> None:
    assert (running_loop(), running_plugin()) == ("trio", "anyio")


def test_no_variant_is_missing(pytestconfig: pytest.Config) -> None:
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", __file__]
    listing = subprocess.run(command, cwd=pytestconfig.rootpath, capture_output=True, text=True, check=True).stdout
    variants = [line.rpartition("::")[2] for line in listing.splitlines() if "[" in line]
    assert variants == [
        *(f"test_every_loop[{loop}-{size}]" for loop in EXPECTED for size in (1, 64)),
        *(f"test_method[{loop}]" for loop in EXPECTED),
        "test_asyncio_family[asyncio]",
        "test_asyncio_family[uvloop]",
    ]
