"""Status codes are those of the NDIS 5 headers."""

import pytest

from asyncndis.base import NdisStatus, Severity

PREFIXES = {
    Severity.SUCCESS: {0x0000, 0x0001},
    Severity.INFORMATIONAL: {0x4001},
    Severity.WARNING: {0x8000, 0x8001},
    Severity.ERROR: {0xC000, 0xC001},
}
OF_NTSTATUS = {  # what NDIS takes over from the NTSTATUS of the same meaning
    "SUCCESS": 0x00000000,
    "PENDING": 0x00000103,
    "BUFFER_OVERFLOW": 0x80000005,
    "FAILURE": 0xC0000001,
    "INVALID_DEVICE_REQUEST": 0xC0000010,
    "RESOURCES": 0xC000009A,
    "NOT_SUPPORTED": 0xC00000BB,
}


@pytest.mark.parametrize("status", NdisStatus, ids=lambda status: status.name)
def test_a_status_has_32_bits_and_the_prefix_of_its_severity(status: NdisStatus) -> None:
    assert 0 <= status <= 0xFFFFFFFF
    assert status >> 16 in PREFIXES[status.severity]


@pytest.mark.parametrize("status", NdisStatus, ids=lambda status: status.name)
def test_the_sign_bit_tells_an_error(status: NdisStatus) -> None:
    assert status.is_error is (status.severity in {Severity.WARNING, Severity.ERROR})
    assert status.is_error is (status.signed < 0)
    assert status.signed & 0xFFFFFFFF == status


def test_those_of_ntstatus() -> None:
    taken_over = {status.name: status.value for status in NdisStatus if status >> 16 in {0x0000, 0x8000, 0xC000}}
    assert taken_over == OF_NTSTATUS


def test_no_value_has_two_names() -> None:
    assert len(NdisStatus.__members__) == len(set(NdisStatus))


def test_a_status_is_found_by_its_value() -> None:
    assert NdisStatus(0xC0010015) is NdisStatus.INVALID_DATA
    with pytest.raises(ValueError, match="is not a valid NdisStatus"):
        NdisStatus(0x12345678)


def test_signed_values_are_those_a_debugger_prints() -> None:
    assert NdisStatus.FAILURE.signed == -1073741823
    assert NdisStatus.MEDIA_CONNECT.signed == 0x4001000B
