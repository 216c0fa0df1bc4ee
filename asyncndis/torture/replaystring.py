"""Replay strings: one short line that holds everything a run depends on, and refuses to run where it no longer fits.

``asyncndis1:`` and, in URL-safe base64: a checksum, the settings that give the tape its meaning, a fingerprint of the
program, and the tape (runs of zeros as one number, deflated where that is shorter). The fingerprint is the program's
name and the meaning of its source: neither bytecode, comments, docstrings, decorators nor layout count, so that a line
made by one version of Python is good for the next.
"""

import ast
import base64
import binascii
import functools
import hashlib
import inspect
import re
import textwrap
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

__all__ = ["Fingerprint", "Settings", "StaleReplay", "decode", "encode", "fingerprint"]

VERSION = 1
PREFIX = f"asyncndis{VERSION}:"
DECISIONS_MAX = 1 << 24
"""A longer tape is refused: a damaged or hostile line must not eat the memory."""

_LINE = re.compile(r"asyncndis(\d{1,9}):([\w-]*)", re.ASCII)
_FAULTS = (None, "nth", "sites", "random")
_DIGEST_SIZE = 3
_VARINT_BITS_MAX = 63
Program = Callable[..., object]
_SOURCE_UNKNOWN = bytes(_DIGEST_SIZE)
_ATOMS = (bool, bytes, float, int, str, type(None))


class StaleReplay(ValueError):
    """A replay string that cannot be replayed: damaged, of another version, or of another or a changed program."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """By what a program is known again.

    :ivar name: a digest of its qualified name
    :ivar source: a digest of its source; all zeros where the source cannot be read
    """

    name: bytes
    source: bytes

    def require(self, program: Program) -> None:
        """Make sure that this is the fingerprint of a program.

        :param program: the program that is to be replayed
        :raises StaleReplay: it is of another program, or the program was changed since
        """
        now = fingerprint(program)
        called = _name_of(_function_of(program))
        if self.name != now.name:
            raise StaleReplay(f"This replay string was recorded with another program than {called}. Replay it there.")
        if _SOURCE_UNKNOWN not in {self.source, now.source} and self.source != now.source:
            raise StaleReplay(
                f"{called} was changed since this replay string was recorded, so that its choices no longer mean"
                " what they did. Search again."
            )


@dataclass(frozen=True, slots=True)
class Settings:
    """What a tape means depends on these.

    :ivar program: the fingerprint of the program
    :ivar cancel: whether cancellations and early timers were among the choices
    :ivar faults: how failures were injected: ``None``, ``"nth"``, ``"sites"`` or ``"random"``
    :ivar max_steps: the number of steps after which a run counts as a livelock
    """

    program: Fingerprint
    cancel: bool = False
    faults: str | None = None
    max_steps: int = 20_000


def fingerprint(program: Program) -> Fingerprint:
    """By what a program will be known again, on any version of Python.

    :param program: a function, a method, a ``functools.partial`` or any other callable
    """
    function = _function_of(program)
    try:
        if inspect.getfile(function) == "<string>":  # under that name Python 3.13 keeps another source: that of `-c`
            raise OSError
        source = _digest(ascii([_meaning_of(inspect.getsource(function)), _bound_to(program)]))
    except (OSError, TypeError):  # typed at a prompt, or written in C
        source = _SOURCE_UNKNOWN
    return Fingerprint(_digest(_name_of(function)), source)


def encode(tape: Sequence[int], settings: Settings) -> str:
    """The line that replays a run.

    :param tape: the chosen index of every decision; zeros at its end are left out, since they go without saying
    :param settings: what the tape depends on
    :raises ValueError: an index or ``max_steps`` is negative or beyond 63 bits, the tape is longer than
        ``DECISIONS_MAX``, or ``faults`` is not known
    """
    if settings.faults not in _FAULTS:
        raise ValueError(f"faults must be one of {', '.join(map(repr, _FAULTS))}, not {settings.faults!r}")
    if len(tape) > DECISIONS_MAX:
        raise ValueError(f"a tape has at most {DECISIONS_MAX} decisions, not {len(tape)}")
    plain = b"".join(map(_varint, _tokens(tape)))
    deflated = zlib.compress(plain, 9, -zlib.MAX_WBITS)
    is_deflated = len(deflated) < len(plain)
    flags = settings.cancel | _FAULTS.index(settings.faults) << 1 | is_deflated << 3
    known = settings.program.name + settings.program.source
    body = bytes([flags]) + known + _varint(settings.max_steps) + (deflated if is_deflated else plain)
    return PREFIX + base64.urlsafe_b64encode(_checksum(body) + body).decode().rstrip("=")


def decode(text: str) -> tuple[Settings, tuple[int, ...]]:
    """The settings and the tape of a replay string.

    :param text: the line; blanks around it do not matter
    :raises StaleReplay: the line is not a replay string, damaged, or of another version
    """
    parts = _LINE.fullmatch(text.strip())
    if parts is None:
        raise StaleReplay(f"This is not a replay string: one is a single line that begins with {PREFIX!r}.")
    if parts[1] != str(VERSION):
        raise StaleReplay(
            f"This replay string has version {parts[1]}, and this asyncndis reads version {VERSION} only."
            " Replay it with the asyncndis that made it, or search again."
        )
    try:
        content = base64.urlsafe_b64decode(parts[2] + "=" * (-len(parts[2]) % 4))
        body = content[_DIGEST_SIZE:]
        if _checksum(body) != content[:_DIGEST_SIZE]:
            raise _damaged()
        return _parse(body)
    except (binascii.Error, zlib.error, IndexError) as error:
        raise _damaged() from error


def _damaged() -> StaleReplay:
    return StaleReplay("This replay string is damaged: a part of it is missing or was changed. Copy the whole line.")


def _parse(body: bytes) -> tuple[Settings, tuple[int, ...]]:
    flags = body[0]
    known = body[1 : 1 + 2 * _DIGEST_SIZE]
    max_steps, start = _read_varint(body, 1 + 2 * _DIGEST_SIZE)
    tape = body[start:]
    if flags & 1 << 3:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        tape = inflater.decompress(tape, DECISIONS_MAX)
        if not inflater.eof or inflater.unused_data:
            raise _damaged()
    program = Fingerprint(known[:_DIGEST_SIZE], known[_DIGEST_SIZE:])
    settings = Settings(program, bool(flags & 1), _FAULTS[flags >> 1 & 3], max_steps)
    return settings, _untokens(tape)


def _tokens(tape: Iterable[int]) -> Iterator[int]:
    """An index i as 2 i, and a run of n zeros as 2 n - 1; not the last run."""
    zeros = 0
    for index in tape:
        if index == 0:
            zeros += 1
            continue
        if zeros:
            yield 2 * zeros - 1
            zeros = 0
        yield 2 * index


def _untokens(tokens: bytes) -> tuple[int, ...]:
    tape: list[int] = []
    position = 0
    while position < len(tokens):
        token, position = _read_varint(tokens, position)
        zeros = (token + 1) // 2 if token & 1 else 0
        if len(tape) + (zeros or 1) > DECISIONS_MAX:
            raise _damaged()
        tape += [0] * zeros or [token // 2]
    return tuple(tape)


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the highest bit says that more follow."""
    if number < 0 or number >> _VARINT_BITS_MAX + 1:
        raise ValueError("an index and max_steps are at least 0 and have at most 63 bits")
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def _read_varint(content: bytes, position: int) -> tuple[int, int]:
    number = shift = 0
    while (group := content[position]) & 0x80:
        number |= (group & 0x7F) << shift
        shift += 7
        position += 1
        if shift > _VARINT_BITS_MAX:
            raise _damaged()
    return number | group << shift, position + 1


def _checksum(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(4)[-_DIGEST_SIZE:]


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="backslashreplace"), digest_size=_DIGEST_SIZE).digest()


def _function_of(program: Program) -> Program:
    """The innermost function that a program stands for; of an object that can be called, its class."""
    *_, innermost = _layers(program)
    return innermost if hasattr(innermost, "__qualname__") else type(innermost)


def _bound_to(program: Program) -> list[str]:
    """The plain values that partials bind: with another size, it is another program."""
    bound: list[str] = []
    for layer in _layers(program):
        if isinstance(layer, functools.partial):
            named = {**{str(place): value for place, value in enumerate(layer.args)}, **layer.keywords}
            bound += [f"{name}={value!r}" for name, value in sorted(named.items()) if isinstance(value, _ATOMS)]
    return bound


def _layers(program: Program) -> Iterator[Program]:
    """A program and what it wraps, the innermost last."""
    inner: Program | None = program
    while inner is not None:
        yield inner
        inner = inner.func if isinstance(inner, functools.partial) else getattr(inner, "__wrapped__", None)


def _name_of(function: Program) -> str:
    return str(getattr(function, "__qualname__", function))


def _meaning_of(source: str) -> str:
    """What a source says, however it is laid out; the source itself, blanks apart, where it is only a part of one."""
    try:
        tree = ast.parse(textwrap.dedent(source))
    except SyntaxError:  # a lambda in the middle of a call
        return " ".join(source.split())
    if isinstance(definition := tree.body[0], ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        definition.decorator_list.clear()
    return ascii(_plain(tree))


def _plain(node: object) -> object:
    """A tree as plain values, without docstrings and the empty fields that only some versions of Python have."""
    if isinstance(node, list):
        return [_plain(item) for item in cast("list[object]", node) if not _is_docstring(item)]
    if not isinstance(node, ast.AST):
        return node
    if isinstance(node, ast.JoinedStr):  # Python 3.12 ends some with an empty text
        node.values = [part for part in node.values if not (isinstance(part, ast.Constant) and part.value == "")]
    fields = [(name, _plain(value)) for name, value in ast.iter_fields(node) if value is not None]
    return type(node).__name__, [(name, value) for name, value in fields if value != []]


def _is_docstring(node: object) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
