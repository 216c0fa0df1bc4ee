"""MAC addresses are six bytes; the lowest bit of the first tells a group."""

import pytest

from asyncndis.drivers.mac_address import BROADCAST, check_mac, is_group


def test_groups() -> None:
    assert is_group(BROADCAST)
    assert is_group(b"\x01\0\x5e\0\0\1")
    assert not is_group(b"\x02\0\0\0\0\1")


def test_bad_input() -> None:
    check_mac("source", BROADCAST)
    with pytest.raises(ValueError, match="source is a MAC address of 6 bytes, not of 5"):
        check_mac("source", bytes(5))
    with pytest.raises(TypeError, match="source is a MAC address in bytes, not str"):
        check_mac("source", "02:00:00:00:00:01")
