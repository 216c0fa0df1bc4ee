"""A protocol as NDIS knows it, once it is registered.

Source: the NdisRegisterProtocol page. Its handlers cannot change any more (BIND-07).
"""

from typing import TYPE_CHECKING

from asyncndis.base import Site

from .calling import Handler
from .characteristics import ProtocolCharacteristics
from .intermediate import Intermediate
from .protocol import Protocol

if TYPE_CHECKING:
    from .binding import Binding
    from .library import Ndis

__all__ = ["RegisteredProtocol"]

_FRAMES = 64


class RegisteredProtocol:
    """What ``Ndis.register_protocol`` returns: the handle of NdisRegisterProtocol.

    :ivar name: of the protocol
    :ivar characteristics: its handlers
    :ivar instance: the object, for a protocol that is one
    :ivar ether_type: the two bytes of the only EtherType that it takes; None for all
    :ivar frame_count: how many frames of its own each binding has
    """

    __slots__ = ("_library", "characteristics", "ether_type", "frame_count", "instance", "name")

    def __init__(
        self, library: "Ndis", characteristics: ProtocolCharacteristics, instance: Protocol | Intermediate | None
    ) -> None:
        characteristics.check()
        self._library = library
        self.name = characteristics.name
        self.characteristics = characteristics
        self.instance = instance
        ether_type = None if instance is None else instance.ether_type
        self.ether_type = None if ether_type is None else ether_type.to_bytes(2, "big")
        self.frame_count = _FRAMES if instance is None else instance.frame_count

    def __repr__(self) -> str:
        return f"<RegisteredProtocol {self.name!r}>"

    def fail(self, error: Exception, handler: str) -> None:
        """Note that a handler has failed, which ends the stack. IRQL: any."""
        self._library.fail(error, f"{handler} of {self.name}")

    def handler(self, title: str, field: str, context: object, binding: "Binding | None") -> Handler | None:
        """A handler with its context; None where there is none. IRQL: any."""
        function = getattr(self.characteristics, field)
        if function is None:
            return None
        probe = None if binding is None else binding.probe
        if self.instance is not None:
            return Handler(self, title, function, self.instance, probe, binding)
        return Handler(self, title, function, context, probe)

    def site_of(self, field: str) -> Site | None:
        """Where a handler is defined. IRQL: any."""
        code = getattr(getattr(self.characteristics, field, None), "__code__", None)
        return None if code is None else Site(code.co_filename, code.co_firstlineno, code.co_qualname)
