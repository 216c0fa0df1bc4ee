"""Whatever is public says what it means: a module in a short head, a name in words that fit its signature."""

import ast
import doctest
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.house.sources import PACKAGES, SOURCES, Source, names_of

MODULE_HEAD_LINES_MAX = 12


def speakers(name: str, value: object) -> Iterator[tuple[str, object]]:
    """A public name that can carry a docstring and, of a class, its own public methods and properties."""
    if inspect.isclass(value) or inspect.isroutine(value):
        yield name, value
    if inspect.isclass(value):
        for member, found in vars(value).items():
            is_method = inspect.isroutine(found) or isinstance(found, classmethod | staticmethod | property)
            if is_method and not member.startswith("_"):
                yield f"{name}.{member}", getattr(value, member)


def parameters_of(value: object) -> set[str]:
    try:
        return set(inspect.signature(value).parameters) if callable(value) else set()
    except ValueError:  # a builtin's, such as an exception without an ``__init__`` of its own
        return set()


def faults_of(name: str, value: object) -> list[str]:
    """What is wrong with one name's docstring. The one that dataclass makes, a signature, does not count."""
    text = value.__doc__ if inspect.isclass(value) else inspect.getdoc(value)
    if not text or text.startswith(f"{name}("):
        return [f"{name} has no docstring"]
    strangers = set(re.findall(r":param (\w+):", text)) - parameters_of(value)
    return [f"{name} has no parameter {stranger}" for stranger in sorted(strangers)]


@dataclass
class Bare:
    size: int

    def documented(self, count: int) -> None:
        """Do something.

        :param count: this many
        :param weight: nobody asks for this
        """

    def undocumented(self) -> None: ...

    @property
    def half(self) -> int:
        return self.size // 2

    def _private(self) -> None: ...


def test_faults_are_found() -> None:
    assert [fault for name, value in speakers("Bare", Bare) for fault in faults_of(name, value)] == [
        "Bare has no docstring",
        "Bare.documented has no parameter weight",
        "Bare.undocumented has no docstring",
        "Bare.half has no docstring",
    ]


@pytest.mark.parametrize("package", PACKAGES, ids=str)
def test_public_names_have_docstrings(package: Source) -> None:
    module = package.load()
    offered = [speaker for name in names_of(module) for speaker in speakers(name, getattr(module, name))]
    assert [fault for name, value in offered for fault in faults_of(name, value)] == []


def test_modules_have_a_short_head() -> None:
    heads = {source.name: len((ast.get_docstring(source.tree) or "").splitlines()) for source in SOURCES}
    assert {name: lines for name, lines in heads.items() if not 1 <= lines <= MODULE_HEAD_LINES_MAX} == {}


def test_examples_in_docstrings_hold() -> None:
    failed = {source.name: doctest.testmod(source.load()).failed for source in SOURCES if ">>> " in source.text}
    assert {name: count for name, count in failed.items() if count} == {}
