"""Which state an attribute stands for: a value of the object, something computed in C, or nothing that changes.

Only the class is looked at, never the attribute itself, so that nothing runs. Properties and ``__getattr__`` written in
Python are watched as any other Python code.
"""

import types
from enum import Enum
from typing import Any, NamedTuple

from .footprints import WHOLE
from .tracking_frames import class_of
from .tracking_notes import Notes
from .tracking_values import KNOWN, names

__all__ = ["read_attribute", "write_attribute"]


class _Access(Enum):
    """What an access to an attribute touches."""

    NOTHING = "nothing that changes"
    VALUE = "the attribute"
    OBJECT = "the whole object"
    ANYTHING = "nobody knows what"


_CONSTANT = names(
    "__class__ __doc__ __name__ __qualname__ __module__ __traceback__ __cause__ __context__ __suppress_context__ "
    "__self__ __func__ __code__ __globals__ __wrapped__ __weakref__ __args__ __origin__ tb_frame tb_next f_code f_back "
    "cr_code gi_code numerator denominator real imag year month day hour minute second microsecond days seconds "
    "microseconds tzinfo start stop step"
)
"""Attributes of objects of C code that do not change, or of which a change goes by another way that is seen."""


class _Pair(NamedTuple):
    """Has a descriptor of the kind that named tuples have."""

    first: int


_BINDS_ONLY: tuple[type[Any], ...] = (
    *(types.MethodDescriptorType, types.WrapperDescriptorType, types.ClassMethodDescriptorType),
    *(types.BuiltinFunctionType, classmethod, staticmethod, class_of(_Pair.first)),
)
_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_PEEKS = names("f_locals f_lasti f_lineno cr_frame cr_await cr_running gi_frame gi_yieldfrom gi_running")
"""Attributes that look into functions that have not returned."""
_answers: dict[tuple[type[Any], str, bool], _Access] = {}


def read_attribute(notes: Notes, obj: Any, name: str) -> None:
    """Note that an attribute is about to be looked up."""
    _touch(notes, obj, name, write=False)


def write_attribute(notes: Notes, obj: Any, name: str) -> None:
    """Note that an attribute is about to be set or deleted."""
    _touch(notes, obj, name, write=True)


def _touch(notes: Notes, obj: Any, name: str, write: bool) -> None:
    kind: type[Any] = class_of(obj)
    if kind is super:
        _touch_inherited(notes, obj.__self__, name)
        return
    if isinstance(obj, types.ModuleType):
        _touch_module(notes, obj, name, write)
        return
    if isinstance(obj, type):
        notes.touch_class(WHOLE if name in {"__dict__", "__bases__", "__mro__"} else name, write)
        return
    if name == "__dict__":
        notes.expose(object.__getattribute__(obj, "__dict__") if hasattr(obj, "__dict__") else obj)
        return
    access = _answers.get((kind, name, write))
    if access is None:
        access = _answers[kind, name, write] = _access(kind, name, write)
    if access is _Access.VALUE:
        notes.touch(obj, name, write)
        if not write:
            notes.touch_class(name, write=False)
    elif access is _Access.OBJECT:
        notes.touch(obj, WHOLE, write)
    elif access is _Access.ANYTHING:
        notes.unseen.add(f"{kind.__qualname__}.{name}")


def _touch_inherited(notes: Notes, obj: Any, name: str) -> None:
    """Through ``super()``: an attribute of a class further up, computed perhaps."""
    notes.touch_class(name, write=False)
    if any(isinstance(klass.__dict__.get(name), types.GetSetDescriptorType) for klass in class_of(obj).__mro__):
        notes.read(obj)


def _touch_module(notes: Notes, module: types.ModuleType, name: str, write: bool) -> None:
    if name == "__dict__":
        notes.expose(module.__dict__)
    else:
        notes.touch_global(module, name, write)


def _access(kind: type[Any], name: str, write: bool) -> _Access:  # noqa: PLR0911 - one case after the other
    if name == "__class__":
        return _Access.ANYTHING if write else _Access.NOTHING
    hook = _find(kind, "__setattr__" if write else "__getattribute__")
    if name in _PEEKS or not (isinstance(hook[1], types.FunctionType) or hook[0] in KNOWN):
        return _Access.ANYTHING
    _, found = _find(kind, name)
    if isinstance(found, types.GetSetDescriptorType):
        if write:
            return _Access.OBJECT
        return _Access.NOTHING if name in _CONSTANT else _Access.OBJECT
    if isinstance(found, types.MemberDescriptorType):
        return _Access.NOTHING if name in _CONSTANT and not write else _Access.VALUE
    if isinstance(found, property):
        accessor = found.fset if write else found.fget
        return _Access.VALUE if accessor is None or isinstance(accessor, types.FunctionType) else _Access.ANYTHING
    if not kind.__flags__ & _HEAP and not kind.__dictoffset__ and (found is None or isinstance(found, _BINDS_ONLY)):
        return _Access.NOTHING
    if found is None or isinstance(found, (types.FunctionType, *_BINDS_ONLY)):
        return _Access.VALUE
    return _access_by_descriptor(class_of(found), write)


def _access_by_descriptor(kind: type[Any], write: bool) -> _Access:
    """What happens where the class has an object of this type under the name."""
    _, hook = _find(kind, "__set__" if write else "__get__")
    if hook is None or isinstance(hook, types.FunctionType) or kind.__module__ == "functools":
        return _Access.VALUE
    return _Access.ANYTHING


def _find(kind: type[Any], name: str) -> tuple[type[Any] | None, Any]:
    for klass in kind.__mro__:
        if name in klass.__dict__:
            return klass, klass.__dict__[name]
    return None, None
