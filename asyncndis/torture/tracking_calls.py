"""What calls into C code read and write: a table of the functions that are known, and the rule for all others.

A call of Python code needs no entry, its own bytecode is watched. A call of C code that is not in the table makes the
step unknown. Each entry is an effect: a function of the notes and the arguments, the object of a method first.
"""

import _thread
import abc
import array
import asyncio
import bisect
import builtins
import collections
import contextvars
import functools
import heapq
import io
import math
import operator
import os
import random
import sys
import threading
import time
import types
import weakref
from collections.abc import Callable, Iterable
from typing import Any

from .tracking_attributes import read_attribute, write_attribute
from .tracking_frames import class_of
from .tracking_notes import Notes
from .tracking_values import CONTAINERS, FROZEN, KNOWN, advance, operate, read_deep, read_flat, read_size, special_class

__all__ = ["called"]

Effect = Callable[[Notes, tuple[Any, ...]], None]


def called(notes: Notes, function: Any, arguments: tuple[Any, ...]) -> None:
    """Note what a call does that is about to be made, as far as no bytecode shows it.

    :param function: what is called: anything that can be
    :param arguments: positional arguments, then those given by name
    """
    kind: type[Any] = class_of(function)
    while kind is types.MethodType or kind is functools.partial or kind is types.GenericAlias:
        if kind is types.MethodType:
            function, arguments = function.__func__, (function.__self__, *arguments)
        elif kind is types.GenericAlias:
            function = function.__origin__
        else:
            function, arguments = function.func, (*function.args, *arguments, *function.keywords.values())
        kind = class_of(function)
    if kind is types.FunctionType:
        return
    if isinstance(function, type):
        _constructed(notes, function, arguments)
        return
    if isinstance(function, (types.BuiltinFunctionType, types.MethodWrapperType)):
        effect, arguments = _effect_of_builtin(function, arguments)
    elif kind in _UNBOUND:
        effect = _method_effect(function.__objclass__, function.__name__)
    else:
        effect = _effect_of_object(kind)
        arguments = (function, *arguments)
    if effect is None:
        notes.unseen.add(f"{getattr(function, '__qualname__', kind.__qualname__)}()")
    else:
        effect(notes, arguments)


_COPY = (list, tuple, set, frozenset, dict, collections.deque, bytearray)
_UNBOUND = (types.MethodDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType)


def _effect_of_builtin(function: Any, arguments: tuple[Any, ...]) -> tuple[Effect | None, tuple[Any, ...]]:
    owner = function.__self__
    if owner is None or isinstance(owner, types.ModuleType):
        return _FUNCTIONS.get(function), arguments
    if isinstance(owner, type) and (effect := _method_effect(owner, function.__name__)) is not None:
        return effect, arguments
    return _method_effect(class_of(owner), function.__name__), (owner, *arguments)


def _effect_of_object(kind: type[Any]) -> Effect | None:
    for klass in kind.__mro__:
        if "__call__" in klass.__dict__:
            if isinstance(klass.__dict__["__call__"], types.FunctionType):
                return _nothing
            return _METHODS.get((klass, "__call__"))
    return None


def _method_effect(kind: type[Any], name: str) -> Effect | None:
    for klass in kind.__mro__:
        effect = _METHODS.get((klass, name))
        if effect is not None:
            return effect
        if name in klass.__dict__ and not isinstance(klass.__dict__[name], types.FunctionType):
            return None if klass not in _ALL_METHODS_READ else _read
    return None


def _constructed(notes: Notes, kind: type[Any], arguments: tuple[Any, ...]) -> None:
    """A class is called: what its C code for making objects does with the arguments."""
    if kind is type and len(arguments) == 1:
        return
    for name in ("__new__", "__init__"):
        behind = special_class(kind, name)
        if behind is not None and behind not in _MAKES:
            notes.unseen.add(f"{kind.__qualname__}()")
            return
    if issubclass(kind, _COPY):
        for argument in arguments:
            read_flat(notes, argument)
    elif kind in FROZEN:
        _read(notes, arguments)


# Effects


def _nothing(notes: Notes, arguments: tuple[Any, ...]) -> None:
    """It touches nothing that changes."""


def _read(notes: Notes, arguments: tuple[Any, ...]) -> None:
    for argument in arguments:
        read_deep(notes, argument)


def called_back(notes: Notes, function: Any) -> None:
    """Note that C code may call a function that it was given, with arguments that nobody sees here."""
    while isinstance(function, (functools.partial, types.MethodType)):
        function = function.func if isinstance(function, functools.partial) else function.__func__
    if isinstance(function, (types.FunctionType, type)) or _effect_of_object(class_of(function)) is _nothing:
        return
    if class_of(function) in _UNBOUND:
        effect = _method_effect(function.__objclass__, function.__name__)
    elif isinstance(function, types.BuiltinFunctionType):
        effect, _ = _effect_of_builtin(function, ())
        if not isinstance(function.__self__, types.ModuleType):
            read_deep(notes, function.__self__)
    else:
        effect = None
    if effect is not _read and effect is not _nothing:
        notes.unseen.add(f"{getattr(function, '__qualname__', class_of(function).__qualname__)}() called by C code")


def _write(notes: Notes, arguments: tuple[Any, ...]) -> None:
    notes.write(arguments[0])
    for argument in arguments[1:]:
        read_flat(notes, argument)


def _compare(notes: Notes, arguments: tuple[Any, ...]) -> None:
    _read(notes, arguments)
    for argument in arguments:
        if isinstance(argument, (types.BuiltinFunctionType, *_UNBOUND)):
            called_back(notes, argument)


def _write_compared(notes: Notes, arguments: tuple[Any, ...]) -> None:
    notes.write(arguments[0])
    _compare(notes, arguments)


def _read_self(notes: Notes, arguments: tuple[Any, ...]) -> None:
    notes.read(arguments[0])


def _write_self(notes: Notes, arguments: tuple[Any, ...]) -> None:
    notes.write(arguments[0])


def _size(notes: Notes, arguments: tuple[Any, ...]) -> None:
    read_size(notes, arguments[0])
    operate(notes, arguments[0], "__len__")


def _next(notes: Notes, arguments: tuple[Any, ...]) -> None:
    advance(notes, arguments[0])


def _get_item(notes: Notes, arguments: tuple[Any, ...]) -> None:
    notes.touch_item(arguments[0], arguments[1], write=False)


def _add_item(notes: Notes, arguments: tuple[Any, ...]) -> None:
    notes.add_item(arguments[0], arguments[1])


def _remove_item(notes: Notes, arguments: tuple[Any, ...]) -> None:
    notes.remove_item(arguments[0], arguments[1])


def _get_attribute(notes: Notes, arguments: tuple[Any, ...]) -> None:
    read_attribute(notes, arguments[0], arguments[1])


def _set_attribute(notes: Notes, arguments: tuple[Any, ...]) -> None:
    write_attribute(notes, arguments[0], arguments[1])


def _cancel(notes: Notes, arguments: tuple[Any, ...]) -> None:
    """A task passes its cancellation on to what it waits for."""
    waiter: Any = arguments[0]
    while issubclass(class_of(waiter), asyncio.Future):
        notes.write(waiter)
        waiter = getattr(waiter, "_fut_waiter", None)


def _run_in_context(notes: Notes, arguments: tuple[Any, ...]) -> None:
    called(notes, arguments[1], arguments[2:])


def _call_first(notes: Notes, arguments: tuple[Any, ...]) -> None:
    _read(notes, arguments[1:])
    called_back(notes, arguments[0])


# The table


def _entries(effect: Effect, classes: Iterable[type[Any]], names: str) -> dict[tuple[type[Any], str], Effect]:
    return {(klass, name): effect for klass in classes for name in names.split()}


_lock_types = (type(threading.Lock()), type(threading.RLock()))
_future_types = (asyncio.Future, asyncio.Task)
_random = random.Random.__bases__[0]
_buffers = (io.StringIO, io.BytesIO)
_SEQUENCES = (list, collections.deque, bytearray, array.array)

_METHODS: dict[tuple[type[Any], str], Effect] = {
    **_entries(
        _write,
        _SEQUENCES,
        "extend extendleft __setitem__ __delitem__ __iadd__ __imul__ __init__",
    ),
    **_entries(_write_self, _SEQUENCES, "append appendleft insert pop popleft clear reverse rotate"),
    **_entries(_write_compared, _SEQUENCES, "remove sort"),
    **_entries(
        _write,
        (dict, collections.OrderedDict, collections.defaultdict),
        "popitem clear update move_to_end __ior__ __init__",
    ),
    **_entries(_add_item, (dict, collections.OrderedDict), "setdefault __setitem__"),
    **_entries(_remove_item, (dict, collections.OrderedDict), "pop __delitem__"),
    **_entries(_add_item, (set,), "add"),
    **_entries(_remove_item, (set,), "remove discard"),
    **_entries(_get_item, (dict, set), "get __getitem__ __contains__"),
    **_entries(_nothing, (dict, collections.OrderedDict), "keys values items __iter__"),
    **_entries(_size, CONTAINERS, "__len__"),
    **_entries(
        _write,
        (set,),
        "pop clear update difference_update intersection_update symmetric_difference_update __ior__ __iand__ __isub__ "
        "__ixor__ __init__",
    ),
    **_entries(_write, _buffers, "write read readline seek truncate close __init__"),
    **_entries(_read_self, _buffers, "getvalue tell closed"),
    **_entries(
        _nothing,
        (object,),
        "__init__ __new__ __init_subclass__ __eq__ __ne__ __hash__ __repr__ __str__ __format__ __subclasshook__",
    ),
    **_entries(_set_attribute, (object, BaseException, type), "__setattr__ __delattr__"),
    **_entries(_get_attribute, (object, BaseException, type), "__getattribute__"),
    **_entries(_write, (BaseException,), "with_traceback add_note __init__ __setstate__"),
    **_entries(_read, (BaseException,), "__str__ __repr__ derive split subgroup"),
    **_entries(_read, (BaseExceptionGroup,), "derive split subgroup __str__ __repr__"),
    **_entries(_nothing, (BaseException, BaseExceptionGroup), "__new__"),
    **_entries(_write, (BaseExceptionGroup,), "__init__"),
    **_entries(_write_self, (types.GeneratorType, types.CoroutineType), "send throw close __next__"),
    **_entries(_write_self, (types.AsyncGeneratorType,), "asend athrow aclose __anext__"),
    **_entries(_nothing, (types.CoroutineType, types.GeneratorType), "__await__ __iter__"),
    **_entries(
        _write_self,
        _future_types,
        "set_result set_exception add_done_callback remove_done_callback uncancel set_name __init__ "
        "_make_cancelled_error",
    ),
    **_entries(_cancel, _future_types, "cancel"),
    **_entries(_read_self, _future_types, "done cancelled result exception cancelling __repr__ get_stack"),
    **_entries(_nothing, _future_types, "get_loop get_name get_coro get_context __await__ __iter__ __del__"),
    **_entries(_read_self, (contextvars.ContextVar,), "get"),
    **_entries(_write_self, (contextvars.ContextVar,), "set reset"),
    **_entries(_run_in_context, (contextvars.Context,), "run"),
    **_entries(_write_self, (_random,), "random getrandbits seed setstate"),
    **_entries(_read_self, (_random,), "getstate"),
    **_entries(
        _write_self,
        _lock_types,
        "acquire release __enter__ __exit__ acquire_lock release_lock _is_owned _release_save _acquire_restore",
    ),
    **_entries(_read_self, _lock_types, "locked"),
    **_entries(_nothing, (weakref.ReferenceType,), "__init__ __hash__"),
    **_entries(_nothing, (type,), "mro __subclasses__ __instancecheck__ __subclasscheck__ __prepare__"),
    **_entries(_nothing, (property, classmethod, staticmethod, super), "__init__ setter getter deleter"),
    **_entries(_get_attribute, (super,), "__getattribute__"),
    **_entries(_read, (operator.itemgetter,), "__call__"),
    **_entries(_write_self, (type(functools.lru_cache(len)),), "__call__ cache_clear"),
    **_entries(_read_self, (type(functools.lru_cache(len)),), "cache_info cache_parameters"),
    **_entries(_nothing, (type(class_of(len).__call__),), "__get__"),
}
"""Methods of C classes that write, or that read less than all they are given."""

_ALL_METHODS_READ: frozenset[type[Any]] = frozenset(
    KNOWN - {weakref.ReferenceType, object, *_future_types, types.GeneratorType}
) - {
    *(types.CoroutineType, types.AsyncGeneratorType, contextvars.Context, _random, *_lock_types, types.ModuleType),
    *(types.FunctionType, types.FrameType, type, super, functools.partial, operator.attrgetter, threading.local),
}
"""Classes of C code of which every method that is not in the table only reads."""

_MAKES: frozenset[type[Any]] = frozenset(
    {
        *(KNOWN - {type, types.FrameType}),
        *(asyncio.CancelledError, property, classmethod, staticmethod, weakref.ref, BaseExceptionGroup, ExceptionGroup),
        *(klass for klass in vars(builtins).values() if isinstance(klass, type) and issubclass(klass, BaseException)),
        *(operator.methodcaller, array.array),
    }
)
"""Classes of C code that make an object from their arguments and do nothing else."""


def _functions(effect: Effect, module: types.ModuleType, names: str) -> dict[Any, Effect]:
    found = {name: getattr(module, name, None) for name in names.split()}
    return {function: effect for function in found.values() if isinstance(function, types.BuiltinFunctionType)}


_FUNCTIONS: dict[Any, Effect] = {
    **_functions(
        _nothing,
        builtins,
        "id isinstance issubclass callable iter aiter __build_class__ chr ord hash abs bin hex oct round divmod pow",
    ),
    **_functions(_read, builtins, "repr ascii format sum any all hash abs round divmod pow"),
    **_functions(_compare, builtins, "min max sorted"),
    **_functions(_size, builtins, "len"),
    **_functions(_next, builtins, "next anext"),
    **_functions(_get_attribute, builtins, "getattr hasattr"),
    **_functions(_set_attribute, builtins, "setattr delattr"),
    **{function: _read for function in vars(math).values() if isinstance(function, types.BuiltinFunctionType)},
    **_functions(
        _read,
        operator,
        "add sub mul floordiv truediv mod neg pos not_ and_ or_ xor eq ne lt le gt ge is_ is_not truth contains "
        "getitem concat index countOf indexOf abs inv invert lshift rshift pow length_hint",
    ),
    **_functions(_call_first, functools, "reduce"),
    **_functions(_nothing, functools, "cmp_to_key"),
    **_functions(
        _nothing, time, "time time_ns monotonic monotonic_ns perf_counter perf_counter_ns process_time thread_time"
    ),
    **_functions(
        _nothing, sys, "_getframe exc_info exception intern getrefcount getsizeof is_finalizing getrecursionlimit audit"
    ),
    **_functions(_nothing, sys, "get_asyncgen_hooks get_coroutine_origin_tracking_depth _getframemodulename"),
    **_functions(_nothing, _thread, "get_ident get_native_id allocate_lock"),
    **_functions(_nothing, abc, "_abc_instancecheck _abc_subclasscheck _abc_init get_cache_token"),
    **_functions(_nothing, contextvars, "copy_context"),
    **_functions(
        _nothing, asyncio.events, "get_running_loop _get_running_loop _set_running_loop get_event_loop _get_event_loop"
    ),
    **_functions(
        _nothing,
        asyncio.tasks,
        "current_task _enter_task _leave_task _swap_current_task _register_task _unregister_task _register_eager_task "
        "_unregister_eager_task",
    ),
    **_functions(_nothing, os, "getpid fspath"),
    **_functions(_nothing, weakref, "_remove_dead_weakref"),
    **_functions(_read, bisect, "bisect bisect_left bisect_right"),
    **_functions(_write_compared, heapq, "heappush heappop heapify heapreplace heappushpop"),
    **_functions(_write_compared, bisect, "insort insort_left insort_right"),
}
"""Functions of C modules that are known."""
