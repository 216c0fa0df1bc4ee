"""The configuration of an adapter: its registry key, the handles by which drivers read it, and what they read.

Keywords are told apart regardless of case. A parameter lives in the memory of the handle that read it, so that both are
gone once the handle is closed; every handle is closed by the end of halt (LIFE-12). Source: the pages of
NdisOpenConfiguration, NdisReadConfiguration, NdisReadNetworkAddress and NdisCloseConfiguration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeAlias, cast

from asyncndis.base import (
    NdisError,
    NdisStatus,
    RuleViolation,
    Site,
    caller_site,
    check_instance,
    check_integer,
    current_probe,
)

from .media import ParameterType

__all__ = [
    "Configuration",
    "ConfigurationHandle",
    "ConfigurationParameter",
    "ConfigurationStatistics",
    "ConfigurationValue",
]

ConfigurationValue: TypeAlias = int | str | bytes | tuple[str, ...]

_NETWORK_ADDRESS = "NetworkAddress"
_SEPARATORS = str.maketrans("", "", ":-")
_KINDS: dict[type, frozenset[ParameterType]] = {
    int: frozenset({ParameterType.INTEGER, ParameterType.HEX_INTEGER}),
    str: frozenset({ParameterType.STRING}),
    tuple: frozenset({ParameterType.MULTI_STRING}),
    bytes: frozenset({ParameterType.BINARY}),
}


@dataclass(frozen=True, slots=True)
class ConfigurationStatistics:
    """A configuration at one moment.

    :ivar parameters: how many it holds
    :ivar open_handles: handles that are not closed
    :ivar opened: handles that were ever opened
    """

    parameters: int
    open_handles: int
    opened: int


class Configuration:
    """The registry key of one adapter.

    :param parameters: the value of each keyword: a 32-bit ``int``, a ``str``, a ``tuple`` of them (MULTI_STRING) or
        ``bytes`` (BINARY)
    :param name: for messages
    """

    __slots__ = ("_open_handles", "_opened", "_parameters", "_probe", "name")

    def __init__(
        self, parameters: Mapping[str, ConfigurationValue] | None = None, *, name: str = "configuration"
    ) -> None:
        check_instance("name", name, str)
        self.name = name
        self._probe = current_probe()
        self._parameters: dict[str, ConfigurationValue] = {}
        for keyword, value in (parameters or {}).items():
            check_instance("a keyword", keyword, str)
            if keyword.casefold() in self._parameters:
                raise ValueError(f"{keyword} is in {name} twice; case makes no difference")
            self._parameters[keyword.casefold()] = _checked(keyword, value)
        self._open_handles = 0
        self._opened = 0

    def __repr__(self) -> str:
        return f"<Configuration {self.name!r} {len(self._parameters)} parameters, {self._open_handles} open handles>"

    @property
    def open_handles(self) -> int:
        """How many handles are not closed; 0 at the end of halt (LIFE-12). IRQL: any."""
        return self._open_handles

    def statistics(self) -> ConfigurationStatistics:
        """The state of it now, in O(1). IRQL: any."""
        return ConfigurationStatistics(len(self._parameters), self._open_handles, self._opened)

    def open(self) -> "ConfigurationHandle":
        """Open the configuration for reading (NdisOpenConfiguration). IRQL: PASSIVE.

        :returns: a handle, which is also a context manager that closes it
        :raises NdisError: RESOURCES
        """
        operation = "NdisOpenConfiguration"
        self._before(operation)
        if self._probe is not None and self._probe.fails(operation, self):
            raise NdisError(f"{self!r} cannot be opened now", NdisStatus.RESOURCES)
        handle = ConfigurationHandle(self)
        self._open_handles += 1
        self._opened += 1
        self._after(operation, handle)
        return handle

    def _find(self, keyword: str) -> ConfigurationValue | None:
        return self._parameters.get(keyword.casefold())

    def _before(self, operation: str, *arguments: object) -> None:
        if self._probe is not None:
            self._probe.before(operation, self, *arguments)

    def _after(self, operation: str, *arguments: object) -> None:
        if self._probe is not None:
            self._probe.after(operation, self, *arguments)


class ConfigurationHandle:
    """A configuration that is open; made by :meth:`Configuration.open`, never by hand."""

    __slots__ = ("_closed", "_configuration")

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._closed: Site | None = None

    def __repr__(self) -> str:
        state = "open" if self._closed is None else "closed"
        return f"<ConfigurationHandle of {self.name!r} {state}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if not self.is_closed:
            self.close()

    @property
    def name(self) -> str:
        """The name of the configuration. IRQL: any."""
        return self._configuration.name

    @property
    def is_closed(self) -> bool:
        """Whether it was closed. IRQL: any."""
        return self._closed is not None

    def read(self, keyword: str, kind: ParameterType) -> "ConfigurationParameter":
        """Read one parameter (NdisReadConfiguration). IRQL: PASSIVE.

        :param keyword: its name, in any case
        :param kind: what it has to be
        :raises NdisError: FAILURE, when there is none of that name and kind
        :raises RuleViolation: LIFE-12 the handle is closed
        """
        operation = "NdisReadConfiguration"
        check_instance("keyword", keyword, str)
        kind = ParameterType(kind)
        self.require_open(operation)
        self._configuration._before(operation, keyword, kind)
        parameter = ConfigurationParameter(self, keyword, kind, self._value(keyword, kind))
        self._configuration._after(operation, keyword, kind)
        return parameter

    def network_address(self) -> bytes | None:
        """The address to use instead of the NIC's own (NdisReadNetworkAddress). IRQL: PASSIVE.

        :returns: the keyword ``NetworkAddress``, as bytes or in hexadecimal digits, where it is 6 bytes; None otherwise
        :raises RuleViolation: LIFE-12 the handle is closed
        """
        operation = "NdisReadNetworkAddress"
        self.require_open(operation)
        self._configuration._before(operation)
        address = _as_address(self._configuration._find(_NETWORK_ADDRESS))
        self._configuration._after(operation, address)
        return address

    def close(self) -> None:
        """Give the handle up, and all that was read by it (NdisCloseConfiguration). IRQL: PASSIVE.

        :raises RuleViolation: LIFE-12 it is closed already
        """
        operation = "NdisCloseConfiguration"
        self.require_open(operation)
        self._configuration._before(operation, self)
        self._closed = caller_site()
        self._configuration._open_handles -= 1
        self._configuration._after(operation, self)

    def require_open(self, act: str) -> None:
        """Refuse what needs the handle open. IRQL: any.

        :param act: what is about to be done, for the message
        :raises RuleViolation: LIFE-12 it is closed
        """
        if self._closed is not None:
            raise RuleViolation(
                "LIFE-12",
                f"{act} on {self!r}; do it before the handle is closed, or open it again",
                self._configuration,
                other=self._closed,
            )

    def _value(self, keyword: str, kind: ParameterType) -> ConfigurationValue:
        value = self._configuration._find(keyword)
        if value is None:
            raise NdisError(f"{self._configuration!r} has no parameter {keyword}", NdisStatus.FAILURE)
        if kind not in _KINDS[type(value)]:
            raise NdisError(f"{keyword} of {self.name!r} is {value!r}, which is no {kind.name}", NdisStatus.FAILURE)
        return value


class ConfigurationParameter:
    """One parameter, in the memory of the handle that read it (NDIS_CONFIGURATION_PARAMETER).

    :ivar keyword: as it was asked for
    :ivar kind: as it was asked for
    """

    __slots__ = ("_handle", "_value", "keyword", "kind")

    def __init__(
        self, handle: ConfigurationHandle, keyword: str, kind: ParameterType, value: ConfigurationValue
    ) -> None:
        self.keyword = keyword
        self.kind = kind
        self._handle = handle
        self._value = value

    def __repr__(self) -> str:
        value = "gone" if self._handle.is_closed else repr(self._value)
        return f"<ConfigurationParameter {self.keyword} {value} of {self._handle.name!r}>"

    @property
    def value(self) -> ConfigurationValue:
        """What it holds. IRQL: any.

        :raises RuleViolation: LIFE-12 the handle is closed, and the memory gone with it
        """
        self._handle.require_open(f"the value of {self.keyword} is read")
        return self._value

    @property
    def integer(self) -> int:
        """The value of an INTEGER or HEX_INTEGER. IRQL: any.

        :raises TypeError: when it is of another kind
        :raises RuleViolation: LIFE-12 the handle is closed, and the memory gone with it
        """
        value = self.value
        if not isinstance(value, int):
            raise TypeError(f"{self.keyword} was read as {self.kind.name}, which is no integer")
        return value


def _checked(keyword: str, value: object) -> ConfigurationValue:
    if isinstance(value, int) and not isinstance(value, bool):
        check_integer(keyword, value)
        return value
    if isinstance(value, str | bytes):
        return value
    if isinstance(value, tuple):
        strings = cast("tuple[object, ...]", value)
        if all(isinstance(part, str) for part in strings):
            return cast("tuple[str, ...]", strings)
    raise TypeError(f"{keyword} is an int, a str, bytes or a tuple of str, not {value!r}")


def _as_address(value: ConfigurationValue | None) -> bytes | None:
    if isinstance(value, str):
        try:
            value = bytes.fromhex(value.translate(_SEPARATORS))
        except ValueError:
            return None
    return value if isinstance(value, bytes) and len(value) == 6 else None
