"""Looks at the operands of the next instruction of a running frame.

CPython keeps the operands of its stack machine in the frame, after the variables. How deep the stack is before an
instruction follows from the code alone, so reading an operand is: add, and take a reference. Nothing is written.
The layout is that of CPython 3.11 to 3.13 on machines of 64 bits; ``supported`` says whether it is the one at hand.
"""

import ctypes
import dis
import sys
from collections.abc import Callable
from itertools import pairwise
from types import CodeType, CoroutineType, FrameType, GeneratorType
from typing import Any

__all__ = ["class_of", "depths", "slots_of", "standing", "supported", "variables_of"]

class_of: Callable[[object], type[Any]] = type
"""The type of an object, said so that type checkers know what comes back."""

_FRAME_POINTER = 24  # PyFrameObject: head (16 bytes), f_back, f_frame
_STACK_TOP = 64  # _PyInterpreterFrame: after eight pointers; set while the frame is suspended
_FIRST_VARIABLE = 72  # _PyInterpreterFrame: eight pointers, an int, two small fields

_ENDS = {"RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE"}
_JUMPS_ALWAYS = {"JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT"}
_PREFIXES: dict[type[Any], str] = {CoroutineType: "cr", GeneratorType: "gi"}
_array_types: dict[int, Any] = {}


def variables_of(code: CodeType) -> int:
    """How many slots come before the stack: local variables, cells and free variables."""
    names = set(code.co_varnames)
    return len(code.co_varnames) + sum(name not in names for name in code.co_cellvars) + len(code.co_freevars)


def slots_of(frame: FrameType, size: int) -> Any:
    """The variables and the stack of a frame, to be indexed while the frame lives; an empty slot raises ValueError.

    :param frame: a frame that is about to run an instruction
    :param size: how many slots the frame has
    """
    kind = _array_types.get(size)
    if kind is None:
        kind = _array_types[size] = ctypes.py_object * size
    address = ctypes.c_void_p.from_address(id(frame) + _FRAME_POINTER).value
    assert address is not None
    return kind.from_address(address + _FIRST_VARIABLE)


def standing(coroutine: Any) -> tuple[Any, ...] | None:
    """Where a suspended coroutine stands, and what it awaits, with the values of all variables and operands.

    :returns: something to compare with what it was at another time; None if a frame cannot be looked at
    """
    found: list[Any] = []
    while (prefix := _PREFIXES.get(class_of(coroutine))) is not None:
        frame: FrameType | None = getattr(coroutine, f"{prefix}_frame")
        if frame is None:
            return None
        address = ctypes.c_void_p.from_address(id(frame) + _FRAME_POINTER).value
        assert address is not None
        top = ctypes.c_int.from_address(address + _STACK_TOP).value
        if top < 0:
            return None
        awaited = coroutine.cr_await if prefix == "cr" else coroutine.gi_yieldfrom
        slots = slots_of(frame, top)
        found += [id(frame.f_code), frame.f_lasti, *(_value(slots, place, awaited) for place in range(top))]
        coroutine = awaited
    return (*found, class_of(coroutine))


def _value(slots: Any, place: int, awaited: object) -> object:
    """What to compare of a slot: plain values, the identity of objects, and nothing of what is awaited."""
    try:
        value = slots[place]
    except ValueError:
        return None
    if value is awaited:
        return ...
    kind: type[Any] = class_of(value)
    return (kind, value) if kind in {int, float, bool, str, bytes} else id(value)


def depths(code: CodeType) -> dict[int, int]:
    """How many operands are on the stack before each instruction that can be reached.

    :returns: the depth by the instruction's offset
    :raises ValueError: if two ways to an instruction disagree
    """
    bytecode = dis.Bytecode(code)
    instructions = list(bytecode)
    by_offset = {instruction.offset: instruction for instruction in instructions}
    following = {one.offset: other.offset for one, other in pairwise(instructions)}
    handlers: list[Any] = getattr(bytecode, "exception_entries")  # noqa: B009 - typeshed does not know it
    found: dict[int, int] = {}
    to_visit: list[tuple[int, int]] = [
        (0, 0),
        *(_handler(entry) for entry in handlers),
    ]
    while to_visit:
        offset, depth = to_visit.pop()
        if offset in found:
            if found[offset] != depth:
                raise ValueError(f"two ways to offset {offset} of {code.co_qualname} leave stacks of different depth")
            continue
        found[offset] = depth
        instruction = by_offset[offset]
        if instruction.opcode in dis.hasjrel:
            to_visit.append((instruction.argval, depth + _effect(instruction, jump=True)))
        if instruction.opname not in _ENDS and instruction.opname not in _JUMPS_ALWAYS and offset in following:
            to_visit.append((following[offset], depth + _effect(instruction, jump=False)))
    return found


def _handler(entry: Any) -> tuple[int, int]:
    """Where a handler of exceptions begins, and how deep the stack is there."""
    return entry.target, entry.depth + 1 + bool(entry.lasti)


def _effect(instruction: dis.Instruction, jump: bool) -> int:
    """As ``dis.stack_effect``, which is wrong for a few instructions of 3.11 and 3.12."""
    name, argument = instruction.opname, instruction.arg
    if sys.version_info < (3, 13) and name == "RETURN_GENERATOR":
        return 1
    if sys.version_info < (3, 12):
        if name == "PRECALL":
            return 0
        if name == "CALL":
            return -(argument or 0) - 1
    elif sys.version_info < (3, 13):
        if name == "SEND" and jump:
            return 0
        if name == "CLEANUP_THROW":
            return -1
    takes_argument = instruction.opcode >= dis.HAVE_ARGUMENT
    return dis.stack_effect(instruction.opcode, argument if takes_argument else None, jump=jump)


def supported() -> bool:
    """Whether frames of this interpreter have the layout that is read here."""
    if sys.implementation.name != "cpython" or not (3, 11) <= sys.version_info[:2] <= (3, 13):
        return False
    return ctypes.sizeof(ctypes.c_void_p) == 8 and not getattr(sys, "abiflags", "").strip()
