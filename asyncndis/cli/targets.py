"""What ``asyncndis torture`` runs: an async function of a module or a file, or a shipped scenario by its name.

A target whose module uses the driver model is exposed to the explorer, with all rules checked.
"""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import click

from .suggest import unknown

__all__ = ["Target", "find_target", "shipped_targets"]

Program = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Target:
    """Something to torture.

    :ivar name: by which it was asked for
    :ivar program: an async callable without arguments
    """

    name: str
    program: Program


def shipped_targets() -> list[Target]:
    """All scenarios that come with the package."""
    from asyncndis.testing import exposed
    from asyncndis.testing.scenarios import SCENARIOS

    return [Target(name, exposed(partial(scenario.play, 0))) for name, scenario in SCENARIOS.items()]


def find_target(text: str) -> Target:
    """The target that a command line names.

    :param text: ``module:function``, ``file.py::function`` or ``file.py:function``, or a scenario's name
    :raises click.UsageError: there is no such thing, or it cannot be run without arguments
    """
    place, colon, name = text.partition("::" if "::" in text else ":")
    if not colon:
        shipped = {target.name: target for target in shipped_targets()}
        if text not in shipped:
            raise unknown("scenario", text, shipped)
        return shipped[text]
    module = _load_file(Path(place)) if place.endswith(".py") else _import(place)
    return Target(text, _program(module, name, text))


def _import(name: str) -> ModuleType:
    sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name.split(".", 1)[0] and error.name != name:
            raise click.UsageError(f"module {name} cannot be imported: {error}") from error
        raise click.UsageError(f"there is no module {name} here; for a file write path/to/file.py::function") from None
    finally:
        sys.path.pop(0)


def _load_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise click.UsageError(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise click.UsageError(f"{path} cannot be loaded as a module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError) as error:
        raise click.UsageError(f"{path} cannot be loaded: {error}") from error
    finally:
        sys.path.pop(0)
    return module


def _program(module: ModuleType, name: str, text: str) -> Program:
    found: Any = module
    for part in name.split("::"):
        found = getattr(found() if inspect.isclass(found) else found, part, None)
        if found is None:
            raise unknown("async function", name, _async_functions(module))
    if hasattr(found, "__tortured__"):
        found = found.__wrapped__
    if not inspect.iscoroutinefunction(found):
        raise click.UsageError(f"{text} is no async function")
    needed = [
        parameter.name
        for parameter in inspect.signature(found).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}
    ]
    if needed:
        raise click.UsageError(f"{text} needs {needed[0]!r}: run a test with fixtures or parameters by pytest")
    return _exposed(found) if _uses_the_model(module) else found


def _async_functions(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if inspect.iscoroutinefunction(getattr(value, "__wrapped__", value))
    ]


def _uses_the_model(module: ModuleType) -> bool:
    """Whether anything of the driver model is known by a name in a module."""
    homes = {getattr(value, "__module__", None) or getattr(value, "__name__", "") for value in vars(module).values()}
    return any(str(home).startswith("asyncndis") and ".torture" not in str(home) for home in homes)


def _exposed(program: Program) -> Program:
    from asyncndis.testing import exposed

    return exposed(program)
