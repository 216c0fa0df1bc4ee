"""What code written in C reads when it is handed a value: containers element by element, iterators one step on.

Special methods that a class writes in Python need no care here: their own bytecode is watched. What matters is which
class of C code stands behind an operation; those in ``KNOWN`` look at nothing but their own value.
"""

import array
import asyncio
import collections
import contextvars
import datetime as dt
import decimal
import functools
import gc
import io
import itertools
import operator
import random
import re
import threading
import types
import weakref
from typing import Any

from .footprints import SIZE
from .tracking_frames import class_of
from .tracking_notes import Notes

__all__ = [
    "CONTAINERS",
    "FROZEN",
    "GENERATORS",
    "ITERATORS",
    "KNOWN",
    "SCALARS",
    "advance",
    "names",
    "operate",
    "read_deep",
    "read_flat",
    "read_size",
    "special_class",
]

SCALARS: frozenset[type[Any]] = frozenset(
    {int, float, complex, bool, str, bytes, type(None), range, type(...), type(NotImplemented), slice}
)
"""Types whose values never change and hold nothing."""
_VALUES: list[Any] = [dt.date, dt.time, dt.datetime, dt.timedelta, dt.timezone, decimal.Decimal, re.Pattern, re.Match]
_LIBRARY: list[Any] = [types.CodeType, types.GenericAlias, types.UnionType, object]
FROZEN: frozenset[type[Any]] = frozenset({*SCALARS, *_VALUES, *_LIBRARY})
"""Types of C code whose values never change."""
CONTAINERS: tuple[type[Any], ...] = (list, dict, set, collections.deque, bytearray, array.array, types.MappingProxyType)
"""Types of C code that hold values and change; their subclasses, too."""
_BUFFERS: tuple[type[Any], ...] = (io.StringIO, io.BytesIO, memoryview)
_KEYED: list[dict[int, int]] = [{}, collections.OrderedDict()]
_VIEWS = tuple(class_of(view) for keyed in _KEYED for view in (keyed.keys(), keyed.values(), keyed.items()))
GENERATORS: tuple[type[Any], ...] = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
"""Types of running functions: whoever resumes one changes it."""
_SOURCES: list[Any] = [[], (), {}, set(), range(0), range(1 << 70), "", "é", b"", bytearray(), {}.values(), {}.items()]
_MORE_SOURCES: list[Any] = [collections.deque(), array.array("b"), collections.OrderedDict(), memoryview(b"")]
_REVERSIBLE: list[Any] = [[], {}, {}.values(), {}.items(), collections.deque()]
_WALKERS: list[Any] = [
    *(type(iter(int, 0)), enumerate, zip, map, filter, reversed, itertools.count, itertools.cycle, itertools.repeat),
    *(itertools.chain, itertools.islice, itertools.accumulate, itertools.takewhile, itertools.dropwhile),
    *(itertools.starmap, itertools.filterfalse, itertools.zip_longest, itertools.pairwise, itertools.compress),
    *(itertools.product, itertools.combinations, itertools.permutations),
]
ITERATORS: tuple[type[Any], ...] = (
    *(class_of(iter(source)) for source in (*_SOURCES, *_MORE_SOURCES)),
    *(class_of(reversed(source)) for source in _REVERSIBLE),
    *_WALKERS,
)
"""Types of C code that go through something and remember where they are."""
KNOWN: frozenset[type[Any]] = frozenset(
    {
        *(FROZEN | {tuple, frozenset, type, property, super, BaseException, weakref.ReferenceType}),
        *(*CONTAINERS, *_BUFFERS, *_VIEWS, *GENERATORS, *ITERATORS),
        *(collections.defaultdict, collections.OrderedDict, asyncio.Future, asyncio.Task, contextvars.Context),
        *(contextvars.ContextVar, contextvars.Token, types.FunctionType, types.MethodType, types.BuiltinFunctionType),
        *(types.ModuleType, types.SimpleNamespace, types.FrameType, types.TracebackType, types.CellType),
        *(functools.partial, operator.attrgetter, operator.itemgetter, threading.local, type(threading.Lock())),
        *(type(threading.RLock()), random.Random.__bases__[0], types.MethodDescriptorType, types.WrapperDescriptorType),
    }
)
"""Classes of C code whose special methods look at nothing but the value and its elements."""

_APPLIED: tuple[Any, ...] = (
    str,
    int,
    float,
    bool,
    bytes,
    list,
    tuple,
    set,
    frozenset,
    dict,
    repr,
    len,
    abs,
    ord,
    chr,
    hash,
)
_keys_of: Any = dict[Any, Any].keys
_values_of: Any = dict[Any, Any].values
_MOST_ELEMENTS = 500


def names(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def read_deep(notes: Notes, value: Any) -> None:
    """Note that C code looked at a value and at everything in it that is not code of its own.

    :param notes: where to note it
    :param value: an argument, or an operand
    """
    left = _MOST_ELEMENTS
    todo = [value]
    seen: set[int] = set()
    while todo:
        value = todo.pop()
        kind: type[Any] = class_of(value)
        if kind in FROZEN or id(value) in seen:
            continue
        seen.add(id(value))
        elements: Any = ()
        if isinstance(value, (tuple, frozenset)):
            elements = _elements(value)
        elif issubclass(kind, dict):
            notes.read(value)
            elements = [*_keys_of(value), *_values_of(value)]
        elif issubclass(kind, (list, set, collections.deque)):
            elements = _elements(value)
            notes.read(value)
        elif kind in _VIEWS or kind is types.MappingProxyType:
            elements = gc.get_referents(value)
        elif isinstance(value, (*ITERATORS, *GENERATORS)):
            advance(notes, value)
        elif isinstance(value, (*CONTAINERS, *_BUFFERS)):
            notes.read(value)
        left -= len(elements)
        if left < 0:
            notes.unseen.add("what is in a big container")
            return
        todo += elements


def _elements(value: Any) -> list[Any]:
    """What is in a container, without asking an ``__iter__`` that a subclass has."""
    kinds: tuple[Any, ...] = (tuple, list, set, frozenset, collections.deque)
    return next(list(kind.__iter__(value)) for kind in kinds if isinstance(value, kind))


def read_flat(notes: Notes, value: Any) -> None:
    """Note that C code went through the elements of a value once, without looking into them."""
    kind: type[Any] = class_of(value)
    if kind in FROZEN or isinstance(value, (tuple, frozenset)):
        return
    if isinstance(value, (*CONTAINERS, *_BUFFERS)):
        notes.read(value)
    elif kind in _VIEWS or kind is types.MappingProxyType:
        for behind in gc.get_referents(value):
            notes.read(behind)
    elif isinstance(value, (*ITERATORS, *GENERATORS)):
        advance(notes, value)
    else:
        operate(notes, value, "__iter__")


def read_size(notes: Notes, container: Any) -> None:
    """Note that the size of a container was asked for, or whether it is empty."""
    kind: type[Any] = class_of(container)
    if kind in FROZEN or isinstance(container, (tuple, frozenset)):
        return
    if kind in _VIEWS or kind is types.MappingProxyType:
        for behind in gc.get_referents(container):
            notes.read(behind, SIZE)
    elif isinstance(container, (*CONTAINERS, *_BUFFERS)):
        notes.read(container, SIZE)
    else:
        operate(notes, container, "__bool__")
        operate(notes, container, "__len__")


def advance(notes: Notes, iterator: Any) -> None:
    """Note that an iterator went one step on, and looked at what it goes through."""
    if isinstance(iterator, GENERATORS):
        notes.write(iterator)
        return
    kind: type[Any] = class_of(iterator)
    if kind not in ITERATORS:
        operate(notes, iterator, "__next__")
        return
    notes.write(iterator)
    sources = [source for source in gc.get_referents(iterator) if source is not kind]
    for source in sources:
        _read_source(notes, source)
    for function in sources:
        if callable(function) and not isinstance(function, (types.FunctionType, types.MethodType)):
            _read_for(notes, function, sources)


def _read_source(notes: Notes, source: Any) -> None:
    if isinstance(source, (*ITERATORS, *GENERATORS)):
        advance(notes, source)
    elif issubclass(class_of(source), tuple):  # the iterators of a zip; never the elements of a list
        for each in source:
            if isinstance(each, (*ITERATORS, *GENERATORS)):
                _read_source(notes, each)
    elif isinstance(source, (*CONTAINERS, *_BUFFERS)):
        notes.read(source)


def _read_for(notes: Notes, function: Any, sources: list[Any]) -> None:
    """A function of C code is applied to the elements of an iterator: known only for classes that copy or print."""
    if function not in _APPLIED:
        notes.unseen.add(
            f"what {getattr(function, '__qualname__', class_of(function).__qualname__)} does in an iterator"
        )
        return
    for source in sources:
        found: Any = source if issubclass(class_of(source), tuple) else (source,)
        for each in found:
            if isinstance(each, ITERATORS):
                for container in gc.get_referents(each):
                    read_deep(notes, container)


def special_class(kind: type[Any], name: str) -> type[Any] | None:
    """The class of C code that answers a special method of a type; None if it is Python code, or there is none."""
    for klass in kind.__mro__:
        if name in klass.__dict__:
            found: Any = klass.__dict__[name]
            if class_of(found) in {staticmethod, classmethod}:
                found = found.__func__
            return None if isinstance(found, (types.FunctionType, property)) else klass
    return None


_answers: dict[tuple[type[Any], str], bool] = {}


def operate(notes: Notes, value: Any, name: str) -> None:
    """Note that a special method of a value may have been called by the interpreter.

    :param name: the method; only its being known counts, what it reads is noted by who asks
    """
    kind: type[Any] = class_of(value)
    known = _answers.get((kind, name))
    if known is None:
        behind = special_class(kind, name)
        known = _answers[kind, name] = behind is None or behind in KNOWN
    if not known:
        notes.unseen.add(f"{kind.__qualname__}.{name}")
