"""Information: every OID that the miniport supports, with buffers of every length and values that it must refuse."""

from asyncndis.base import NdisError, NdisStatus
from asyncndis.ndis import (
    OID_TABLE,
    Binding,
    Oid,
    OidRequest,
    PacketFilter,
    PowerState,
    RequestType,
    encode_oid,
    oid_name,
)
from asyncndis.nic import Dice
from asyncndis.testing.checks import check_equal, check_that, check_traffic
from asyncndis.testing.computers import Computer, open_pair
from asyncndis.testing.playing import Scenario, scenario
from asyncndis.testing.times import let_pass

__all__ = ["INFORMATION"]

_SUCCESS = NdisStatus.SUCCESS
_TOO_SHORT = frozenset({NdisStatus.BUFFER_TOO_SHORT, NdisStatus.INVALID_LENGTH})
_UNKNOWN = frozenset({NdisStatus.INVALID_OID, NdisStatus.NOT_SUPPORTED})
_BAD = frozenset(
    {NdisStatus.INVALID_LENGTH, NdisStatus.INVALID_DATA, NdisStatus.NOT_SUPPORTED, NdisStatus.MULTICAST_FULL}
)
_SPARE = 9  # bytes beyond what an answer needs
_MARK = 0xA5


@scenario()
async def oid_sweep_query(seed: int) -> None:
    """Every OID is queried with every length of buffer: too short ones stay untouched, others get just the answer."""
    dice = Dice(seed)
    async with open_pair() as (left, right):
        await check_traffic(left, right, dice)  # so that counters are not all zero
        supported = await left.binding.query(Oid.GEN_SUPPORTED_LIST)
        for oid in supported:
            if OID_TABLE[Oid(oid)].queryable:
                await check_lengths(left.binding, oid)
        for oid in (*sorted(set(Oid) - set(supported)), 0xFF00_0000 | dice.below("vendor's own", 0x10000)):
            await check_unknown(left.binding, RequestType.QUERY_INFORMATION, oid, bytearray(64))


@scenario()
async def oid_sweep_set(seed: int) -> None:
    """Every OID is set to values of wrong lengths, and to wrong values; what is refused has changed nothing."""
    dice = Dice(seed)
    async with open_pair() as (left, right):
        binding = left.binding
        supported = await binding.query(Oid.GEN_SUPPORTED_LIST)
        for oid in supported:
            if not OID_TABLE[Oid(oid)].settable:
                value = encode_oid(oid, await binding.query(oid))
                await check_unknown(binding, RequestType.SET_INFORMATION, oid, value)
        for oid, values in _WRONG.items():
            check_that(f"{oid_name(oid)} is supported", oid in supported)
            for value in values:
                await check_refused(binding, oid, value)
        await binding.set(Oid.GEN_CURRENT_LOOKAHEAD, await binding.query(Oid.GEN_MAXIMUM_LOOKAHEAD))
        for computer, other in ((left, right), (right, left)):
            await check_traffic(computer, other, dice)


@scenario()
async def multicast_list_limits(seed: int) -> None:
    """Multicast lists of no, of one, of the most and of too many addresses; a part of an address; addresses of one."""
    dice = Dice(seed)
    async with open_pair(rx_ring=64) as (left, right):
        await right.binding.set_filter(PacketFilter.MULTICAST)
        most = await right.binding.query(Oid.IEEE_802_3_MAXIMUM_LIST_SIZE)
        groups = [
            b"\x01\x00\x5e" + (number << 8 | dice.below("group", 256)).to_bytes(3, "big") for number in range(most + 1)
        ]
        for count in (0, 1, most, 1 + dice.below("count", most), 0, most):
            await right.binding.set(Oid.IEEE_802_3_MULTICAST_LIST, groups[:count])
            await check_groups(left, right, groups, count)
        for bad, status in (
            (b"".join(groups), NdisStatus.MULTICAST_FULL),
            (b"".join(groups)[:-7], NdisStatus.INVALID_LENGTH),
            (right.address, NdisStatus.INVALID_DATA),
        ):
            request = OidRequest(RequestType.SET_INFORMATION, Oid.IEEE_802_3_MULTICAST_LIST, bad)
            check_equal(f"a list of {len(bad)} bytes", await right.binding.request(request), status)
            await check_groups(left, right, groups, most)


async def check_lengths(binding: Binding, oid: int) -> None:
    """Query an OID with buffers of every length up to some more than it needs."""
    whole = OidRequest(RequestType.QUERY_INFORMATION, oid, bytearray(1024))
    check_equal(f"query of {oid_name(oid)}", await binding.request(whole), _SUCCESS)
    needed = whole.bytes_written
    is_counter = needed == 8 and encode_oid(oid, 0, 4) == bytes(4)
    for length in range(needed + _SPARE):
        buffer = bytearray([_MARK] * length)
        request = OidRequest(RequestType.QUERY_INFORMATION, oid, buffer)
        status = await binding.request(request)
        what = f"query of {oid_name(oid)} in {length} bytes"
        least = 4 if is_counter else needed
        if length < least:
            check_that(f"{what} is too short: {status.name}", status in _TOO_SHORT)
            check_that(f"{what} says how many it needs", length < request.bytes_needed <= needed)
        else:
            check_equal(what, status, _SUCCESS)
            check_that(f"{what} writes what fits", request.bytes_written in (least, needed))
        written = request.bytes_written
        check_that(f"{what} leaves the rest alone", all(octet == _MARK for octet in buffer[written:]))


async def check_unknown(binding: Binding, verb: RequestType, oid: int, buffer: bytes | bytearray) -> None:
    """A request is refused, since the miniport does not know it."""
    status = await binding.request(OidRequest(verb, oid, buffer))
    check_that(f"{verb.name} of {oid_name(oid)} is unknown: {status.name}", status in _UNKNOWN)


async def check_refused(binding: Binding, oid: int, value: bytes) -> None:
    """A value is refused, and the one before stays."""
    before = await _value_of(binding, oid)
    status = await binding.request(OidRequest(RequestType.SET_INFORMATION, oid, value))
    check_that(f"{oid_name(oid)} refuses {value.hex() or 'nothing'}: {status.name}", status in _BAD)
    check_equal(f"{oid_name(oid)} after a value that was refused", await _value_of(binding, oid), before)


async def check_groups(left: Computer, right: Computer, groups: list[bytes], count: int) -> None:
    """Only frames for the first groups are heard."""
    heard = len(right.talker.heard)
    frames = [left.frame_to(group, number) for number, group in enumerate(groups)]
    await left.talker.say(frames)
    await let_pass(0.01)
    check_that(f"{count} groups are heard", right.talker.heard[heard:] == frames[:count])


async def _value_of(binding: Binding, oid: int) -> object:
    try:
        return await binding.query(Oid.PNP_QUERY_POWER if oid == Oid.PNP_SET_POWER else oid)
    except NdisError as error:
        return error.status


def _numbers(*values: int) -> tuple[bytes, ...]:
    """Numbers that are refused, and lengths that are none of a number."""
    return (b"", b"\x01", bytes(3), bytes(5), *(value.to_bytes(4, "little") for value in values))


_WRONG = {
    Oid.GEN_CURRENT_PACKET_FILTER: _numbers(PacketFilter.SOURCE_ROUTING, PacketFilter.SMT, 0x8000_0000, 0xFFFF_FFFF),
    Oid.GEN_CURRENT_LOOKAHEAD: _numbers(1501, 0xFFFF_FFFF),
    Oid.IEEE_802_3_MULTICAST_LIST: (b"\x01", bytes(5), b"\x01" * 7, bytes(6), b"\x02" + bytes(5)),
    Oid.PNP_SET_POWER: _numbers(PowerState.UNSPECIFIED, 99),
}

INFORMATION: tuple[Scenario, ...] = (oid_sweep_query, oid_sweep_set, multicast_list_limits)
