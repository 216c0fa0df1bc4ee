"""Known defects of other implementations that are in the library, not in a driver.

For each there is a check, by the model or by the verifier; it passes on this library, and fails on a copy that has the
defect. The numbers are those of the reference, 5.2: R for ReactOS, W for ndiswrapper.
"""

from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import anyio
import pytest

from asyncndis.base import NdisError, NdisStatus
from asyncndis.kernel import NdisEvent, VirtualClock, use_clock
from asyncndis.memory import BufferPool, MapRegisters, Packet, PacketEvent, PacketPool
from asyncndis.ndis import (
    BROADCAST_ADDRESS,
    Adapter,
    AdapterAttributes,
    Binding,
    FramePool,
    Intermediate,
    MacOptions,
    Miniport,
    Ndis,
    Oid,
    OidRequest,
    PacketFilter,
    Protocol,
    RequestType,
    open_stack,
)
from asyncndis.verifier import verify

pytestmark = pytest.mark.every_loop

FRAME = BROADCAST_ADDRESS + bytes(54)
PENDING, SUCCESS, RESOURCES = NdisStatus.PENDING, NdisStatus.SUCCESS, NdisStatus.RESOURCES

Copy = Callable[[list[bytearray], list[bytearray], int, int, int], int]


class Card(Miniport):
    """A miniport that has sent each packet at once."""

    def send(self, packet: Packet) -> NdisStatus:
        return SUCCESS


# R1 and W4: copies between packets


def flat_copy(target: list[bytearray], source: list[bytearray], offset: int, source_offset: int, count: int) -> bytes:
    """What the target holds after a copy, by the model."""
    whole, bytes_of_source = bytearray(b"".join(target)), b"".join(source)
    piece = bytes_of_source[source_offset : source_offset + min(count, max(0, len(whole) - offset))]
    if offset < len(whole):
        whole[offset : offset + len(piece)] = piece
    return bytes(whole)


def pieces(random: Random, content: bytes) -> list[bytearray]:
    """Some bytes, cut at random."""
    cuts = sorted(random.randint(0, len(content)) for _ in range(random.randint(0, 4)))
    return [bytearray(content[a:b]) for a, b in zip([0, *cuts], [*cuts, len(content)], strict=True) if a < b]


def agrees_with_the_model(copy: Copy, *, offsets: int) -> bool:
    """Whether random copies, from and to offsets up to some number, do what the model says."""
    random = Random(1)
    for _ in range(300):
        source, target = pieces(random, bytes(range(1, 25))), pieces(random, bytes(24))
        offset, source_offset, count = random.randint(0, offsets), random.randint(0, offsets), random.randint(0, 30)
        expected = flat_copy(target, source, offset, source_offset, count)
        copy(target, source, offset, source_offset, count)
        if b"".join(target) != expected:
            return False
    return True


async def test_r1_w4_copies_between_packets() -> None:
    async with PacketPool.create(2) as packets, BufferPool.create(16) as buffers:

        def packet_of(parts: list[bytearray]) -> Packet:
            packet = packets.allocate_nowait()
            for part in parts:
                packet.chain_at_back(buffers.allocate_nowait(part))
            return packet

        def copy(target: list[bytearray], source: list[bytearray], offset: int, start: int, count: int) -> int:
            into, out_of = packet_of(target), packet_of(source)
            copied = into.copy_from_safe(out_of, offset=offset, source_offset=start, count=count)
            for packet in (into, out_of):
                for buffer in packet.unchain_all():
                    buffer.free()
                packet.free()
            return copied

        assert agrees_with_the_model(copy, offsets=0)
        assert agrees_with_the_model(copy, offsets=30)


async def test_r1_the_side_with_bytes_left_is_not_advanced() -> None:
    def copy(target: list[bytearray], source: list[bytearray], offset: int, start: int, count: int) -> int:
        """Begins each piece of one side at the start of the other's, however much of that was used."""
        into, copied = 0, 0
        for part in source:
            rest = memoryview(part)
            while rest and into < len(target) and copied < count:
                size = min(len(rest), len(target[into]), count - copied)
                target[into][:size] = rest[:size]
                copied += size
                into += size == len(target[into])
                rest = rest[size:]
        return copied

    assert not agrees_with_the_model(copy, offsets=0)


async def test_w4_an_offset_beyond_the_first_buffer() -> None:
    def copy(target: list[bytearray], source: list[bytearray], offset: int, start: int, count: int) -> int:
        """Takes the offset off the first buffer, and does not mind when that is shorter."""
        whole = bytearray(b"".join(source))
        first = len(source[0]) - start if source else 0
        data = whole[start : start + (first & 0xFFFF)][:count]  # the length wraps around
        for part in target:
            size = min(len(part), len(data))
            part[:size], data = data[:size], data[size:]
        return len(data)

    assert not agrees_with_the_model(copy, offsets=30)


# R7: an event waited for without end

Wait = Callable[[NdisEvent, int], Awaitable[bool]]


async def waits_for_ever_at_zero(wait: Wait) -> bool:
    """Whether 0 ms mean for ever."""
    event, order = NdisEvent("done"), list[str]()

    async def waiter() -> None:
        await wait(event, 0)
        order.append("woken")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(waiter)
        await anyio.wait_all_tasks_blocked()
        order.append("set")
        event.set()
    return order == ["set", "woken"]


async def test_r7_zero_milliseconds() -> None:
    async def defective(event: NdisEvent, milliseconds: int) -> bool:
        return event.signaled if milliseconds == 0 else await event.wait(milliseconds)

    assert await waits_for_ever_at_zero(NdisEvent.wait)
    assert not await waits_for_ever_at_zero(defective)


# R8: what MiniportHalt is given


async def halts_with_its_own_context() -> bool:
    """Whether MiniportHalt gets what the driver gave to NdisMSetAttributesEx."""
    contexts: list[object] = []

    class Halting(Card):
        async def halt(self) -> None:
            contexts.append(self)

    card = Halting()
    async with open_stack(card):
        pass
    return contexts == [card]


async def test_r8_halt_gets_the_drivers_context(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await halts_with_its_own_context()
    handler = Adapter.handler

    def defective(adapter: Adapter, name: str, field: str) -> Any:
        if name == "MiniportHalt":
            adapter.context = adapter
        return handler(adapter, name, field)

    monkeypatch.setattr(Adapter, "handler", defective)
    assert not await halts_with_its_own_context()


# R9: when NDIS asks whether the miniport hangs


async def times_of_checks() -> list[float]:
    """When the first two checks are made, in seconds, where 4 are asked for."""
    times: list[float] = []

    class Patient(Card):
        check_for_hang_seconds = 4

        def check_for_hang(self) -> bool:
            times.append(clock.now() / 10_000_000)
            return False

    clock = VirtualClock()
    with use_clock(clock):
        async with open_stack(Patient()):
            await clock.advance(9)
    return times


async def test_r9_the_first_check_for_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await times_of_checks() == [4, 8]

    def defective(check: Any) -> None:
        check._timer.set(check.seconds * 100)

    monkeypatch.setattr("asyncndis.ndis.resetting.HangCheck.start", defective)
    assert await times_of_checks() == [0.4]


# R11: two requests at once


async def test_r11_two_requests_become_the_pending_one(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Card):
        def query_information(self, oid: int, buffer: memoryview) -> Any:
            return PENDING if oid == Oid.GEN_VENDOR_ID else super().query_information(oid, buffer)

    async def submit_two(serve: Callable[[Any], None] | None) -> tuple[str, ...]:
        acts: list[Any] = []

        def note(queue: Any) -> None:
            acts.append(queue)

        with verify("OID-01") as findings:
            async with open_stack(Protocol(), Slow()) as stack:
                requests = [OidRequest(RequestType.QUERY_INFORMATION, Oid.GEN_VENDOR_ID, bytearray(4)) for _ in "ab"]
                with monkeypatch.context() as patch:
                    if serve is not None:
                        patch.setattr("asyncndis.ndis.requests.RequestQueue.serve", note)
                    for request in requests:
                        stack.binding.request_nowait(request)
                    if serve is not None:  # both have found the place free, and take it now
                        for queue in acts:
                            serve(queue)
                while stack.adapter.requests.pending is not None:
                    stack.adapter.query_complete(SUCCESS, 4)
        return findings.rules

    def take_the_place(queue: Any) -> None:
        queue._pending = None
        queue._start()

    assert await submit_two(None) == ()
    assert await submit_two(take_the_place) == ("OID-01",)


# R12 and R13: closing what is in use


class Finishing(Miniport):
    """Completes a send when it is told to."""

    def initialize(self, adapter: Adapter) -> None:
        self.transmitter = adapter.timer(self.finish)

    def send(self, packet: Packet) -> NdisStatus:
        self.packet = packet
        self.transmitter.set(10)
        return PENDING

    def finish(self) -> None:
        self.adapter.send_complete(self.packet)


class Freeing(Protocol):
    """Frees what it has sent."""

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        binding.frames.free(packet)


async def close_with_a_send_pending() -> tuple[str, ...]:
    with verify("BIND-05") as findings, use_clock(VirtualClock()):
        async with open_stack(Freeing(), Finishing()) as stack:
            stack.binding.send_nowait(stack.binding.frames.allocate_nowait(FRAME))
    return findings.rules


async def test_r12_a_binding_is_closed_while_a_send_is_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await close_with_a_send_pending() == ()

    async def defective(*_: object) -> bool:
        return True

    monkeypatch.setattr(Adapter, "until_patience_ends", defective)
    assert await close_with_a_send_pending() == ("BIND-05",)


async def deregistering_closes(deregister: Callable[[Any], Awaitable[None]] | None) -> bool:
    async with Ndis() as ndis:
        adapter = await ndis.add_adapter(Card())
        registered = ndis.register_protocol(Protocol())
        binding = await ndis.bind(registered, adapter)
        await (registered.deregister() if deregister is None else deregister(registered))
        return not binding.is_open


async def test_r13_a_protocol_is_deregistered_with_a_binding_open() -> None:
    async def defective(registered: Any) -> None:
        registered._library.protocols.remove(registered)

    assert await deregistering_closes(None)
    assert not await deregistering_closes(defective)


# R15: what a reset has lost


async def set_again_after_a_reset() -> set[int]:
    """The OIDs that NDIS sets again after a reset that lost them."""

    class Losing(Card):
        sets: list[int]

        def initialize(self, adapter: Adapter) -> None:
            self.sets = []

        def set(self, oid: int, value: Any) -> None:
            super().set(oid, value)
            self.sets.append(oid)

        def reset(self) -> Any:
            self.sets.clear()
            return SUCCESS, True

    card = Losing()
    async with open_stack(Protocol(), card) as stack:
        await stack.binding.set_filter(PacketFilter.DIRECTED | PacketFilter.MULTICAST)
        await stack.binding.set(Oid.IEEE_802_3_MULTICAST_LIST, (b"\x01\0\x5e\0\0\1",))
        await stack.binding.set(Oid.GEN_CURRENT_LOOKAHEAD, 300)
        await stack.reset()
        return set(card.sets)


async def test_r15_a_reset_replays_all_addressing(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = {Oid.GEN_CURRENT_PACKET_FILTER, Oid.IEEE_802_3_MULTICAST_LIST, Oid.GEN_CURRENT_LOOKAHEAD}
    assert await set_again_after_a_reset() == everything
    addressing = Adapter.addressing

    def defective(adapter: Adapter) -> list[OidRequest]:
        return addressing(adapter)[-1:]

    monkeypatch.setattr(Adapter, "addressing", defective)
    assert await set_again_after_a_reset() == {Oid.GEN_CURRENT_LOOKAHEAD}


# R16: what comes of RESOURCES


async def completions_of_a_full_ring() -> tuple[list[NdisStatus], list[bytes]]:
    """With what a protocol's packets are completed, and what reaches the wire, where the first answer is RESOURCES."""
    wire: list[bytes] = []
    statuses: list[NdisStatus] = []

    class Full(Miniport):
        attributes = AdapterAttributes(0)
        is_full = True

        def send_packets(self, packets: Any) -> None:
            for packet in packets:
                packet.oob.status = RESOURCES if self.is_full else SUCCESS
                wire.extend([] if self.is_full else [packet.to_bytes()])

    class Noting(Freeing):
        def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
            statuses.append(status)
            super().send_complete(binding, packet, status)

    card = Full()
    async with open_stack(Noting(), card) as stack:
        frames = stack.binding.frames
        stack.binding.send_packets([frames.allocate_nowait(bytes(14) + bytes([number]) * 46) for number in range(3)])
        card.is_full = False
        stack.adapter.send_resources_available()
    return statuses, [frame[14:15] for frame in wire]


async def test_r16_what_got_resources_comes_again_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await completions_of_a_full_ring() == ([SUCCESS] * 3, [b"\0", b"\1", b"\2"])

    def defective(path: Any, packets: list[Packet]) -> None:
        for packet in packets:
            path._give_back(packet, path._in_flight.pop(packet), RESOURCES)

    monkeypatch.setattr("asyncndis.ndis.sending.SendPath._requeue", defective)
    assert await completions_of_a_full_ring() == ([RESOURCES] * 3, [])


# R17: map registers


def refuses_too_many(allocate: Callable[[int], object]) -> bool:
    """Whether 64 map registers are granted, and 65 are not."""
    allocate(64)
    try:
        allocate(65)
    except NdisError as error:
        return error.status is RESOURCES
    return False


async def test_r17_map_registers_have_a_limit() -> None:
    assert refuses_too_many(lambda count: MapRegisters(count, 1))
    assert not refuses_too_many(lambda count: [None] * count)


async def test_r17_a_failure_leaves_nothing_behind() -> None:
    class Greedy(Card):
        def initialize(self, adapter: Adapter) -> None:
            with pytest.raises(NdisError):
                adapter.allocate_map_registers(65, 1)
            assert not len(adapter.claims)
            adapter.allocate_map_registers(64, 1)

    with verify() as findings:
        async with open_stack(Greedy()):
            pass
    assert not findings, findings.report()


# R18: intermediate drivers


async def test_r18_intermediate_drivers_are_supported() -> None:
    class Hearing(Card):
        mac_options = MacOptions(0)
        rx: FramePool

        async def initialize(self, adapter: Adapter) -> None:
            self.rx = await adapter.allocate_frames(2)

        def send(self, packet: Packet) -> NdisStatus:
            self.adapter.indicate(self.rx.allocate_nowait(packet.to_bytes()))
            return SUCCESS

        def return_packet(self, packet: Packet) -> None:
            self.rx.free(packet)

    class Listening(Protocol):
        heard = 0

        def receive(self, binding: Binding, packet: Packet) -> None:
            self.heard += 1

    protocol = Listening()
    with verify() as findings:
        async with open_stack(protocol, Intermediate(), Intermediate(), Hearing()) as stack:
            await stack.binding.send_frame(FRAME)
    assert protocol.heard == 1
    assert not findings, findings.report()


# W1: pools that count


def gives_exactly(capacity: int, allocate: Callable[[], object]) -> bool:
    """Whether so many descriptors can be had, and not one more."""
    for given in range(capacity + 2):
        try:
            allocate()
        except NdisError:
            return given == capacity
    return False


async def test_w1_the_limit_of_pools() -> None:
    out = list[object]()

    def defective() -> None:
        if len(out) > 3:  # instead of >=
            raise NdisError("full", RESOURCES)
        out.append(None)

    buffers, packets = await BufferPool.create(3), await PacketPool.create(2, overflow=1)
    assert gives_exactly(3, buffers.allocate_nowait)
    assert gives_exactly(3, packets.allocate_nowait)
    assert not gives_exactly(3, defective)


# W3: what an unchained buffer drags along


async def test_w3_an_unchained_buffer_has_no_next() -> None:
    async with BufferPool.create(2) as buffers, PacketPool.create(2) as packets:
        first, second = buffers.allocate_nowait(bytes(1)), buffers.allocate_nowait(bytes(1))
        old, new = packets.allocate_nowait(), packets.allocate_nowait()
        old.chain_at_back(first)
        old.chain_at_back(second)
        new.chain_at_back(old.unchain_at_front() or first)
        assert [packet.buffer_count for packet in (old, new)] == [1, 1]
        for packet in (old, new):
            for buffer in packet.unchain_all():
                buffer.free()
            packet.free()


# W5: the packet stack


def differ(areas: Callable[[Packet], memoryview | None], packet: Packet) -> bool:
    """Whether two intermediate drivers, one above the other, get different entries of a packet's stack."""
    packet.transfer(PacketEvent.SEND, "the upper one")
    upper = areas(packet)
    assert upper is not None
    upper[:1] = b"u"
    packet.transfer(PacketEvent.HAND_ON, "the lower one")
    lower = areas(packet)
    assert lower is not None
    is_apart = bytes(lower[:1]) != b"u"
    packet.transfer(PacketEvent.HAND_BACK, "the upper one")
    packet.transfer(PacketEvent.COMPLETE)
    return is_apart


async def test_w5_each_has_a_stack_entry_of_its_own() -> None:
    async with PacketPool.create(1) as pool, pool.borrow() as packet:
        assert differ(lambda packet: packet.current_stack, packet)
        assert not differ(lambda packet: packet.mac_reserved, packet)  # an entry that nobody marks as taken


async def test_w7_a_register_maps_for_reading_too() -> None:
    async with BufferPool.create(1) as pool, pool.borrow(bytearray(64)) as buffer:
        registers = MapRegisters(1, 64)
        (fragment,) = registers.start(buffer, 0, write_to_device=False)
        assert fragment.length == 64
        assert not registers.view_at(fragment.address, 64).readonly
        registers.complete(buffer, 0)
