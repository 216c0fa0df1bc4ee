"""Examples of the send rules."""

from .cards import ANSWERING, SEND_TWO
from .example import Example

__all__ = ["EXAMPLES"]

_SEND_ONE = """\

async with open_stack(Protocol(), Card()) as stack:
    await stack.binding.send_frame(bytes(60))
"""
_SERIALIZED = """\
class Card(Miniport):
    attributes = AdapterAttributes(0)  # a serialized miniport

"""
_QUEUEING = """\
class Card(Miniport):
    def initialize(self, adapter):
        self.queue = []

"""
_LOCKED = """\
class Card(Miniport):
    def initialize(self, adapter):
        self.lock = SpinLock("tx-ring")

"""
_SEND_AND_RESET = """\

async with open_stack(Protocol(), Card()) as stack:
    packet = stack.binding.frames.allocate_nowait(bytes(60))
    stack.binding.send_nowait(packet)
    await stack.reset()
    stack.binding.frames.free(packet)
"""
_SEND_AND_WAIT = """\

with use_clock(VirtualClock()) as clock:
    async with open_stack(Protocol(), Card()) as stack:
        packet = stack.binding.frames.allocate_nowait(bytes(60))
        stack.binding.send_nowait(packet)
        await clock.advance(40)
        stack.binding.frames.free(packet)
"""
_LATE = """\
class Card(Miniport):
    def initialize(self, adapter):
        self.transmitter = adapter.timer(self.finish)

    def send(self, packet):
        self.packet = packet
        self.transmitter.set({milliseconds})
        return NdisStatus.PENDING

    def finish(self):
        self.adapter.send_complete(self.packet){mark}
"""

EXAMPLES = {
    "SEND-01": Example(
        f"""\
{_QUEUEING}\
    def send(self, packet):
        self.queue.append(packet)
        return NdisStatus.PENDING

async with open_stack(Protocol(), Card(), patience=0.1) as stack:
    frames = stack.binding.frames
    packet = frames.allocate_nowait(bytes(60))
    stack.binding.send_nowait(packet)
    frames.free(packet)  # <- SEND-01
""",
        f"""\
{ANSWERING}
async with open_stack(Protocol(), Card()) as stack:
    frames = stack.binding.frames
    packet = frames.allocate_nowait(bytes(60))
    await stack.binding.send(packet)
    frames.free(packet)
""",
    ),
    "SEND-02": Example(
        f"""\
class Card(Miniport):
    def send(self, packet):
        self.adapter.send_complete(packet)
        self.adapter.send_complete(packet)  # <- SEND-02
        return NdisStatus.PENDING
{_SEND_ONE}""",
        f"""\
class Card(Miniport):
    def send(self, packet):
        self.adapter.send_complete(packet)
        return NdisStatus.PENDING
{_SEND_ONE}""",
    ),
    "SEND-03": Example(
        f"""\
class Card(Miniport):
    def send(self, packet):
        self.adapter.send_complete(packet, NdisStatus.PENDING)  # <- SEND-03
        return NdisStatus.PENDING
{_SEND_ONE}""",
        f"""\
class Card(Miniport):
    def send(self, packet):
        self.adapter.send_complete(packet, NdisStatus.SUCCESS)
        return NdisStatus.PENDING
{_SEND_ONE}""",
    ),
    "SEND-04": Example(
        f"""\
class Card(Miniport):
    def send(self, packet):  # <- SEND-04
        self.adapter.send_complete(packet)
        return NdisStatus.SUCCESS
{_SEND_ONE}""",
        f"""\
class Card(Miniport):
    def send(self, packet):
        return NdisStatus.SUCCESS
{_SEND_ONE}""",
    ),
    "SEND-05": Example(
        f"""\
class Card(Miniport):
    sent = 0

    def send(self, packet):
        self.adapter.send_complete(packet)
        self.sent += packet.length  # <- SEND-05
        return NdisStatus.PENDING
{_SEND_ONE}""",
        f"""\
class Card(Miniport):
    sent = 0

    def send(self, packet):
        self.sent += packet.length
        self.adapter.send_complete(packet)
        return NdisStatus.PENDING
{_SEND_ONE}""",
    ),
    "SEND-06": Example(
        f"""\
{_SERIALIZED}\
    def send_packets(self, packets):  # <- SEND-06
        self.sent = len(packets)
{SEND_TWO}""",
        f"""\
{_SERIALIZED}\
    def send_packets(self, packets):
        for packet in packets:
            packet.oob.status = NdisStatus.SUCCESS
{SEND_TWO}""",
    ),
    "SEND-07": Example(
        f"""\
{_SERIALIZED}\
    def send_packets(self, packets):  # <- SEND-07
        packets[0].oob.status = NdisStatus.RESOURCES
        packets[1].oob.status = NdisStatus.SUCCESS
{SEND_TWO}""",
        f"""\
{_SERIALIZED}\
    def send_packets(self, packets):
        packets[0].oob.status = NdisStatus.SUCCESS
        packets[1].oob.status = NdisStatus.SUCCESS
{SEND_TWO}""",
    ),
    "SEND-08": Example(
        f"""\
class Card(Miniport):
    def send(self, packet):  # <- SEND-08
        return NdisStatus.RESOURCES
{SEND_TWO}""",
        f"""\
{_QUEUEING}\
    def send(self, packet):
        self.queue.append(packet)
        if len(self.queue) == 2:
            self.adapter.send_complete(self.queue)
        return NdisStatus.PENDING
{SEND_TWO}""",
    ),
    "SEND-09": Example(
        f"""\
{_SERIALIZED}\
    def send(self, packet):  # <- SEND-09
        return NdisStatus.RESOURCES
{_SEND_AND_WAIT}""",
        f"""\
{_SERIALIZED}\
    room = 0

    def initialize(self, adapter):
        self.transmitter = adapter.timer(self.make_room)

    def send(self, packet):
        if not self.room:
            self.transmitter.set(10)
            return NdisStatus.RESOURCES
        self.room -= 1
        return NdisStatus.SUCCESS

    def make_room(self):
        self.room += 1
        self.adapter.send_resources_available()
{_SEND_AND_WAIT}""",
    ),
    "SEND-10": Example(
        f"""\
{_QUEUEING}\
    def send(self, packet):
        self.queue.append(packet)
        if len(self.queue) == 2:
            self.adapter.send_complete(self.queue.pop())  # <- SEND-10
            self.adapter.send_complete(self.queue.pop())
        return NdisStatus.PENDING
{SEND_TWO}""",
        f"""\
{_QUEUEING}\
    def send(self, packet):
        self.queue.append(packet)
        if len(self.queue) == 2:
            self.adapter.send_complete(self.queue.pop(0))
            self.adapter.send_complete(self.queue.pop(0))
        return NdisStatus.PENDING
{SEND_TWO}""",
    ),
    "SEND-12": Example(
        f"""\
{_LOCKED}\
    def send(self, packet):
        with self.lock:
            self.adapter.send_complete(packet)  # <- SEND-12
        return NdisStatus.PENDING
{_SEND_ONE}""",
        f"""\
{_LOCKED}\
    def send(self, packet):
        with self.lock:
            self.last = packet
        self.adapter.send_complete(packet)
        return NdisStatus.PENDING
{_SEND_ONE}""",
    ),
    "SEND-14": Example(
        f"""\
{ANSWERING}
async with open_stack(Protocol(), Card()) as stack:
    stack.binding.cancel_sends(0)  # <- SEND-14
""",
        f"""\
{ANSWERING}
async with open_stack(Protocol(), Card()) as stack:
    stack.binding.cancel_sends(0x0102_0000_0000_0001)
""",
    ),
    "SEND-16": Example(
        f"""\
{_QUEUEING}\
    def send(self, packet):
        self.queue.append(packet)
        return NdisStatus.PENDING

    def reset(self):  # <- SEND-16
        self.queue.clear()
        return NdisStatus.SUCCESS
{_SEND_AND_RESET}""",
        f"""\
{_QUEUEING}\
    def send(self, packet):
        self.queue.append(packet)
        return NdisStatus.PENDING

    def reset(self):
        while self.queue:
            self.adapter.send_complete(self.queue.pop(0), NdisStatus.REQUEST_ABORTED)
        return NdisStatus.SUCCESS
{_SEND_AND_RESET}""",
    ),
    "SEND-17": Example(
        _LATE.format(milliseconds="31_000", mark="  # <- SEND-17") + _SEND_AND_WAIT,
        _LATE.format(milliseconds="10", mark="") + _SEND_AND_WAIT,
    ),
}
