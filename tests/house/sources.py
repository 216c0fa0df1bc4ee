"""The package as the house tests read it: its source files, and what its packages offer."""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Source:
    """One module: the name it is imported by and its text."""

    name: str
    text: str
    is_package: bool = False

    @classmethod
    def of_file(cls, path: Path) -> "Source":
        parts = path.relative_to(ROOT).with_suffix("").parts
        is_package = parts[-1] == "__init__"
        return cls(".".join(parts[:-1] if is_package else parts), path.read_text(), is_package)

    def __str__(self) -> str:
        return self.name

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.name)

    @property
    def floor(self) -> str:
        return floor_of(self.name)

    @property
    def is_public(self) -> bool:
        return not any(part.startswith("_") for part in self.name.split("."))

    def functions(self) -> Iterator[FunctionNode]:
        return (node for node in ast.walk(self.tree) if isinstance(node, FunctionNode))

    def load(self) -> ModuleType:
        return importlib.import_module(self.name)


def floor_of(name: str) -> str:
    """The package directly below asyncndis that a module belongs to; nothing for the top package itself."""
    return name.split(".")[1] if "." in name else ""


def names_of(module: ModuleType) -> list[str]:
    names: list[str] = module.__all__
    return names


SOURCES = [Source.of_file(path) for path in sorted((ROOT / "asyncndis").rglob("*.py"))]
PACKAGES = [source for source in SOURCES if source.is_package and source.is_public]
