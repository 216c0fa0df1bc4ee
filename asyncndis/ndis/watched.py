"""Telling a probe of a call: before it, where it may be refused, and after it where it was not."""

from asyncndis.base import NdisError, NdisStatus, Probe

__all__ = ["Refusable", "Watched"]


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


class Refusable(Watched):
    """The same around a call for which there may be no resources.

    :raises NdisError: RESOURCES, where the probe has the environment say no
    """

    __slots__ = ()

    def __enter__(self) -> None:
        super().__enter__()
        if self._probe is not None and self._probe.fails(self._operation, self._subject):
            raise NdisError(f"{self._operation}: there are no resources for that now", NdisStatus.RESOURCES)
