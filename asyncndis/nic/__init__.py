"""Floor 4: hardware. A bus-master NIC with descriptor rings, a simple one, wires, bad cables, captures, ports."""

from .busmaster import BusMasterNic, BusMasterState
from .checker import RingChecker
from .counters import NicCounter, NicStatistics
from .device import Bus, Device, Link, WindowBus
from .filters import FrameFilter
from .impairments import Chooser, Conditions, Dice, PathStatistics
from .interrupts import Cause, InterruptState
from .port import Port, PortDriver, PortStatistics
from .registers import (
    ADDRESS_VALID,
    DESCRIPTOR,
    DESCRIPTOR_BYTES,
    Control,
    DescriptorFlag,
    Register,
    Status,
    multicast_registers,
    words_of_mac,
)
from .rings import RingState
from .simple import SimpleNic, SimpleNicState
from .station import Station
from .watched_port import WatchedPort
from .wire import Loopback, Wire, WireStatistics
from .wrappers import Capture, Direction, Faulty

__all__ = [
    "ADDRESS_VALID",
    "DESCRIPTOR",
    "DESCRIPTOR_BYTES",
    "Bus",
    "BusMasterNic",
    "BusMasterState",
    "Capture",
    "Cause",
    "Chooser",
    "Conditions",
    "Control",
    "DescriptorFlag",
    "Device",
    "Dice",
    "Direction",
    "Faulty",
    "FrameFilter",
    "InterruptState",
    "Link",
    "Loopback",
    "NicCounter",
    "NicStatistics",
    "PathStatistics",
    "Port",
    "PortDriver",
    "PortStatistics",
    "Register",
    "RingChecker",
    "RingState",
    "SimpleNic",
    "SimpleNicState",
    "Station",
    "Status",
    "WatchedPort",
    "WindowBus",
    "Wire",
    "WireStatistics",
    "multicast_registers",
    "words_of_mac",
]
