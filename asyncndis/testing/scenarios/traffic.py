"""Traffic: frames of every length, in every number of fragments, in order whatever their priority, and taken back."""

from collections.abc import Sequence
from itertools import pairwise

from asyncndis.base import NdisError, NdisStatus
from asyncndis.drivers import PassThrough, free_chain
from asyncndis.memory import BufferPool, Packet, PacketPool, PerPacketInfo
from asyncndis.ndis import Binding
from asyncndis.nic import BusMasterNic, Dice, Wire
from asyncndis.testing.checks import check_equal, check_that, check_traffic
from asyncndis.testing.computers import ETHER_TYPE, Hoarder, Talker, open_computer, open_pair
from asyncndis.testing.playing import Scenario, scenario
from asyncndis.testing.times import let_pass

__all__ = ["TRAFFIC"]

_SUCCESS = NdisStatus.SUCCESS
_ABORTED = NdisStatus.REQUEST_ABORTED
_CONNECT, _DISCONNECT = NdisStatus.MEDIA_CONNECT, NdisStatus.MEDIA_DISCONNECT
_HEADER, _LONGEST = 14, 1514
_PACKETS, _FRAGMENTS = 8, 16
_SLOW = 10_000_000  # bit/s: a frame takes a noticeable time


@scenario()
async def send_all_sizes(seed: int) -> None:
    """Frames of every length from none to one too many: what is no frame is refused, short ones are padded."""
    dice = Dice(seed)
    content = bytes(dice.below("byte", 256) for _ in range(_LONGEST + 1))
    talker = _Builder(name="builder")
    async with open_pair(left=talker, rx_ring=256) as (left, right):
        start = right.address + left.address + ETHER_TYPE.to_bytes(2, "big")
        frames = [(start + content)[:length] for length in range(1, _LONGEST + 2)]
        nothing = await talker.build(b"", (), dice)
        talker.send_complete(left.binding, nothing, left.binding.send_nowait(nothing))
        await talker.say(frames)
        await let_pass(1)
        wanted = {NdisStatus.INVALID_PACKET: _HEADER + 1, _SUCCESS: _LONGEST + 1 - _HEADER}
        check_equal("how sends ended", talker.outcomes, wanted)
        padded = [frame.ljust(60, b"\0") for frame in frames if _HEADER <= len(frame) <= _LONGEST]
        check_that("every frame arrives", right.talker.heard == padded)


@scenario()
async def jumbo_refused(seed: int) -> None:
    """Frames that are too long: they are refused before they are sent, and dropped and counted when they arrive."""
    dice = Dice(seed)
    wire = Wire()
    async with open_pair(wire) as (left, right):
        lengths = [_LONGEST + 1, 9014, *(_LONGEST + 1 + dice.below("length", 7000) for _ in range(10))]
        await left.talker.say(left.frame_to(right.address, 0, length) for length in lengths)
        check_equal("how sends ended", left.talker.outcomes, {NdisStatus.INVALID_PACKET: len(lengths)})
        check_equal("frames on the wire", wire.statistics().frames, 0)
        for length in lengths:
            right.nic.receive(left.frame_to(right.address, 0, length + 4))
        await let_pass(0.1)
        check_equal("frames heard", right.talker.heard, [])
        check_equal("frames that were too long", right.nic.statistics().rx_oversize, len(lengths))
        left.talker.outcomes.clear()
        await check_traffic(left, right, dice)


@scenario()
async def fragmented_sends(seed: int) -> None:
    """Frames in one to sixteen buffers, some of them empty, at odd places in memory: they arrive whole."""
    dice = Dice(seed)
    talker = _Builder(name="builder")
    async with open_pair(left=talker) as (left, right):
        frames: list[bytes] = []
        for fragments in (*range(1, _FRAGMENTS + 1), *range(1, _FRAGMENTS + 1)):
            frame = left.frame_to(right.address, len(frames), 60 + dice.below("length", _LONGEST - 59))
            frames.append(frame)
            cuts = sorted(_HEADER + dice.below("cut", len(frame) - _HEADER + 1) for _ in range(fragments - 1))
            packet = await talker.build(frame, cuts, dice)
            check_equal("a send", left.binding.send_nowait(packet), NdisStatus.PENDING)
        await let_pass(1)
        check_equal("how sends ended", talker.outcomes, {_SUCCESS: len(frames)})
        check_that("every frame arrives", right.talker.heard == frames)


@scenario()
async def priority_order(seed: int) -> None:
    """Packets with 802.1p priorities and without, one at a time and in arrays, keep their order on a full ring."""
    dice = Dice(seed)
    async with open_pair(bits_per_second=_SLOW, rx_ring=256) as (left, right):
        frames = list(left.frames_to(right, 200))
        sent = 0
        while sent < len(frames):
            count = 1 + dice.below("array", 8)
            packets = [await left.binding.frames.allocate(frame) for frame in frames[sent : sent + count]]
            for packet in packets:
                packet.set_info(PerPacketInfo.IEEE_8021Q, dice.below("priority", 8) or None)
            if len(packets) > 1:
                left.binding.send_packets(packets)
            else:
                left.binding.send_nowait(packets[0])
            sent += len(packets)
        await let_pass(1)
        check_equal("how sends ended", left.talker.outcomes, {_SUCCESS: len(frames)})
        check_that("frames arrive in order", right.talker.heard == frames)


@scenario()
async def cancel_sends(seed: int) -> None:
    """Sends wait for room in the ring, and those with one of two ids are cancelled: only they, and each ends once."""
    dice = Dice(seed)
    async with open_pair(bits_per_second=_SLOW) as (left, right):
        frames = list(left.frames_to(right, 60))
        cancelled: set[int] = set()
        packets = [left.binding.frames.allocate_nowait(frame) for frame in frames]
        for number, packet in enumerate(packets):
            packet.cancel_id = 1 + dice.below("id", 2)
            if packet.cancel_id == 1:
                cancelled.add(number)
        left.binding.send_packets(packets)
        left.binding.cancel_sends(1)
        await let_pass(1)
        given_up = left.talker.outcomes[_ABORTED]
        check_that("sends are given up, and not those in the ring", 0 < given_up < len(cancelled))
        check_equal("how sends ended", left.talker.outcomes, {_SUCCESS: len(frames) - given_up, _ABORTED: given_up})
        numbers = right.talker.numbers
        missing = set(range(len(frames))) - set(numbers)
        check_equal("numbers heard", numbers, sorted(numbers))
        check_that("only what was cancelled is missing", len(missing) == given_up and missing <= cancelled)


@scenario()
async def intermediate_chain(seed: int) -> None:
    """Three intermediate drivers between protocol and miniport: frames, requests and resets pass all of them."""
    dice = Dice(seed)
    wire = Wire()
    hoarder = Hoarder(name="hoarder")
    chain = [PassThrough(name=f"pass {number}") for number in range(3)]
    async with (
        open_computer(wire, nic=BusMasterNic("left"), talker=hoarder, between=chain) as left,
        open_computer(wire, nic=BusMasterNic("right")) as right,
    ):
        await check_traffic(left, right, dice)
        await check_traffic(right, left, dice)
        check_that("packets are lent through all layers", hoarder.hoarded)
        hoarder.give_back()
        await left.binding.reset()
        wire.set_up(False)
        await let_pass(0.1)
        wire.set_up(True)
        await let_pass(0.1)
        check_equal(
            "the last that it was told", hoarder.told[-2:], [NdisStatus.MEDIA_DISCONNECT, NdisStatus.MEDIA_CONNECT]
        )
        await check_traffic(left, right, dice)
        await check_traffic(right, left, dice)
        hoarder.give_back()
        for driver in chain:
            counts = driver.statistics()
            check_equal(f"what has passed {driver.name}", (counts.down, counts.up), (40, 40))


class _Builder(Talker):
    """Builds packets of many buffers, each over memory of its own."""

    _packets: PacketPool
    _buffers: BufferPool

    async def bind(self, binding: Binding) -> None:
        self._packets = await PacketPool.create(_PACKETS, name="built packets")
        self._buffers = await BufferPool.create(_PACKETS * _FRAGMENTS, name="fragments")

    async def unbind(self, binding: Binding) -> None:
        await self._packets.aclose()
        await self._buffers.aclose()

    async def build(self, frame: bytes, cuts: Sequence[int], dice: Dice) -> Packet:
        """A packet over the pieces of a frame between cuts; between two cuts at one place is an empty piece."""
        packet = await self._packets.allocate()
        try:
            for start, end in pairwise((0, *cuts, len(frame))):
                place = dice.below("place", 8)
                memory = bytearray(place) + frame[start:end] + b"\0"
                buffer = self._buffers.allocate_nowait(memoryview(memory)[place:])
                buffer.adjust_length(end - start)
                packet.chain_at_back(buffer)
        except NdisError:
            free_chain(packet)
            packet.free()
            raise
        return packet

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        self.outcomes[status] += 1
        free_chain(packet)
        packet.free()


TRAFFIC: tuple[Scenario, ...] = (
    send_all_sizes,
    jumbo_refused,
    fragmented_sends,
    priority_order,
    cancel_sends,
    intermediate_chain,
)
