"""The plan for watching a piece of code: which instructions are looked at, and where their operands are."""

import dis
from types import CodeType
from typing import Any, NamedTuple

from .footprints import GLOBALS
from .tracking_frames import depths, variables_of
from .tracking_watches import WATCHES, Watch

__all__ = ["Plan", "plan_of"]

_NAMED = {"LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR", "LOAD_SUPER_ATTR", "IMPORT_NAME", "IMPORT_FROM"}
_GLOBAL = {"LOAD_GLOBAL", "STORE_GLOBAL", "DELETE_GLOBAL", "LOAD_NAME", "STORE_NAME", "DELETE_NAME"} | {
    "LOAD_FROM_DICT_OR_GLOBALS"
}
_DEREF = {"LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF", "STORE_DEREF", "DELETE_DEREF"}


class Plan(NamedTuple):
    """How to watch a piece of code.

    :ivar slots: how many slots its frames have
    :ivar watches: what to call before the instruction at an offset: the watch, the place above the stack, the argument
    :ivar tops: the place above the stack before each instruction
    :ivar cells: the slots of the cells that the code makes
    :ivar start: the offset at which it begins to run
    """

    slots: int
    watches: dict[int, tuple[Watch, int, Any]]
    tops: dict[int, int]
    cells: tuple[int, ...]
    start: int


def plan_of(code: CodeType, module: str) -> Plan:
    """The plan for a piece of code.

    :param module: the name of the module whose globals it runs with
    :raises ValueError: if its stack cannot be followed
    """
    variables = variables_of(code)
    depth_before = depths(code)
    watches: dict[int, tuple[Watch, int, Any]] = {}
    for instruction in dis.get_instructions(code):
        watch = WATCHES.get(instruction.opname)
        if watch is None or instruction.offset not in depth_before:
            continue
        argument: Any = instruction.arg
        if instruction.opname in _NAMED:
            argument = instruction.argval
        elif instruction.opname in _GLOBAL:
            argument = (GLOBALS, 0, f"{module}.{instruction.argval}")
        elif instruction.opname in _DEREF:
            argument = _cell_slot(code, instruction.argval)
        watches[instruction.offset] = (watch, variables + depth_before[instruction.offset], argument)
    tops = {offset: variables + depth for offset, depth in depth_before.items()}
    cells = tuple(_cell_slot(code, name) for name in code.co_cellvars)
    start = next(one.offset for one in dis.get_instructions(code) if one.opname == "RESUME")
    return Plan(variables + code.co_stacksize, watches, tops, cells, start)


def _cell_slot(code: CodeType, name: str) -> int:
    if name in code.co_varnames:
        return code.co_varnames.index(name)
    cells = [cell for cell in code.co_cellvars if cell not in code.co_varnames]
    return len(code.co_varnames) + [*cells, *code.co_freevars].index(name)
