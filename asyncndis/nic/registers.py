"""The registers of the bus-master NIC, and the layout of the descriptors in its rings.

Registers are 32 bits wide; what is 64 bits wide is two of them, low half first, and may be read and written at once.
A ring is ``SIZE`` descriptors of 16 bytes, a power of two, at a physical address that is a multiple of 16. HEAD and
TAIL count descriptors from the start and never turn back (modulo 2**32): the one at ``n % SIZE`` is the device's from
the moment the driver writes a TAIL beyond ``n`` until HEAD has passed it and its OWN bit is clear; all SIZE of them may
be. Writing the base or the size of a ring starts it over, with HEAD and TAIL at 0.
"""

from enum import IntEnum, IntFlag
from struct import Struct

__all__ = [
    "ADDRESS_VALID",
    "DESCRIPTOR",
    "DESCRIPTOR_BYTES",
    "Control",
    "DescriptorFlag",
    "Register",
    "Status",
    "multicast_registers",
    "words_of_mac",
]

DESCRIPTOR = Struct("=QHHI")
"""One descriptor: address (64 bits), length (16), written (16), flags (32, :class:`DescriptorFlag`), in the byte order
of the computer.

The driver fills the address and the length of a piece of memory, and the flags with OWN last. When it receives, the
device reports in ``written`` how many bytes it wrote there. Address and length are not the driver's any more once a
descriptor comes back: it fills all fields each time.
"""

DESCRIPTOR_BYTES = DESCRIPTOR.size

ADDRESS_VALID = 1 << 31
"""In the high half of an entry of the multicast table: the entry counts."""


class Register(IntEnum):
    """Offsets of the registers."""

    CONTROL = 0x000
    """:class:`Control`."""
    STATUS = 0x004
    """:class:`Status`; read only."""
    INTERRUPT_CAUSE = 0x008
    """:class:`Cause`, masked or not; reading changes nothing, writing ones clears these."""
    INTERRUPT_MASK = 0x00C
    """The causes that raise the line; read only."""
    INTERRUPT_MASK_SET = 0x010
    """Writing ones enables these causes; reads as the mask."""
    INTERRUPT_MASK_CLEAR = 0x014
    """Writing ones disables these causes; reads as the mask."""
    COALESCE_FRAMES = 0x018
    """So many completions make an interrupt; 1 after a reset."""
    COALESCE_MICROSECONDS = 0x01C
    """So long after the first completion comes an interrupt in any case; 0 for no such limit."""
    RECEIVE_FILTER = 0x020
    """:class:`FrameFilter`; nothing passes after a reset."""
    MAC_LOW = 0x024
    """The first four bytes of the station's address, the first one in the lowest bits."""
    MAC_HIGH = 0x028
    """The last two bytes of it."""
    LINK_SPEED = 0x02C
    """In kbit/s, also while the link is down; read only."""
    MAX_FRAME = 0x030
    """The longest frame, in bytes, without check sequence; read only."""
    TX_BASE_LOW = 0x040
    """Physical address of the transmit ring."""
    TX_BASE_HIGH = 0x044
    TX_SIZE = 0x048
    """Its descriptors, a power of two; after a reset the most that the device takes."""
    TX_HEAD = 0x04C
    """How many descriptors the device has given back; read only."""
    TX_TAIL = 0x050
    """How many the driver has handed over: writing it is the doorbell."""
    RX_BASE_LOW = 0x060
    """The same of the receive ring."""
    RX_BASE_HIGH = 0x064
    RX_SIZE = 0x068
    RX_HEAD = 0x06C
    RX_TAIL = 0x070
    COUNTERS = 0x100
    """64 bits for each :class:`NicCounter`, in its order; read only."""
    MULTICAST = 0x200
    """64 bits for each entry: as MAC_LOW and MAC_HIGH, with ADDRESS_VALID in the high half."""


class Control(IntFlag):
    """What the driver tells the device."""

    TX_ENABLE = 0x1
    """Read the transmit ring."""
    RX_ENABLE = 0x2
    """Listen to the wire."""
    RESET = 0x8000_0000
    """Be as after power-up; reads as 0, since it takes no time."""


class Status(IntFlag):
    """What the device tells the driver."""

    LINK_UP = 0x1
    TX_BUSY = 0x2
    """There are descriptors in the transmit ring."""


class DescriptorFlag(IntFlag):
    """The flags of a descriptor."""

    OWN = 0x01
    """Set by the driver: the device may use it. Cleared by the device."""
    END = 0x02
    """The last piece of a frame."""
    DONE = 0x04
    """The device is done with it."""
    ERROR = 0x08
    """The frame was lost, for one of these reasons; in all of its descriptors."""
    BUS = 0x10
    """The bus did not reach the memory."""
    LENGTH = 0x20
    """The frame was shorter than a header, or longer than the device takes."""
    NO_CARRIER = 0x40
    """The link was down."""


def words_of_mac(mac: bytes) -> tuple[int, int]:
    """An address as the values of MAC_LOW and MAC_HIGH."""
    return int.from_bytes(mac[:4], "little"), int.from_bytes(mac[4:], "little")


def multicast_registers(index: int, address: bytes | None) -> tuple[tuple[int, int], tuple[int, int]]:
    """The two registers, with their values, of an entry of the multicast table.

    :param index: which entry, from 0
    :param address: its group address; None to clear it
    """
    low, high = (0, 0) if address is None else words_of_mac(address)
    offset = Register.MULTICAST + 8 * index
    return (offset, low), (offset + 4, high if address is None else high | ADDRESS_VALID)
