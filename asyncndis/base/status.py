"""NDIS status codes and their severity.

Every call of the driver model answers with one of these 32-bit values; the two top bits are the severity.
The values are those of the NDIS 5 headers, the names leave out the ``NDIS_STATUS_`` prefix. "ABORTED" in
the text of the cancel pages is ``REQUEST_ABORTED``; status codes that only NDIS 6 has are not here.
"""

from enum import IntEnum

__all__ = ["NdisStatus", "Severity"]


class Severity(IntEnum):
    """How serious a status is: the two top bits of its value."""

    SUCCESS = 0
    INFORMATIONAL = 1
    WARNING = 2
    ERROR = 3


class NdisStatus(IntEnum):
    """A status code of NDIS 5.x (unsigned, 32 bits)."""

    SUCCESS = 0x00000000
    PENDING = 0x00000103
    NOT_RECOGNIZED = 0x00010001
    NOT_COPIED = 0x00010002
    NOT_ACCEPTED = 0x00010003
    CALL_ACTIVE = 0x00010007
    ONLINE = 0x40010003
    RESET_START = 0x40010004
    RESET_END = 0x40010005
    RING_STATUS = 0x40010006
    CLOSED = 0x40010007
    WAN_LINE_UP = 0x40010008
    WAN_LINE_DOWN = 0x40010009
    WAN_FRAGMENT = 0x4001000A
    MEDIA_CONNECT = 0x4001000B
    MEDIA_DISCONNECT = 0x4001000C
    HARDWARE_LINE_UP = 0x4001000D
    HARDWARE_LINE_DOWN = 0x4001000E
    INTERFACE_UP = 0x4001000F
    INTERFACE_DOWN = 0x40010010
    MEDIA_BUSY = 0x40010011
    MEDIA_SPECIFIC_INDICATION = 0x40010012
    LINK_SPEED_CHANGE = 0x40010013
    BUFFER_OVERFLOW = 0x80000005
    NOT_RESETTABLE = 0x80010001
    SOFT_ERRORS = 0x80010003
    HARD_ERRORS = 0x80010004
    FAILURE = 0xC0000001
    INVALID_DEVICE_REQUEST = 0xC0000010
    RESOURCES = 0xC000009A
    NOT_SUPPORTED = 0xC00000BB
    CLOSING = 0xC0010002
    BAD_VERSION = 0xC0010004
    BAD_CHARACTERISTICS = 0xC0010005
    ADAPTER_NOT_FOUND = 0xC0010006
    OPEN_FAILED = 0xC0010007
    DEVICE_FAILED = 0xC0010008
    MULTICAST_FULL = 0xC0010009
    MULTICAST_EXISTS = 0xC001000A
    MULTICAST_NOT_FOUND = 0xC001000B
    REQUEST_ABORTED = 0xC001000C
    RESET_IN_PROGRESS = 0xC001000D
    CLOSING_INDICATING = 0xC001000E
    INVALID_PACKET = 0xC001000F
    OPEN_LIST_FULL = 0xC0010010
    ADAPTER_NOT_READY = 0xC0010011
    ADAPTER_NOT_OPEN = 0xC0010012
    NOT_INDICATING = 0xC0010013
    INVALID_LENGTH = 0xC0010014
    INVALID_DATA = 0xC0010015
    BUFFER_TOO_SHORT = 0xC0010016
    INVALID_OID = 0xC0010017
    ADAPTER_REMOVED = 0xC0010018
    UNSUPPORTED_MEDIA = 0xC0010019
    GROUP_ADDRESS_IN_USE = 0xC001001A
    FILE_NOT_FOUND = 0xC001001B
    ERROR_READING_FILE = 0xC001001C
    ALREADY_MAPPED = 0xC001001D
    RESOURCE_CONFLICT = 0xC001001E
    NO_CABLE = 0xC001001F
    # Not in the generic header table: OPEN_ERROR of the MiniportInitialize page, token ring's own value.
    TOKEN_RING_OPEN_ERROR = 0xC0011000

    @property
    def severity(self) -> Severity:
        """The severity that the two top bits carry."""
        return Severity(self.value >> 30)

    @property
    def is_error(self) -> bool:
        """True where the value reads as a failure (warning or error), as the sign bit of an NTSTATUS does."""
        return self.value >= 0x80000000

    @property
    def signed(self) -> int:
        """The same 32 bits read as a signed NTSTATUS, as C code and debuggers print it."""
        return self.value - 0x100000000 if self.is_error else self.value
