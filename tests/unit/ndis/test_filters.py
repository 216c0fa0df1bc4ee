"""Filters: each frame is judged as a plain reading of the pages judges it, and loopback goes by the packet's flags."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncndis.memory import PacketFlags
from asyncndis.ndis.filters import (
    BROADCAST_ADDRESS,
    Destination,
    LoopbackRule,
    ReceiveFilter,
    Route,
    check_address,
    classify_destination,
    combine_filters,
)
from asyncndis.ndis.media import MacOptions, PacketFilter

OWN = bytes.fromhex("020000000001")
OTHER = bytes.fromhex("020000000002")
GROUP = bytes.fromhex("01005e000001")
OTHER_GROUP = bytes.fromhex("333300000001")
ADDRESSES = [OWN, OTHER, GROUP, OTHER_GROUP, BROADCAST_ADDRESS]

addresses = st.one_of(st.sampled_from(ADDRESSES), st.binary(min_size=6, max_size=6))
groups = st.sampled_from([GROUP, OTHER_GROUP, BROADCAST_ADDRESS]) | addresses.filter(lambda address: address[0] & 1)
flags = st.sets(st.sampled_from(list(PacketFilter))).map(lambda members: PacketFilter(sum(members)))
filters = st.builds(ReceiveFilter, flags, st.just(OWN), st.lists(groups, max_size=4))


def naive(receive_filter: ReceiveFilter, destination: bytes) -> bool:
    """The rules one by one, with none of the short cuts."""
    wanted = receive_filter.packet_filter
    if PacketFilter.PROMISCUOUS in wanted or PacketFilter.ALL_LOCAL in wanted:
        return True
    match classify_destination(destination):
        case Destination.DIRECTED:
            return PacketFilter.DIRECTED in wanted and destination == receive_filter.current_address
        case Destination.BROADCAST:
            return PacketFilter.BROADCAST in wanted
        case Destination.MULTICAST:
            is_listed = destination in receive_filter.multicast_list
            return PacketFilter.ALL_MULTICAST in wanted or (PacketFilter.MULTICAST in wanted and is_listed)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        (OWN, Destination.DIRECTED),
        (bytes(6), Destination.DIRECTED),
        (GROUP, Destination.MULTICAST),
        (b"\xff" * 5 + b"\xfe", Destination.MULTICAST),
        (BROADCAST_ADDRESS, Destination.BROADCAST),
    ],
)
def test_destinations_are_classified(address: bytes, kind: Destination) -> None:
    frame = address + OTHER + b"\x08\x00"
    for start in (address, frame, bytearray(frame), memoryview(bytearray(frame))):
        assert classify_destination(start) is kind


@pytest.mark.parametrize("length", range(6))
def test_a_runt_has_no_destination(length: int) -> None:
    with pytest.raises(ValueError, match=rf"a destination is 6 bytes, but the frame has {length}"):
        classify_destination(bytes(length))


@pytest.mark.parametrize(
    ("wanted", "passing"),
    [
        (PacketFilter(0), []),
        (PacketFilter.DIRECTED, [OWN]),
        (PacketFilter.MULTICAST, [GROUP]),
        (PacketFilter.ALL_MULTICAST, [GROUP, OTHER_GROUP]),
        (PacketFilter.BROADCAST, [BROADCAST_ADDRESS]),
        (PacketFilter.DIRECTED | PacketFilter.BROADCAST, [OWN, BROADCAST_ADDRESS]),
        (PacketFilter.DIRECTED | PacketFilter.ALL_MULTICAST, [OWN, GROUP, OTHER_GROUP]),
        (PacketFilter.PROMISCUOUS, ADDRESSES),
        (PacketFilter.ALL_LOCAL, ADDRESSES),
        (PacketFilter.SOURCE_ROUTING | PacketFilter.FUNCTIONAL | PacketFilter.GROUP, []),
    ],
)
def test_what_passes(wanted: PacketFilter, passing: list[bytes]) -> None:
    receive_filter = ReceiveFilter(wanted, OWN, [GROUP, BROADCAST_ADDRESS])
    assert [address for address in ADDRESSES if receive_filter.accepts(address)] == passing


@given(filters, addresses)
def test_filters_judge_as_the_pages_do(receive_filter: ReceiveFilter, destination: bytes) -> None:
    assert receive_filter.accepts(destination) is naive(receive_filter, destination)


@given(flags, st.binary(max_size=5))
def test_what_has_no_destination_is_no_groups(wanted: PacketFilter, runt: bytes) -> None:
    everything = PacketFilter.PROMISCUOUS | PacketFilter.ALL_LOCAL
    assert not ReceiveFilter(wanted & ~everything, OWN, [GROUP]).accepts(runt)


@given(st.lists(filters, max_size=4), addresses)
def test_an_adapter_passes_what_any_binding_wants(bindings: list[ReceiveFilter], destination: bytes) -> None:
    union = combine_filters(bindings, OWN)
    wanting = [one for one in bindings if one.accepts(destination)]
    if any(PacketFilter.ALL_LOCAL not in one.packet_filter for one in wanting):
        assert union.accepts(destination)
    assert set(union.multicast_list) == {address for one in bindings for address in one.multicast_list}
    assert union.packet_filter == _union_of_flags(bindings) & ~(PacketFilter.ALL_LOCAL | PacketFilter.NO_LOCAL)


def _union_of_flags(bindings: list[ReceiveFilter]) -> PacketFilter:
    flags_of_all = PacketFilter(0)
    for one in bindings:
        flags_of_all |= one.packet_filter
    return flags_of_all


def test_a_union_keeps_the_order_of_the_lists() -> None:
    bindings = [
        ReceiveFilter(PacketFilter.MULTICAST, OWN, [OTHER_GROUP, GROUP]),
        ReceiveFilter(PacketFilter.DIRECTED, OWN, [GROUP, BROADCAST_ADDRESS, GROUP]),
    ]
    assert combine_filters(bindings, OWN).multicast_list == (OTHER_GROUP, GROUP, BROADCAST_ADDRESS)
    assert combine_filters([], OWN).packet_filter == PacketFilter(0)


def test_a_union_keeps_flags_that_it_does_not_know() -> None:
    unknown = PacketFilter(1 << 30)
    assert combine_filters([ReceiveFilter(unknown | PacketFilter.NO_LOCAL, OWN)], OWN).packet_filter == unknown


def test_a_filter_says_what_it_is() -> None:
    assert repr(ReceiveFilter(PacketFilter.DIRECTED | PacketFilter.MULTICAST, OWN, [GROUP, GROUP])) == (
        "<ReceiveFilter DIRECTED|MULTICAST at 02:00:00:00:00:01, 1 multicast>"
    )
    assert repr(ReceiveFilter(PacketFilter(0), OWN)) == "<ReceiveFilter nothing at 02:00:00:00:00:01, 0 multicast>"


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match=r"02:00:00:00:00:02 is in a multicast list, but is the address of one"):
        ReceiveFilter(PacketFilter.MULTICAST, OWN, [GROUP, OTHER])
    with pytest.raises(ValueError, match="current_address is 6 bytes, not 5"):
        ReceiveFilter(PacketFilter.DIRECTED, OWN[:5])
    with pytest.raises(TypeError, match="a multicast address is bytes, not str"):
        ReceiveFilter(PacketFilter.DIRECTED, OWN, ["01:00:5e:00:00:01"])  # type: ignore[list-item]  # the mistake
    with pytest.raises(TypeError, match="packet_filter is an integer"):
        ReceiveFilter("DIRECTED", OWN)  # type: ignore[arg-type]  # the mistake that is tested
    with pytest.raises(ValueError, match="current_address is 6 bytes, not 0"):
        LoopbackRule(MacOptions.NO_LOOPBACK, b"")
    assert check_address("an address", OWN) is OWN


def test_no_local_declines_loopback() -> None:
    assert ReceiveFilter(PacketFilter.PROMISCUOUS, OWN).wants_loopback
    assert not ReceiveFilter(PacketFilter.PROMISCUOUS | PacketFilter.NO_LOCAL, OWN).wants_loopback


ROUTES = {
    # Does NDIS loop back for the miniport, is the frame for the adapter itself: where it goes.
    (False, False): Route.WIRE,
    (False, True): Route.WIRE,
    (True, False): Route.BOTH,
    (True, True): Route.LOOPBACK,
}


@pytest.mark.parametrize(("is_ours", "is_own"), list(product([False, True], repeat=2)))
def test_where_sent_frames_go(*, is_ours: bool, is_own: bool) -> None:
    rule = LoopbackRule(MacOptions.NO_LOOPBACK if is_ours else MacOptions.FULL_DUPLEX, OWN)
    for destination in [OWN] if is_own else [OTHER, GROUP, BROADCAST_ADDRESS]:
        assert rule.route(destination, 0) is ROUTES[is_ours, is_own]
        assert rule.route(destination, PacketFlags.SENT_AT_DPC) is ROUTES[is_ours, is_own]
        assert rule.route(destination, PacketFlags.DONT_LOOPBACK) is Route.WIRE
        assert rule.route(destination, PacketFlags.LOOPBACK_ONLY) is Route.LOOPBACK
        assert rule.route(destination, PacketFlags.LOOPBACK_ONLY | PacketFlags.DONT_LOOPBACK) is Route.NOWHERE
