"""The ready set: every mandatory OID has an answer, every answer fits its form, and settings are judged."""

from dataclasses import dataclass, field, fields
from typing import Any

import pytest

from asyncndis.base import NdisError, NdisStatus
from asyncndis.ndis.media import HardwareStatus, MacOptions, MediaState, NdisMedium, PacketFilter, PowerState
from asyncndis.ndis.oid_values import PnpCapabilities
from asyncndis.ndis.oids import BIND_ORDER, OID_TABLE, Oid, decode_oid, encode_oid, mandatory_oids
from asyncndis.ndis.properties import (
    MiniportCounters,
    MiniportProperties,
    answer_query,
    check_setting,
    supported_oids,
)

ADDRESS = bytes.fromhex("020000000001")
OTHER = bytes.fromhex("020000000002")
GROUP = bytes.fromhex("01005e000001")
NOTHING = PacketFilter(0)
POWER_OIDS = {Oid.PNP_CAPABILITIES, Oid.PNP_QUERY_POWER, Oid.PNP_SET_POWER}
SLEEPER = MiniportProperties(permanent_address=ADDRESS, power=PnpCapabilities(magic_packet=PowerState.D3))


@dataclass
class Now:
    """An adapter as the answers see it."""

    hardware_status: HardwareStatus = HardwareStatus.READY
    media_state: MediaState = MediaState.CONNECTED
    power_state: PowerState = PowerState.D0
    packet_filter: PacketFilter = NOTHING
    lookahead: int = 256
    multicast_list: tuple[bytes, ...] = ()
    counters: MiniportCounters = field(default_factory=MiniportCounters)


def declare(**properties: Any) -> MiniportProperties:
    properties.setdefault("permanent_address", ADDRESS)
    return MiniportProperties(**properties)


@pytest.mark.parametrize("properties", [declare(), SLEEPER], ids=["plain", "sleeper"])
def test_every_supported_oid_is_answered(properties: MiniportProperties) -> None:
    supported = supported_oids(properties)
    assert list(supported) == sorted(supported)
    assert {*mandatory_oids(), *BIND_ORDER} <= set(supported)
    for oid in map(Oid, supported):
        if OID_TABLE[oid].queryable:
            value = answer_query(oid, properties, Now())
            assert decode_oid(oid, encode_oid(oid, value)) == value
        else:
            check_setting(oid, PowerState.D3, properties)


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        (Oid.GEN_HARDWARE_STATUS, HardwareStatus.READY),
        (Oid.GEN_MEDIA_IN_USE, (NdisMedium.ETHERNET_802_3,)),
        (Oid.GEN_MAXIMUM_LOOKAHEAD, 1500),
        (Oid.GEN_MAXIMUM_FRAME_SIZE, 1500),
        (Oid.GEN_MAXIMUM_TOTAL_SIZE, 1514),
        (Oid.GEN_LINK_SPEED, 1_000_000_000),
        (Oid.GEN_VENDOR_ID, 0xFFFFFF),
        (Oid.GEN_DRIVER_VERSION, (5, 1)),
        (Oid.GEN_CURRENT_PACKET_FILTER, PacketFilter(0)),
        (Oid.GEN_MAC_OPTIONS, MacOptions.COPY_LOOKAHEAD_DATA | MacOptions.NO_LOOPBACK),
        (Oid.IEEE_802_3_CURRENT_ADDRESS, ADDRESS),
        (Oid.IEEE_802_3_MAXIMUM_LIST_SIZE, 32),
        (Oid.IEEE_802_3_XMIT_ONE_COLLISION, 0),
    ],
)
def test_what_is_declared_by_default(oid: Oid, value: Any) -> None:
    assert answer_query(oid, declare(), Now()) == value


def test_what_changes_is_answered_as_it_is_now() -> None:
    now = Now(HardwareStatus.RESET, MediaState.DISCONNECTED, PowerState.D2, PacketFilter.BROADCAST, 512, (GROUP,))
    expected = {
        Oid.GEN_HARDWARE_STATUS: HardwareStatus.RESET,
        Oid.GEN_MEDIA_CONNECT_STATUS: MediaState.DISCONNECTED,
        Oid.GEN_CURRENT_PACKET_FILTER: PacketFilter.BROADCAST,
        Oid.GEN_CURRENT_LOOKAHEAD: 512,
        Oid.IEEE_802_3_MULTICAST_LIST: (GROUP,),
        Oid.PNP_QUERY_POWER: PowerState.D2,
    }
    assert {oid: answer_query(oid, SLEEPER, now) for oid in expected} == expected


def test_each_counter_is_answered_under_its_name() -> None:
    counters = MiniportCounters(*range(1, len(fields(MiniportCounters)) + 1))
    now = Now(counters=counters)
    for counter in fields(MiniportCounters):
        name = counter.name.upper()
        oid = Oid[f"GEN_{name}" if f"GEN_{name}" in Oid.__members__ else f"IEEE_802_3_{name}"]
        assert answer_query(oid, declare(), now) == getattr(counters, counter.name)


def test_the_network_address_replaces_the_permanent_one() -> None:
    properties = declare(network_address=OTHER)
    assert answer_query(Oid.IEEE_802_3_PERMANENT_ADDRESS, properties, Now()) == ADDRESS
    assert answer_query(Oid.IEEE_802_3_CURRENT_ADDRESS, properties, Now()) == OTHER


def test_power_is_answered_where_it_was_declared() -> None:
    assert set(supported_oids(SLEEPER)) - set(supported_oids(declare())) == POWER_OIDS
    assert answer_query(Oid.PNP_CAPABILITIES, SLEEPER, Now()) is SLEEPER.power
    check_setting(Oid.PNP_SET_POWER, PowerState.D3, SLEEPER)
    with pytest.raises(NdisError, match="enters D0 to D3, no other state") as refused:
        check_setting(Oid.PNP_SET_POWER, PowerState.UNSPECIFIED, SLEEPER)
    assert refused.value.status is NdisStatus.INVALID_DATA
    for oid in (Oid.PNP_CAPABILITIES, Oid.PNP_QUERY_POWER):
        with pytest.raises(NdisError, match=f"OID_{oid.name} is not answered by 'asyncndis miniport'") as caught:
            answer_query(oid, declare(), Now())
        assert caught.value.status is NdisStatus.INVALID_OID


def test_further_oids_are_listed_and_left_to_the_miniport() -> None:
    properties = declare(further_oids=(0xFF000001, Oid.TCP_TASK_OFFLOAD))
    assert {0xFF000001, Oid.TCP_TASK_OFFLOAD} <= set(supported_oids(properties))
    for oid in properties.further_oids:
        with pytest.raises(NdisError, match="is not answered by"):
            answer_query(oid, properties, Now())


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        (Oid.GEN_CURRENT_PACKET_FILTER, PacketFilter.DIRECTED | PacketFilter.PROMISCUOUS),
        (Oid.GEN_CURRENT_PACKET_FILTER, 0),
        (Oid.GEN_CURRENT_LOOKAHEAD, 1500),
        (Oid.IEEE_802_3_MULTICAST_LIST, (GROUP,) * 32),
    ],
)
def test_settings_that_fit(oid: Oid, value: Any) -> None:
    check_setting(oid, value, declare())


@pytest.mark.parametrize(
    ("oid", "value", "status", "message"),
    [
        (
            Oid.GEN_CURRENT_PACKET_FILTER,
            PacketFilter.DIRECTED | PacketFilter.SMT,
            NdisStatus.NOT_SUPPORTED,
            r"'asyncndis miniport' cannot filter SMT; it can DIRECTED\|MULTICAST\|ALL_MULTICAST\|BROADCAST\|PROMISC",
        ),
        (Oid.GEN_CURRENT_PACKET_FILTER, 1 << 30, NdisStatus.NOT_SUPPORTED, "cannot filter 0x40000000; it can"),
        (Oid.GEN_CURRENT_LOOKAHEAD, 1501, NdisStatus.INVALID_DATA, "gives 1500 bytes of lookahead at most, not 1501"),
        (Oid.IEEE_802_3_MULTICAST_LIST, (GROUP,) * 33, NdisStatus.MULTICAST_FULL, "holds 32 .* at most, not 33"),
        (Oid.GEN_LINK_SPEED, 100, NdisStatus.INVALID_OID, "OID_GEN_LINK_SPEED is not set by 'asyncndis miniport'"),
        (Oid.PNP_SET_POWER, PowerState.D3, NdisStatus.INVALID_OID, "is not set by"),
        (0xFF000001, b"", NdisStatus.INVALID_OID, "OID 0xff000001 is not set by"),
    ],
)
def test_settings_that_do_not(oid: int, value: Any, status: NdisStatus, message: str) -> None:
    with pytest.raises(NdisError, match=message) as caught:
        check_setting(oid, value, declare())
    assert caught.value.status is status


@pytest.mark.parametrize(
    ("properties", "error", "message"),
    [
        ({"permanent_address": GROUP}, ValueError, "permanent_address is that of one station; 01:00:5e:00:00:01 is"),
        ({"permanent_address": ADDRESS[:5]}, ValueError, "permanent_address is 6 bytes, not 5"),
        ({"permanent_address": "02:00"}, TypeError, "permanent_address is bytes, not str"),
        ({"network_address": b"\xff" * 6}, ValueError, "network_address is that of one station"),
        ({"maximum_lookahead": 255}, ValueError, "maximum_lookahead is from 256"),
        ({"maximum_frame_size": 0}, ValueError, "maximum_frame_size is from 46 to 0xffff, not 0"),
        ({"maximum_frame_size": None}, TypeError, "maximum_frame_size is an integer"),
        ({"header_size": 0}, ValueError, "header_size is from 1"),
        ({"maximum_send_packets": 0}, ValueError, "maximum_send_packets is from 1"),
        ({"supported_filters": "all"}, TypeError, "supported_filters is an integer"),
        ({"link_speed": 1}, ValueError, "OID_GEN_LINK_SPEED is told in units of 100 bit/s"),
        ({"medium": 15}, ValueError, "15 is not a valid NdisMedium"),
        ({"vendor_id": 1 << 32}, ValueError, "OID_GEN_VENDOR_ID is from 0"),
        ({"vendor_description": "Grüße"}, ValueError, "OID_GEN_VENDOR_DESCRIPTION is ASCII text"),
        ({"driver_version": (5, 1, 0)}, ValueError, "OID_GEN_DRIVER_VERSION is a pair"),
        ({"maximum_list_size": -1}, ValueError, "OID_802_3_MAXIMUM_LIST_SIZE is from 0"),
        ({"power": PowerState.D3}, TypeError, "power is a PnpCapabilities"),
        ({"further_oids": (-1,)}, ValueError, "OID_GEN_SUPPORTED_LIST is from 0"),
    ],
)
def test_wrong_declarations_are_refused(properties: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        declare(**properties)
