"""Addresses of objects."""

import gc

import pytest

from asyncndis.kernel import AddressTable, SpinLock


class Plain:
    """Takes no weak references, as descriptors do not."""

    __slots__ = ()


def test_both_ways_and_always_the_same() -> None:
    table, lock, plain = AddressTable(), SpinLock("ring"), Plain()
    assert len(table) == 0
    address, other = table.address_of(lock), table.address_of(plain)
    assert (address, other) == (0x8000_0000, 0x8000_0010)
    assert (table.address_of(lock), table.address_of(plain)) == (address, other)
    assert table.object_at(address) is lock
    assert table.object_at(other) is plain
    assert table.object_at(address + 1) is None
    assert repr(table) == "<AddressTable of 2 objects>"
    assert AddressTable(first=16).address_of(lock) == 16


def test_an_entry_goes_with_its_object() -> None:
    table, lock = AddressTable(), SpinLock("ring")
    address = table.address_of(lock)
    del lock
    gc.collect()
    assert table.object_at(address) is None
    assert len(table) == 0
    for _ in range(100):
        table.address_of(SpinLock("short lived"))
    gc.collect()
    assert len(table) == 0
    assert table.address_of(SpinLock("new")) == address + 101 * 16


def test_what_cannot_be_watched_stays_until_it_is_forgotten() -> None:
    table, plain = AddressTable(), Plain()
    address = table.address_of(plain)
    del plain
    gc.collect()
    found = table.object_at(address)
    assert isinstance(found, Plain)
    table.forget(found)
    table.forget(found)
    assert table.object_at(address) is None
    assert len(table) == 0
    assert table.address_of(found) != address


def test_what_is_watched_can_be_forgotten() -> None:
    table, lock = AddressTable(), SpinLock("ring")
    address = table.address_of(lock)
    table.forget(lock)
    assert table.object_at(address) is None
    assert table.address_of(lock) == address + 16
    del lock
    assert len(table) == 0


def test_an_address_of_the_callers_choosing() -> None:
    table, other = AddressTable(), SpinLock("other")
    table.place(SpinLock("in native storage"), 0x8000_0000)
    table.place(Plain(), 0x1234)
    gc.collect()
    found = table.object_at(0x8000_0000)
    assert isinstance(found, SpinLock)
    assert isinstance(table.object_at(0x1234), Plain)
    assert table.address_of(found) == 0x8000_0000
    assert table.address_of(other) == 0x8000_0010
    with pytest.raises(ValueError, match=r"in native storage.* is at 0x80000000 already; forget it first"):
        table.place(SpinLock("third"), 0x8000_0000)
    with pytest.raises(ValueError, match=r"other.* is at 0x80000010 already; forget it first"):
        table.place(other, 0x5000)
    assert len(table) == 3


@pytest.mark.parametrize(("address", "error"), [(0, ValueError), (2**64, ValueError), ("x", TypeError)])
def test_bad_addresses_are_refused(address: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="address"):
        AddressTable().place(Plain(), address)
    with pytest.raises(error, match="first"):
        AddressTable(first=address)
