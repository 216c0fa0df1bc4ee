"""What each instruction touches: one small function per instruction that can touch shared state.

A watch gets the notes, the frame, its slots, the place above the top of the stack, and the instruction's argument.
Local variables belong to nobody else and need no watch; cells, globals, attributes, elements, iterators and calls do.
Where an instruction makes an object, the watch gives the types that tell it from an error.
"""

import asyncio
import gc
import inspect
import sys
import types
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Any

from .footprints import WHOLE, Location
from .tracking_attributes import read_attribute, write_attribute
from .tracking_calls import called
from .tracking_frames import class_of
from .tracking_notes import Notes
from .tracking_values import (
    CONTAINERS,
    FROZEN,
    GENERATORS,
    ITERATORS,
    advance,
    operate,
    read_deep,
    read_flat,
    read_size,
    special_class,
)

__all__ = ["WATCHES", "Watch"]

Watch = Callable[[Notes, FrameType, Any, int, Any], tuple[type[Any], ...] | None]


# Names


def _load_global(notes: Notes, _frame: FrameType, _slots: Any, _top: int, name: Location) -> None:
    notes.names.add(name)


def _store_global(notes: Notes, _frame: FrameType, _slots: Any, _top: int, name: Location) -> None:
    notes.writes.add(name)


def _store_name(notes: Notes, frame: FrameType, _slots: Any, _top: int, name: Location) -> None:
    if frame.f_locals is frame.f_globals:  # not in the body of a class
        notes.writes.add(name)


def _load_cell(notes: Notes, _frame: FrameType, slots: Any, _top: int, slot: int) -> None:
    notes.read(slots[slot])


def _store_cell(notes: Notes, _frame: FrameType, slots: Any, _top: int, slot: int) -> None:
    notes.write(slots[slot])


# Attributes


def _load_attribute(notes: Notes, _frame: FrameType, slots: Any, top: int, name: str) -> None:
    read_attribute(notes, slots[top - 1], name)


def _store_attribute(notes: Notes, _frame: FrameType, slots: Any, top: int, name: str) -> None:
    write_attribute(notes, slots[top - 1], name)


def _load_super_attribute(notes: Notes, _frame: FrameType, slots: Any, top: int, name: str) -> None:
    read_attribute(notes, super(slots[top - 2], slots[top - 1]), name)


# Elements


def _load_item(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    _item(notes, slots[top - 2], slots[top - 1], "__getitem__")


def _store_item(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    _item(notes, slots[top - 2], slots[top - 1], "__setitem__")
    if type(slots[top - 1]) is slice:
        read_flat(notes, slots[top - 3])


def _delete_item(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    _item(notes, slots[top - 2], slots[top - 1], "__delitem__")


def _load_slice(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    _item(notes, slots[top - 3], None, "__getitem__")


def _store_slice(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    _item(notes, slots[top - 3], None, "__setitem__")
    read_flat(notes, slots[top - 4])


def _item(notes: Notes, container: Any, key: Any, method: str) -> None:
    kind: type[Any] = class_of(container)
    write = method != "__getitem__"
    behind = kind if kind is dict or kind is list else special_class(kind, method)
    if behind is dict and not hasattr(kind, "__missing__"):
        if method == "__setitem__":
            notes.add_item(container, key)
        elif method == "__delitem__":
            notes.remove_item(container, key)
        else:
            notes.touch_item(container, key, write=False)
    elif behind is list:
        if class_of(key) is int and method != "__delitem__" and -len(container) <= key < len(container):
            notes.touch(container, (key % len(container),), write)
        else:
            notes.touch(container, WHOLE, write)
    elif behind is None or kind in FROZEN or isinstance(container, (tuple, type)):
        return
    elif isinstance(container, memoryview):
        notes.touch(container.obj, WHOLE, write)
    elif isinstance(container, CONTAINERS):
        makes = not write and special_class(kind, "__missing__") is not None and key not in container
        notes.touch(container, WHOLE, write or makes)
    else:
        operate(notes, container, method)


def _contains(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    container = slots[top - 1]
    kind: type[Any] = class_of(container)
    behind = special_class(kind, "__contains__")
    if behind is dict or behind is set:
        notes.touch_item(container, slots[top - 2], write=False)
    elif kind not in FROZEN:
        read_deep(notes, container)
        operate(notes, container, "__contains__")


# Iteration


def _iterate(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> tuple[type[Any], ...] | None:
    source = slots[top - 1]
    operate(notes, source, "__iter__")
    return ITERATORS if class_of(source) in _SOURCES else None


def _makes_list(_notes: Notes, _frame: FrameType, _slots: Any, _top: int, _argument: object) -> tuple[type[Any], ...]:
    return (list,)


def _makes_dict(_notes: Notes, _frame: FrameType, _slots: Any, _top: int, _argument: object) -> tuple[type[Any], ...]:
    return (dict,)


def _makes_set(_notes: Notes, _frame: FrameType, _slots: Any, _top: int, _argument: object) -> tuple[type[Any], ...]:
    return (set,)


def _advance(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    advance(notes, slots[top - 1])


def _unpack(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    read_flat(notes, slots[top - 1])


def _await(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    _resume(notes, slots[top - 1])


def _send(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    _resume(notes, slots[top - 2])


def _resume(notes: Notes, awaited: Any) -> None:
    """Something awaited is asked how far it is: a future by its state, a coroutine by running."""
    behind: Any = _awaited_by(awaited)
    kind = class_of(behind)
    if issubclass(kind, _Future):
        notes.read(behind)
    elif kind in GENERATORS:
        notes.write(behind)
    else:
        operate(notes, behind, "__await__")
        operate(notes, behind, "__next__")
        operate(notes, behind, "send")


def _awaited_by(awaited: Any) -> Any:
    """What stands behind the helpers of C code for awaiting."""
    if class_of(awaited).__name__ in _HELPERS:
        for behind in gc.get_referents(awaited):
            if issubclass(class_of(behind), (_Future, *GENERATORS)):
                return behind
    return awaited


# Operators


def _binary(notes: Notes, _frame: FrameType, slots: Any, top: int, argument: int) -> None:
    left, right = slots[top - 2], slots[top - 1]
    if class_of(left) in FROZEN and class_of(right) in FROZEN:
        return
    in_place, method, mirrored = _OPERATORS[argument]
    if in_place and isinstance(left, CONTAINERS):
        notes.write(left)
        read_flat(notes, right)
        return
    read_deep(notes, left)
    read_deep(notes, right)
    operate(notes, left, method)
    operate(notes, right, mirrored)


def _unary(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    for method in ("__neg__", "__invert__", "__pos__"):
        operate(notes, slots[top - 1], method)


def _compare(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    for value in (slots[top - 2], slots[top - 1]):
        if class_of(value) not in FROZEN:
            read_deep(notes, value)
            operate(notes, value, "__eq__")
            operate(notes, value, "__lt__")


def _truth(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    value = slots[top - 1]
    if class_of(value) not in FROZEN:
        read_size(notes, value)


def _length(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    read_size(notes, slots[top - 1])


def _format(notes: Notes, _frame: FrameType, slots: Any, top: int, argument: int | None) -> None:
    with_spec = argument is not None and argument & 4 == 4
    value = slots[top - 1 - with_spec]
    if class_of(value) not in FROZEN:
        read_deep(notes, value)
        for method in ("__format__", "__str__", "__repr__"):
            operate(notes, value, method)


def _format_with_spec(notes: Notes, frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    _format(notes, frame, slots, top, 4)


def _match(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    subject = slots[top - 2]
    if class_of(subject) not in FROZEN:
        notes.read(subject)
        operate(notes, subject, "__getitem__")


def _match_class(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    subject = slots[top - 3]
    for name in (*slots[top - 1], *getattr(slots[top - 2], "__match_args__", ())):
        read_attribute(notes, subject, name)


# Calls


def _call(notes: Notes, frame: FrameType, slots: Any, top: int, argument: int) -> tuple[type[Any], ...] | None:
    first = top - argument
    try:
        under = slots[first - 2]
    except ValueError:  # nothing there: a plain call
        under = None
    above = _slot(slots, first - 1)
    if _SELF_ABOVE:
        function, has_self = under, above is not None
        arguments = [above] if has_self else []
    elif under is None:
        function, arguments = above, []
    else:
        function, arguments = under, [above]
    arguments += [slots[place] for place in range(first, top)]
    return _note_call(notes, frame, function, tuple(arguments))


def _call_with_names(
    notes: Notes, frame: FrameType, slots: Any, top: int, argument: int
) -> tuple[type[Any], ...] | None:
    return _call(notes, frame, slots, top - 1, argument)


def _call_spread(notes: Notes, frame: FrameType, slots: Any, top: int, argument: int) -> tuple[type[Any], ...] | None:
    named = argument & 1
    spread = slots[top - 1 - named]
    function = slots[top - (3 if _SELF_ABOVE else 2) - named]
    arguments: tuple[Any, ...] = ()
    read_flat(notes, spread)
    if class_of(spread) in _SOURCES:
        arguments = tuple(spread)
    elif class_of(function) not in {types.FunctionType, types.MethodType}:
        notes.unseen.add("arguments out of an iterator")
    if named and class_of(slots[top - 1]) is dict:
        arguments += tuple(slots[top - 1].values())
    return _note_call(notes, frame, function, arguments)


def _note_call(
    notes: Notes, frame: FrameType, function: Any, arguments: tuple[Any, ...]
) -> tuple[type[Any], ...] | None:
    while class_of(function) is types.MethodType:
        function, arguments = function.__func__, (function.__self__, *arguments)
    if class_of(function) is types.FunctionType:
        return _made_by(function)
    if function is globals or function is locals or (function is vars and not arguments):
        notes.expose(frame.f_globals)
    elif function is vars and isinstance(arguments[0], object):
        read_attribute(notes, arguments[0], "__dict__")
    elif function is super or (function is type and len(arguments) == 1):
        return None
    else:
        called(notes, function, arguments)
    return (function,) if isinstance(function, type) and _makes_anew(function) else None


def _made_by(function: types.FunctionType) -> tuple[type[Any], ...] | None:
    """What a call of Python code makes in any case: a coroutine, or a future of the loop."""
    if function.__code__.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR):
        return GENERATORS
    return (_Future,) if function.__qualname__ == "ControlledLoop.create_future" else None


def _makes_anew(kind: type[Any]) -> bool:
    """Whether each call of a class makes another object: it has no code of its own that might find one."""
    if issubclass(kind, BaseException) or class_of(kind).__call__ is not type.__call__:
        return False
    return isinstance(kind.__new__, types.BuiltinFunctionType)


def _slot(slots: Any, place: int) -> Any:
    try:
        return slots[place]
    except ValueError:
        return None


def _enter(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    manager = slots[top - 1]
    for name in ("__enter__", "__aenter__"):
        behind = special_class(class_of(manager), name)
        if behind is not None:
            called(notes, behind.__dict__[name], (manager,))


def _leave(notes: Notes, _frame: FrameType, slots: Any, top: int, _argument: object) -> None:
    function = slots[top - 4]
    called(notes, function, ())


def _import(notes: Notes, frame: FrameType, slots: Any, top: int, name: str) -> None:
    level = slots[top - 2]
    if level:
        package: str = frame.f_globals["__package__"]
        name = f"{package.rsplit('.', level - 1)[0]}.{name}".rstrip(".")
    if name not in sys.modules:
        notes.unseen.add(f"import {name}")


def _anything(notes: Notes, _frame: FrameType, _slots: Any, _top: int, _argument: object) -> None:
    notes.unseen.add("a rare instruction")


_Future = asyncio.Future
_SOURCES = frozenset({list, tuple, dict, set, frozenset, range, str, bytes, bytearray, deque})
_HELPERS = frozenset({"FutureIter", "_asyncio.FutureIter", "coroutine_wrapper"}) | frozenset(
    {"async_generator_asend", "async_generator_athrow", "anext_awaitable"}
)
_SELF_ABOVE = sys.version_info >= (3, 13)
"""Whether the object of a method lies above the function, as in 3.13, or below its arguments in any case."""

_WORDS = ["add", "and", "floordiv", "lshift", "matmul", "mul", "mod", "or", "pow", "rshift", "sub", "truediv", "xor"]
_OPERATORS = [
    *((False, f"__{word}__", f"__r{word}__") for word in _WORDS),
    *((True, f"__i{word}__", f"__r{word}__") for word in _WORDS),
]
"""By the argument of BINARY_OP: whether it works in place, the method, and that of the other operand."""

WATCHES: dict[str, Watch] = {
    **dict.fromkeys(("LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS", "LOAD_NAME"), _load_global),
    **dict.fromkeys(("STORE_GLOBAL", "DELETE_GLOBAL"), _store_global),
    **dict.fromkeys(("STORE_NAME", "DELETE_NAME"), _store_name),
    **dict.fromkeys(("LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"), _load_cell),
    **dict.fromkeys(("STORE_DEREF", "DELETE_DEREF"), _store_cell),
    **dict.fromkeys(("LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM"), _load_attribute),
    **dict.fromkeys(("STORE_ATTR", "DELETE_ATTR"), _store_attribute),
    "LOAD_SUPER_ATTR": _load_super_attribute,
    "BINARY_SUBSCR": _load_item,
    "STORE_SUBSCR": _store_item,
    "DELETE_SUBSCR": _delete_item,
    "BINARY_SLICE": _load_slice,
    "STORE_SLICE": _store_slice,
    "CONTAINS_OP": _contains,
    "BUILD_LIST": _makes_list,
    **dict.fromkeys(("BUILD_MAP", "BUILD_CONST_KEY_MAP"), _makes_dict),
    "BUILD_SET": _makes_set,
    **dict.fromkeys(("GET_ITER", "GET_AITER", "GET_YIELD_FROM_ITER"), _iterate),
    "FOR_ITER": _advance,
    **dict.fromkeys(
        ("UNPACK_SEQUENCE", "UNPACK_EX", "LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE"), _unpack
    ),
    **dict.fromkeys(("GET_AWAITABLE", "GET_ANEXT"), _await),
    "SEND": _send,
    "BINARY_OP": _binary,
    **dict.fromkeys(("UNARY_NEGATIVE", "UNARY_INVERT", "UNARY_POSITIVE"), _unary),
    "COMPARE_OP": _compare,
    **dict.fromkeys(("UNARY_NOT", "TO_BOOL", "JUMP_IF_FALSE_OR_POP", "JUMP_IF_TRUE_OR_POP"), _truth),
    "GET_LEN": _length,
    **dict.fromkeys(("FORMAT_VALUE", "CONVERT_VALUE"), _format),
    "FORMAT_SIMPLE": _format,
    "FORMAT_WITH_SPEC": _format_with_spec,
    **dict.fromkeys(("MATCH_KEYS",), _match),
    "MATCH_CLASS": _match_class,
    "CALL": _call,
    "CALL_KW": _call_with_names,
    "CALL_FUNCTION_EX": _call_spread,
    **dict.fromkeys(("BEFORE_WITH", "BEFORE_ASYNC_WITH"), _enter),
    "WITH_EXCEPT_START": _leave,
    "IMPORT_NAME": _import,
    **dict.fromkeys(("IMPORT_STAR", "PRINT_EXPR", "LOAD_LOCALS"), _anything),
}
if not _SELF_ABOVE:  # until 3.12 a jump asks for the truth itself
    for _direction in ("", "_FORWARD", "_BACKWARD"):
        for _truth_name in ("TRUE", "FALSE"):
            WATCHES[f"POP_JUMP{_direction}_IF_{_truth_name}"] = _truth
