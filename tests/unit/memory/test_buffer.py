"""A buffer describes bytes that stay the caller's, and says so when it is used wrongly."""

import array
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncndis.base import Probe, RuleViolation, observe
from asyncndis.memory import PAGE_SIZE, Block, Buffer, BufferPool, BufferState, HeapProvider, Memory, Priority
from asyncndis.memory.buffer import described
from tests.unit.memory.making import Diary, buffer_pool, chained, packet_pool


def breaks(rule: str, words: str = "") -> pytest.RaisesExc[RuleViolation]:
    return pytest.raises(RuleViolation, match=rf"^{rule}: .*{words}")


def block_at(offset: int, length: int) -> Block:
    """A block that starts so many bytes behind the start of a page."""
    provider = HeapProvider()
    return provider.allocate(2 * PAGE_SIZE + offset + length, alignment=PAGE_SIZE)[offset : offset + length]


@pytest.fixture(params=["fast", "tracked", "observed"])
def pool(request: pytest.FixtureRequest) -> BufferPool:
    if request.param == "observed":
        with observe(Probe()):
            return buffer_pool(4, name="rx")
    return buffer_pool(4, name="rx", track=request.param == "tracked")


class TestBytes:
    @pytest.mark.parametrize(
        "memory", [b"frame", bytearray(b"frame"), memoryview(b"frame"), array.array("b", b"frame"), block_at(3, 5)]
    )
    def test_it_describes_what_it_was_given(self, pool: BufferPool, memory: Memory) -> None:
        if isinstance(memory, Block):
            memory.view[:] = b"frame"
        buffer = pool.allocate_nowait(memory)
        assert bytes(buffer.view()) == b"frame"
        assert (buffer.length, buffer.capacity) == (5, 5)
        assert buffer.pool is pool
        assert (buffer.next, buffer.packet) == (None, None)
        assert repr(buffer) == "<Buffer of 'rx' allocated, 5 of 5 bytes>"

    def test_a_view_writes_where_the_memory_can_be_written(self, pool: BufferPool) -> None:
        memory = bytearray(b"frame")
        buffer = pool.allocate_nowait(memory)
        buffer.view()[0:1] = b"F"
        assert memory == b"Frame"
        assert buffer.memory is memory
        assert pool.allocate_nowait(b"frame").view().readonly

    def test_the_memory_stays_the_callers(self, pool: BufferPool) -> None:
        memory = bytearray(b"frame")
        buffer = pool.allocate_nowait(memory)
        view = buffer.view()
        buffer.free()
        assert bytes(view) == b"frame"
        assert buffer.memory is None

    def test_wider_items_are_seen_as_bytes(self, pool: BufferPool) -> None:
        assert pool.allocate_nowait(memoryview(array.array("I", [1, 2]))).length == 8
        assert pool.allocate_nowait(memoryview(array.array("I"))).length == 0
        assert pool.allocate_nowait(memoryview(bytes(12)).cast("B", [3, 4])).length == 12

    def test_a_buffer_may_describe_nothing_yet(self, pool: BufferPool) -> None:
        buffer = pool.allocate_nowait()
        assert (buffer.length, buffer.capacity, buffer.memory, bytes(buffer.view())) == (0, 0, None, b"")
        buffer.describe(b"frame")
        assert bytes(buffer.view()) == b"frame"
        with breaks("BUF-06", "describes memory already"):
            buffer.describe(b"other")

    def test_nothing_of_the_last_use_is_left(self, pool: BufferPool) -> None:
        for _ in range(2):
            buffer = pool.allocate_nowait(b"frame")
            pool.handle(buffer)
            buffer.adjust_length(2)
            buffer.restore_length()
            buffer.free()
        buffer = pool.allocate_nowait()
        assert (buffer.length, buffer.memory, buffer.state) == (0, None, BufferState.ALLOCATED)

    @pytest.mark.parametrize("memory", ["frame", 5, [1, 2], object(), 1.5])
    def test_what_has_no_bytes_is_refused(self, pool: BufferPool, memory: Memory) -> None:
        for give in (pool.allocate_nowait, pool.allocate_emergency, pool.allocate_nowait().describe):
            with pytest.raises(TypeError, match=rf"a memoryview or a Block, not {type(memory).__name__}$"):
                give(memory)
        assert pool.outstanding == 1

    def test_bytes_with_a_stride_are_refused(self, pool: BufferPool) -> None:
        with pytest.raises(ValueError, match="contiguous"):
            pool.allocate_nowait(memoryview(bytes(10))[::2])

    def test_released_bytes_are_refused(self, pool: BufferPool) -> None:
        view = memoryview(bytes(10))
        view.release()
        with pytest.raises(ValueError, match="released"):
            pool.allocate_nowait(view)
        assert pool.outstanding == 0

    @pytest.mark.parametrize("memory", [b"frame", memoryview(b"frame"), block_at(0, 5)])
    def test_the_first_bytes_of_a_memory_can_be_described(self, memory: Memory) -> None:
        assert len(described(memory, 3)) == 3
        assert described(memory, 5) is memory or len(described(memory, 5)) == 5
        assert len(described(memory)) == 5
        with pytest.raises(ValueError, match="length is from 0 to 0x5, not 6"):
            described(memory, 6)
        with pytest.raises(TypeError, match="length is an integer"):
            described(memory, 1.0)  # type: ignore[arg-type]  # the point of the test


class TestAddresses:
    def test_plain_bytes_have_none(self, pool: BufferPool) -> None:
        buffer = pool.allocate_nowait(bytes(PAGE_SIZE + 1))
        assert (buffer.address, buffer.offset, buffer.span_pages) == (None, 0, 2)

    @pytest.mark.parametrize(
        ("offset", "length", "pages"),
        [
            (0, 0, 1),
            (0, 1, 1),
            (0, PAGE_SIZE, 1),
            (0, PAGE_SIZE + 1, 2),
            (1, PAGE_SIZE, 2),
            (PAGE_SIZE - 1, 1, 1),
            (PAGE_SIZE - 1, 2, 2),
            (PAGE_SIZE - 1, PAGE_SIZE + 2, 3),
            (100, 0, 1),
        ],
    )
    def test_pages_are_counted_by_address(self, pool: BufferPool, offset: int, length: int, pages: int) -> None:
        block = block_at(offset, length)
        buffer = pool.allocate_nowait(block)
        assert (buffer.address, buffer.offset, buffer.span_pages) == (block.address, offset, pages)
        touched = {address // PAGE_SIZE for address in (block.address, block.address + max(length, 1) - 1)}
        assert len(touched) <= buffer.span_pages <= len(touched) + 1


class TestLength:
    @pytest.mark.parametrize("memory", [b"frame", bytearray(b"frame"), memoryview(b"frame"), block_at(0, 5)])
    def test_it_is_adjusted_and_restored_without_a_copy(self, pool: BufferPool, memory: Memory) -> None:
        buffer = pool.allocate_nowait(memory)
        whole = bytes(buffer.view())
        for length in (3, 0, 4):
            buffer.adjust_length(length)
            assert (buffer.length, buffer.capacity) == (length, 5)
            assert bytes(buffer.view()) == whole[:length]
            assert buffer.state is BufferState.ADJUSTED
            assert buffer.memory is not None
        buffer.adjust_length(5)
        assert buffer.state is BufferState.ALLOCATED
        assert bytes(buffer.view()) == whole
        assert buffer.memory == memory
        buffer.free()

    def test_an_adjusted_buffer_is_not_freed(self, pool: BufferPool) -> None:
        buffer = pool.allocate_nowait(b"frame")
        buffer.adjust_length(3)
        with breaks("BUF-08", "restore_length.. comes first"):
            buffer.free()
        assert pool.outstanding == 1
        buffer.restore_length()
        buffer.free()
        assert pool.outstanding == 0

    @pytest.mark.parametrize("length", [6, -1, 2**63])
    def test_it_stays_within_what_was_allocated(self, pool: BufferPool, length: int) -> None:
        buffer = pool.allocate_nowait(b"frame")
        with breaks("BUF-07", "it was allocated over 5"):
            buffer.adjust_length(length)
        assert (buffer.length, buffer.state) == (5, BufferState.ALLOCATED)

    @pytest.mark.parametrize("length", [None, "3", math.nan, 3.0, True])
    def test_it_is_an_integer(self, pool: BufferPool, length: int) -> None:
        buffer = pool.allocate_nowait(b"frame")
        with pytest.raises(TypeError, match="length is an integer"):
            buffer.adjust_length(length)
        assert buffer.length == 5

    def test_restoring_an_untouched_length_is_nothing(self, pool: BufferPool) -> None:
        buffer = pool.allocate_nowait(b"frame")
        buffer.restore_length()
        assert buffer.state is BufferState.ALLOCATED

    def test_a_handle_outlives_an_adjustment(self, pool: BufferPool) -> None:
        buffer = pool.allocate_nowait(b"frame")
        handle = pool.handle(buffer)
        buffer.adjust_length(3)
        buffer.restore_length()
        assert pool.resolve(handle) is buffer
        buffer.free()
        with breaks("BUF-05", "is stale"):
            pool.resolve(handle)

    def test_in_a_chain_it_stays_chained(self) -> None:
        packet = chained(b"frame")
        [buffer] = packet
        states: list[BufferState] = []
        for length in (3, 5):
            buffer.adjust_length(length)
            states.append(buffer.state)
            assert buffer.packet is packet
        assert states == [BufferState.CHAINED_ADJUSTED, BufferState.CHAINED]


class TestChains:
    def test_linked_buffers_follow_each_other(self, pool: BufferPool) -> None:
        first, second, third = (pool.allocate_nowait() for _ in range(3))
        second.link(third)
        first.link(second)
        assert (first.next, second.next, third.next) == (second, third, None)

    def test_a_linked_buffer_is_not_freed(self, pool: BufferPool) -> None:
        first, second = pool.allocate_nowait(), pool.allocate_nowait()
        first.link(second)
        for buffer in (first, second):
            with breaks("BUF-09", "in a chain; unchain it first"):
                buffer.free()
        assert pool.outstanding == 2
        packet = packet_pool().allocate_nowait()
        packet.chain_at_back(first)
        for buffer in (first, second):
            packet.unchain_at_front()
            buffer.free()
        assert pool.outstanding == 0

    def test_a_chained_buffer_is_not_freed(self) -> None:
        packet = chained(b"frame")
        [buffer] = packet
        with breaks("BUF-09"):
            buffer.free()
        assert buffer.state is BufferState.CHAINED

    def test_no_buffer_is_in_two_chains(self, pool: BufferPool) -> None:
        first, second, third = (pool.allocate_nowait() for _ in range(3))
        [chained_one] = chained(b"frame")
        first.link(second)
        for before, after in [(third, second), (first, third), (third, chained_one), (chained_one, third)]:
            with breaks("BUF-10", "is in a chain already"):
                before.link(after)
        assert (first.next, second.next, third.next, chained_one.next) == (second, None, None, None)

    def test_no_chain_is_a_cycle(self, pool: BufferPool) -> None:
        first, second, third = (pool.allocate_nowait() for _ in range(3))
        with breaks("BUF-10", "would make a cycle"):
            first.link(first)
        first.link(second)
        second.link(third)
        with breaks("BUF-10", "would make a cycle"):
            third.link(first)
        assert third.next is None

    def test_a_free_buffer_is_not_linked(self, pool: BufferPool) -> None:
        live, free = pool.allocate_nowait(), pool.allocate_nowait()
        free.free()
        for before, after in [(live, free), (free, live)]:
            with breaks("BUF-05"):
                before.link(after)
        live.free()

    @pytest.mark.parametrize("following", [None, "buffer", 3])
    def test_only_a_buffer_follows_a_buffer(self, pool: BufferPool, following: Buffer) -> None:
        with pytest.raises(TypeError, match="what follows a buffer is a Buffer"):
            pool.allocate_nowait().link(following)


class TestParts:
    @pytest.mark.parametrize("memory", [b"frame", bytearray(b"frame"), block_at(7, 5)])
    @pytest.mark.parametrize(("offset", "length"), [(0, 5), (1, 3), (5, 0), (0, 0)])
    def test_a_part_is_of_the_same_memory(self, pool: BufferPool, memory: Memory, offset: int, length: int) -> None:
        buffer = pool.allocate_nowait(memory)
        part = buffer.part(offset, length)
        assert len(part) == length
        if isinstance(memory, Block):
            assert isinstance(part, Block)
            assert part.address == memory.address + offset
        else:
            assert bytes(part) == b"frame"[offset : offset + length]  # type: ignore[arg-type]  # no block here

    @pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, 6), (5, 1), (6, 0), (0, -1), (2**63, 1), (0, 2**63)])
    def test_a_part_lies_inside(self, pool: BufferPool, offset: int, length: int) -> None:
        with pytest.raises(ValueError, match="lie outside <Buffer of 'rx' allocated, 5 of 5 bytes>"):
            pool.allocate_nowait(b"frame").part(offset, length)

    def test_without_a_length_it_is_all_that_follows(self, pool: BufferPool) -> None:
        buffer = pool.allocate_nowait(memory := bytearray(b"frame"))
        assert buffer.part(0) is memory
        assert buffer.part(2) == b"ame"
        buffer.adjust_length(3)
        assert buffer.part(1) == b"ra"

    def test_a_part_lies_inside_the_length_it_has_now(self, pool: BufferPool) -> None:
        buffer = pool.allocate_nowait(b"frame")
        buffer.adjust_length(2)
        with pytest.raises(ValueError, match="bytes 0 to 3 lie outside"):
            buffer.part(0, 3)


USES: dict[str, Callable[[Buffer], object]] = {
    "free": lambda buffer: buffer.free(),
    "view": lambda buffer: buffer.view(),
    "view_safe": lambda buffer: buffer.view_safe(),
    "describe": lambda buffer: buffer.describe(b"x"),
    "adjust_length": lambda buffer: buffer.adjust_length(0),
    "flush": lambda buffer: buffer.flush(write_to_device=True),
    "part": lambda buffer: buffer.part(0, 0),
    "handle": lambda buffer: buffer.pool.handle(buffer),
}


class TestUseAfterFree:
    @pytest.mark.parametrize("use", USES)
    def test_it_is_caught(self, pool: BufferPool, use: str) -> None:
        buffer = pool.allocate_nowait(b"frame")
        USES[use](pool.allocate_nowait())
        buffer.free()
        assert buffer.state is BufferState.FREE
        before = pool.statistics()
        mistake = "freed twice" if use == "free" else "used after it was freed"
        with breaks("BUF-06" if use == "adjust_length" else "BUF-05", mistake):
            USES[use](buffer)
        assert buffer.state is BufferState.FREE
        assert pool.statistics() == before

    @pytest.mark.parametrize("use", USES)
    def test_under_a_probe_both_lines_are_told_and_no_object_is_used_again(self, use: str) -> None:
        with observe(Probe()):
            pool = buffer_pool(1)
        stale = pool.allocate_nowait(b"frame")
        stale.free()
        fresh = pool.allocate_nowait(b"other")
        assert fresh is not stale
        with pytest.raises(RuleViolation) as caught:
            USES[use](stale)
        assert caught.value.site.file == __file__
        assert caught.value.other is not None
        freed_at = Path(caught.value.other.file).read_text().splitlines()[caught.value.other.line - 1]
        assert freed_at.strip() == "stale.free()"
        assert bytes(fresh.view()) == b"other"
        assert pool.outstanding == 1

    def test_a_buffer_is_freed_once(self, pool: BufferPool) -> None:
        buffer, other = pool.allocate_nowait(), pool.allocate_nowait()
        buffer.free()
        for _ in range(2):
            with breaks("BUF-05"):
                buffer.free()
        assert pool.outstanding == 1
        other.free()


class TestProbe:
    def test_it_hears_each_call_by_its_ndis_name(self) -> None:
        diary = Diary()
        with observe(diary):
            pool = buffer_pool()
        buffer, other = pool.allocate_nowait(b"frame"), pool.allocate_nowait()
        del diary.seen[:]
        buffer.view()
        buffer.view_safe(Priority.HIGH)
        buffer.flush(write_to_device=False)
        buffer.adjust_length(3)
        buffer.restore_length()
        buffer.link(other)
        heard = [operation for when, operation in diary.seen if when == "before"]
        assert heard == [
            "NdisQueryBuffer",
            "NdisQueryBufferSafe",
            "NdisFlushBuffer",
            "NdisAdjustBufferLength",
            "NdisAdjustBufferLength",
            "NDIS_BUFFER_LINKAGE",
        ]

    def test_a_mapping_may_fail(self) -> None:
        with observe(Diary(fails="NdisQueryBufferSafe")):
            pool = buffer_pool()
        buffer = pool.allocate_nowait(b"frame")
        assert buffer.view_safe() is None
        assert bytes(buffer.view()) == b"frame"

    @pytest.mark.parametrize("operation", ["NdisAdjustBufferLength", "NdisFreeBuffer", "NDIS_BUFFER_LINKAGE"])
    @pytest.mark.parametrize("special", [False, True])
    def test_what_it_refuses_has_not_happened(self, operation: str, *, special: bool) -> None:
        with observe(Diary(refuses=operation)):
            pool = buffer_pool()
        buffer, other = pool.allocate_nowait(b"frame"), pool.allocate_nowait()
        handle = pool.handle(buffer) if special else 0
        acts: dict[str, Callable[[], object]] = {
            "NdisAdjustBufferLength": lambda: buffer.adjust_length(1),
            "NdisFreeBuffer": buffer.free,
            "NDIS_BUFFER_LINKAGE": lambda: buffer.link(other),
        }
        with breaks("TEST-01"):
            acts[operation]()
        assert (buffer.state, buffer.length, buffer.next) == (BufferState.ALLOCATED, 5, None)
        assert pool.outstanding == 2
        assert not special or pool.resolve(handle) is buffer

    @pytest.mark.parametrize("special", [False, True])
    def test_it_sees_consistent_states(self, *, special: bool) -> None:
        class Looker(Probe):
            def __init__(self) -> None:
                self.seen: list[tuple[str, BufferState, int]] = []

            def after(self, operation: str, subject: object, *arguments: object) -> None:
                for buffer in (subject, *arguments):
                    if isinstance(buffer, Buffer):
                        self.seen.append((operation, buffer.state, buffer.pool.outstanding))

        looker = Looker()
        with observe(looker):
            pool = buffer_pool()
        buffer = pool.allocate_nowait(b"frame")
        if special:
            pool.handle(buffer)
        buffer.free()
        assert looker.seen == [
            ("NdisAllocateBuffer", BufferState.ALLOCATED, 1),
            ("NdisFreeBuffer", BufferState.FREE, 0),
        ]


def test_a_part_of_a_chained_buffer() -> None:
    packet = chained(b"header", b"payload")
    assert packet.first is not None
    assert packet.first.part(4) == b"er"
    assert packet.first.part(1, 2) == b"ea"
