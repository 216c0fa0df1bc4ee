"""Windows upon the registers of a NIC, and what the machine assigns."""

import pytest

from asyncndis.base import Probe
from asyncndis.kernel import Irql
from asyncndis.ndis import AssignedInterrupt, AssignedRange, IoAddress, IoSpace, ResourceType
from asyncndis.ndis.io_space import assign_resources

MEMORY = AssignedRange(ResourceType.MEMORY, 0x1000, 0x100)


class Device:
    """Registers that are a number each."""

    def __init__(self) -> None:
        self.values: dict[tuple[int, int], int] = {}

    def read(self, offset: int, size: int = 4) -> int:
        return self.values[offset, size]

    def write(self, offset: int, value: int, size: int = 4) -> None:
        self.values[offset, size] = value

    def line(self) -> bool:
        return False


def window(start: int = 0x1010, length: int = 16, probe: Probe | None = None) -> tuple[Device, IoSpace]:
    device = Device()
    return device, IoSpace(device, MEMORY, start, length, probe)


def test_resources_differ_from_slot_to_slot() -> None:
    assert assign_resources(Device(), 2) == (
        AssignedRange(ResourceType.PORT, 0x1800, 0x400),
        AssignedRange(ResourceType.MEMORY, 0xFEB0_2000, 0x1000),
        AssignedInterrupt(ResourceType.INTERRUPT, Irql.DIRQL, 18),
    )
    assert assign_resources(object(), 0) == (AssignedInterrupt(ResourceType.INTERRUPT, Irql.DIRQL, 16),)


def test_accesses_go_to_the_device() -> None:
    device, space = window()
    for size in (1, 2, 4):
        space.write(4, size, size)
        assert space.read(4, size) == size
    assert device.values == {(0x14, 1): 1, (0x14, 2): 2, (0x14, 4): 4}
    assert repr(space) == "<IoSpace memory 0x1010 of 16 bytes, mapped>"


def test_a_place_is_a_pointer() -> None:
    device, space = window()
    place = IoAddress(space) + 8 + 4
    assert repr(place) == "<IoAddress memory 0x1010 + 0xc>"
    place.write(7)
    assert (place.read(), device.values) == (7, {(0x1C, 4): 7})


@pytest.mark.parametrize(("offset", "size"), [(-1, 4), (13, 4), (16, 1), (0, 3), (0, 8)])
def test_accesses_stay_within(offset: int, size: int) -> None:
    device, space = window()
    with pytest.raises(ValueError, match=r"is from 0 to|has 1, 2 or 4 bytes"):
        space.write(offset, 0, size)
    with pytest.raises(ValueError, match=r"is from 0 to|has 1, 2 or 4 bytes"):
        space.read(offset, size)
    assert device.values == {}


def test_ranges_overlap_or_not() -> None:
    _, space = window(0x1010, 16)
    assert space.overlaps(0x1000, 17)
    assert space.overlaps(0x101F, 1)
    assert not space.overlaps(0x1000, 16)
    assert not space.overlaps(0x1020, 16)


@pytest.mark.parametrize(
    ("kind", "read", "write"),
    [
        (ResourceType.MEMORY, "NdisReadRegister", "NdisWriteRegister"),
        (ResourceType.PORT, "NdisRawReadPort", "NdisRawWritePort"),
    ],
)
def test_the_probe_is_told_which_call_it_is(kind: ResourceType, read: str, write: str) -> None:
    class Diary(Probe):
        def __init__(self) -> None:
            self.told: list[tuple[object, ...]] = []

        def before(self, operation: str, subject: object, *arguments: object) -> None:
            self.told.append((operation, *arguments))

        def after(self, operation: str, subject: object, *arguments: object) -> None:
            self.told.append((operation, *arguments))

    diary = Diary()
    space = IoSpace(Device(), AssignedRange(kind, 0, 64), 0, 64, diary)
    for size, suffix in ((1, "Uchar"), (2, "Ushort"), (4, "Ulong")):
        space.write(0, 9, size)
        space.read(0, size)
        assert diary.told == [(write + suffix, 0, 9)] * 2 + [(read + suffix, 0), (read + suffix, 0, 9)]
        diary.told.clear()
