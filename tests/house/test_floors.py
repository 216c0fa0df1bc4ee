"""The floors: imports go down only, private names stay in their package, importing asyncndis stays cheap."""

import ast
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.house.sources import ROOT, SOURCES, Source, floor_of

PLAIN_FLOORS = {
    "asyncndis",
    "asyncndis.base",
    "asyncndis.ddi",
    "asyncndis.kernel",
    "asyncndis.memory",
    "asyncndis.testing",
}
LATE_IMPORTS = {"asyncio", "trio", "uvloop", "click", "rich", "hypothesis", "pytest"}


def test_imports_go_down_the_floors() -> None:
    # In a process of its own: it configures logging for the whole process.
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def imported_modules(source: Source) -> Iterator[tuple[str, str]]:
    """Each local name that stands for a module of asyncndis, with that module's name."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def borrowed_private_names(source: Source) -> list[str]:
    """The private names of other floors that a module takes, as an import or as a module's attribute."""
    foreign = {
        local: module
        for local, module in imported_modules(source)
        if module.startswith("asyncndis.") and floor_of(module) != source.floor
    }
    imports = [module for module in foreign.values() if any(map(is_private, module.split(".")))]
    attributes = [
        ast.unparse(node)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and is_private(node.attr) and ast.unparse(node.value) in foreign
    ]
    return imports + attributes


@pytest.mark.parametrize(
    ("text", "borrowed"),
    [
        ("from asyncndis.base.handles import _Slot", ["asyncndis.base.handles._Slot"]),
        ("from asyncndis.base._secret import Slot", ["asyncndis.base._secret.Slot"]),
        ("from asyncndis.base import handles as h\nh._slots", ["h._slots"]),
        ("import asyncndis.base.handles\nasyncndis.base.handles._slots", ["asyncndis.base.handles._slots"]),
        ("from asyncndis.kernel.host import _hosts\nfrom . import x\nx._y\nself._z\nx.__name__", []),
    ],
)
def test_borrowed_private_names_are_found(text: str, borrowed: list[str]) -> None:
    assert borrowed_private_names(Source("asyncndis.kernel.events", text)) == borrowed


def test_private_names_stay_in_their_package() -> None:
    borrowed = {source.name: borrowed_private_names(source) for source in SOURCES}
    assert {name: names for name, names in borrowed.items() if names} == {}


@pytest.mark.parametrize("module", sorted({source.name for source in SOURCES} & PLAIN_FLOORS))
def test_importing_is_cheap(module: str) -> None:
    command = [sys.executable, "-c", f"import sys, {module}; print(*sys.modules)"]
    loaded = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert module in loaded
    assert LATE_IMPORTS.intersection(loaded) == set()
