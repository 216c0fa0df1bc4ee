"""The handlers that drivers register, and what is refused."""

from dataclasses import replace

import pytest

from asyncndis.base import NdisError, NdisStatus
from asyncndis.ndis import Miniport, MiniportCharacteristics, Protocol, ProtocolCharacteristics

MINIPORT = replace(Miniport.characteristics("rig"), send=Miniport.send)
PROTOCOL = Protocol.characteristics("listener")


def nothing(*_: object) -> None:
    """A handler."""


async def waiting(*_: object) -> None:
    """A handler that may wait."""


def status_of(characteristics: MiniportCharacteristics | ProtocolCharacteristics, length: int | None) -> NdisStatus:
    with pytest.raises(NdisError) as error:
        characteristics.check(length)
    return error.value.status


@pytest.mark.parametrize("characteristics", [MINIPORT, PROTOCOL], ids=["miniport", "protocol"])
def test_what_is_whole_is_accepted(characteristics: MiniportCharacteristics | ProtocolCharacteristics) -> None:
    characteristics.check()
    characteristics.check(characteristics.size)
    characteristics.check(characteristics.size + 64)
    assert status_of(characteristics, characteristics.size - 1) is NdisStatus.BAD_CHARACTERISTICS
    assert status_of(characteristics, 0) is NdisStatus.BAD_CHARACTERISTICS
    with pytest.raises(ValueError, match="length is from 0"):
        characteristics.check(-1)


@pytest.mark.parametrize("version", [(2, 0), (5, 2), (6, 0), (4, 1)])
def test_versions_that_are_unknown(version: tuple[int, int]) -> None:
    assert status_of(replace(MINIPORT, version=version), None) is NdisStatus.BAD_VERSION
    assert status_of(replace(PROTOCOL, version=version), None) is NdisStatus.BAD_VERSION


def test_the_sizes_of_versions() -> None:
    sizes = [replace(MINIPORT, version=version).size for version in [(3, 0), (4, 0), (5, 0), (5, 1)]]
    assert sizes == [112, 136, 184, 240]
    assert [replace(PROTOCOL, version=version).size for version in [(4, 0), (5, 0), (5, 1)]] == [144, 176, 176]


@pytest.mark.parametrize("field", ["initialize", "halt", "reset", "query_information", "set_information", "send"])
def test_mandatory_handlers_of_a_miniport(field: str) -> None:
    lacking = replace(MINIPORT, **{field: None})  # type: ignore[arg-type]  # by its name
    with pytest.raises(NdisError, match=f"lacks the mandatory handlers {field}"):
        lacking.check()
    assert status_of(lacking, None) is NdisStatus.BAD_CHARACTERISTICS


def test_either_way_of_sending_will_do() -> None:
    replace(MINIPORT, send=None, send_packets=nothing).check()


@pytest.mark.parametrize(
    "field",
    [
        "bind_adapter",
        "unbind_adapter",
        "open_adapter_complete",
        "close_adapter_complete",
        "reset_complete",
        "request_complete",
        "receive_complete",
    ],
)
def test_mandatory_handlers_of_a_protocol(field: str) -> None:
    assert status_of(replace(PROTOCOL, **{field: None}), None) is NdisStatus.BAD_CHARACTERISTICS  # type: ignore[arg-type]  # by its name


def test_who_takes_packets_looks_at_frames_too() -> None:
    with pytest.raises(NdisError, match="lacks the mandatory handlers receive;"):
        replace(PROTOCOL, receive_packet=nothing, receive=None).check()


def test_a_handler_is_a_function() -> None:
    with pytest.raises(TypeError, match="send of rig is a function, not int"):
        replace(MINIPORT, send=5).check()  # type: ignore[arg-type]  # the point of the test


def test_a_serialized_miniport_does_not_wait() -> None:
    MINIPORT.check_serialized()
    with pytest.raises(NdisError, match=r"its send, reset may wait|its reset, send may wait") as error:
        replace(MINIPORT, send=waiting, reset=waiting).check_serialized()
    assert error.value.status is NdisStatus.BAD_CHARACTERISTICS
