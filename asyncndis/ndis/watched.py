"""Telling a probe of a call: before it, and after it where it was not refused."""

from asyncndis.base import Probe

__all__ = ["Watched"]


class Watched:
    """The context manager around a call.

    :param probe: who is told; None for nobody
    :param operation: the call's name in NDIS
    :param subject: what it is made on
    :param arguments: the others
    """

    __slots__ = ("_arguments", "_operation", "_probe", "_subject")

    def __init__(self, probe: Probe | None, operation: str, subject: object, *arguments: object) -> None:
        self._probe = probe
        self._operation = operation
        self._subject = subject
        self._arguments = arguments

    def __enter__(self) -> None:
        if self._probe is not None:
            self._probe.before(self._operation, self._subject, *self._arguments)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._probe is not None and kind is None:
            self._probe.after(self._operation, self._subject, *self._arguments)
