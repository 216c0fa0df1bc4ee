"""Damage: whatever is cut or overwritten, the answer is a CaptureError that names the place, at little cost."""

import pickle
import tracemalloc
from collections.abc import Callable
from io import BytesIO
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncndis.base import NdisError, NdisStatus
from asyncndis.real import CaptureError, CaptureReader, Record
from tests.unit.real.blocks import BIG, LITTLE, Dribble, Seen, every_block, pcap, read, rejoin, seen, sizes

PACKETS = [Seen(bytes(range(size)), size * 10**9, size, 1) for size in (0, 1, 60, 33)]
FILES = [
    pcap(LITTLE, 1000, *PACKETS),
    pcap(BIG, 1, *PACKETS),
    every_block(LITTLE),
    every_block(BIG),
]
EVERY_FILE = pytest.mark.parametrize("data", FILES, ids=["pcap us", "pcap ns", "pcapng little", "pcapng big"])


def read_some(data: bytes) -> tuple[list[Record], CaptureError | None]:
    """The records that a damaged file gives, and the error that ends them."""
    records: list[Record] = []
    try:
        records.extend(CaptureReader(BytesIO(data), "cut.cap"))
    except CaptureError as error:
        return records, error
    return records, None


@EVERY_FILE
def test_every_cut_is_named(data: bytes) -> None:
    whole = read(data)
    borders = [0, *accumulate(sizes(whole))]
    for cut in range(1, len(data)):
        border = max(place for place in borders if place <= cut)
        before = whole[: borders.index(border)]
        if cut == border:
            assert read(data[:cut]) == before
            continue
        with pytest.raises(CaptureError) as caught:
            read(data[:cut])
        error = caught.value
        assert (error.offset, error.frames) == (border, len(seen(before)))
        assert str(error).startswith(f"test.cap, byte {border}: the file ends {cut - border} bytes into a record")
        assert (f"`head -c {border}` keeps them" in str(error)) == (error.frames > 0)


@EVERY_FILE
def test_the_records_before_a_cut_are_delivered(data: bytes) -> None:
    records, error = read_some(data[:-1])
    assert error is not None
    assert records == read(data)[:-1]


def check_damage(data: bytes) -> None:
    """Damaged or not, the file is read to the end or refused, and what precedes the place is good."""
    records, error = read_some(data)
    good = data if error is None else data[: error.offset]
    assert rejoin(records) == good
    if error is not None:
        assert error.status is NdisStatus.INVALID_DATA
        assert error.frames == len(seen(records))
        assert read_some(good)[0] == records


@EVERY_FILE
@given(changes=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4))
def test_overwritten_bytes(data: bytes, changes: list[tuple[int, int]]) -> None:
    changed = bytearray(data)
    for place, value in changes:
        changed[place % len(changed)] = value
    check_damage(bytes(changed))


@given(start=st.sampled_from([data[:4] for data in FILES]), rest=st.binary(max_size=200))
def test_noise_behind_a_magic_number(start: bytes, rest: bytes) -> None:
    check_damage(start + rest)


@EVERY_FILE
def test_hostile_lengths_cost_no_memory(data: bytes) -> None:
    tracemalloc.start()
    try:
        for place in range(len(data)):
            for value in (0, 0x7F, 0x80, 0xFF):
                check_damage(data[:place] + bytes([value]) + data[place + 1 :])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 2**20


@EVERY_FILE
@pytest.mark.parametrize("most", [1, 7, 64])
def test_short_reads_make_no_difference(data: bytes, most: int) -> None:
    reader = CaptureReader(Dribble(data, most), "pipe")
    assert list(reader) == read(data)
    assert reader.statistics().file_bytes == len(data)
    with pytest.raises(CaptureError) as caught:
        list(CaptureReader(Dribble(data[:-1], most), "pipe"))
    assert caught.value.offset == len(data) - sizes(read(data))[-1]


def test_a_long_file_is_read_in_constant_memory() -> None:
    frames = [Seen(bytes(1500), 0, 1500, 1)] * 200
    one_megabyte = pcap(LITTLE, 1, *frames)[24:] * 4

    def peak(megabytes: int) -> int:
        file = BytesIO(pcap(LITTLE, 1) + one_megabyte * megabytes)
        reader = CaptureReader(file, "long.cap")
        tracemalloc.start()
        try:
            assert sum(record.frame is not None for record in reader) == 800 * megabytes
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(16) < peak(2) + 64 * 1024


@EVERY_FILE
def test_statistics_count_the_bytes_of_the_file(data: bytes) -> None:
    reader = CaptureReader(BytesIO(data), "cut.cap")
    offset = 0
    for record in reader:
        offset += sizes([record])[0]
        assert reader.statistics().file_bytes == offset
    assert offset == len(data)


def test_an_error_survives_a_process_border() -> None:
    error = CaptureError("why", 24, 3)
    twin = pickle.loads(pickle.dumps(error))
    assert (str(twin), twin.offset, twin.frames, twin.status) == ("why", 24, 3, NdisStatus.INVALID_DATA)
    assert isinstance(twin, NdisError)


@pytest.mark.parametrize("broken", [OSError("disk"), KeyboardInterrupt()], ids=["error", "interrupt"])
def test_what_the_file_raises_passes(broken: BaseException) -> None:
    class Broken(BytesIO):
        read: Callable[..., bytes]

    file = Broken()

    def refuse(size: int) -> bytes:
        raise broken

    file.read = refuse
    with pytest.raises(type(broken)):
        CaptureReader(file, "broken.cap")
