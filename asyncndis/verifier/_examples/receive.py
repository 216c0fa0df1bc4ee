"""Examples of the receive rules."""

from .cards import HEARING, SEND_ALL
from .example import Example

__all__ = ["EXAMPLES"]

_BEGIN = """\
class Card(Miniport):
    mac_options = MacOptions(0)

    async def initialize(self, adapter):
        self.rx = await adapter.allocate_frames(4)

"""
_SERIALIZED = _BEGIN.replace(
    "    mac_options", "    attributes = AdapterAttributes(0)  # a serialized miniport\n    mac_options"
)
_RETURN = """\

    def return_packet(self, packet):
        self.rx.free(packet)
"""
_SHOWING = """\
class Card(Miniport):
    mac_options = MacOptions(0)

    def send(self, packet):
        frame = memoryview(packet.to_bytes())
        self.adapter.indicate_lookahead(None, frame[:14], frame[14:], len(frame) - 14){mark}
        {end}
        return NdisStatus.SUCCESS
"""


def _with(protocol: str) -> str:
    """The end of an example whose protocol is a class of its own."""
    return SEND_ALL.replace("Protocol()", f"{protocol}()")


EXAMPLES = {
    "RCV-01": Example(
        f"""\
{_BEGIN}\
    def send(self, packet):
        frame = self.rx.allocate_nowait(packet.to_bytes())
        self.adapter.indicate(frame)
        self.rx.free(frame)  # <- RCV-01
        return NdisStatus.SUCCESS

class Slow(Protocol):
    async def receive(self, binding, packet):
        await anyio.sleep(0.01)
{_with("Slow")}""",
        f"""\
{_BEGIN}\
    def send(self, packet):
        frame = self.rx.allocate_nowait(packet.to_bytes())
        self.adapter.indicate(frame)
        return NdisStatus.SUCCESS
{_RETURN}
class Slow(Protocol):
    async def receive(self, binding, packet):
        await anyio.sleep(0.01)
{_with("Slow")}""",
    ),
    "RCV-02": Example(
        f"""\
{_BEGIN}\
    def send(self, packet):
        frame = self.rx.allocate_nowait(packet.to_bytes())
        frame.oob.status = NdisStatus.FAILURE
        self.adapter.indicate(frame)  # <- RCV-02
        return NdisStatus.SUCCESS
{_RETURN}{SEND_ALL}""",
        f"""\
{_BEGIN}\
    def send(self, packet):
        frame = self.rx.allocate_nowait(packet.to_bytes())
        frame.oob.status = NdisStatus.SUCCESS
        self.adapter.indicate(frame)
        return NdisStatus.SUCCESS
{_RETURN}{SEND_ALL}""",
    ),
    "RCV-03": Example(
        f"""\
{_SERIALIZED}\
    def send(self, packet):
        frame = self.rx.allocate_nowait(packet.to_bytes())
        self.adapter.indicate(frame)
        self.rx.free(frame)  # <- RCV-03
        return NdisStatus.SUCCESS
{SEND_ALL}""",
        f"""\
{_SERIALIZED}\
    def send(self, packet):
        frame = self.rx.allocate_nowait(packet.to_bytes())
        self.adapter.indicate(frame)
        if frame.oob.status == NdisStatus.SUCCESS:
            self.rx.free(frame)
        return NdisStatus.SUCCESS
{_RETURN}{SEND_ALL}""",
    ),
    "RCV-04": Example(
        f"""\
{_BEGIN}\
    def send(self, packet):
        frame = self.rx.allocate_nowait(packet.to_bytes())
        frame.oob.status = NdisStatus.RESOURCES
        self.adapter.indicate(frame)
        if frame.oob.status == NdisStatus.RESOURCES:  # <- RCV-04
            self.rx.free(frame)
        return NdisStatus.SUCCESS
{_RETURN}{SEND_ALL}""",
        f"""\
{_BEGIN}\
    def send(self, packet):
        frame = self.rx.allocate_nowait(packet.to_bytes())
        is_low = self.rx.outstanding >= 1
        frame.oob.status = NdisStatus.RESOURCES if is_low else NdisStatus.SUCCESS
        self.adapter.indicate(frame)
        if is_low:
            self.rx.free(frame)
        return NdisStatus.SUCCESS
{_RETURN}{SEND_ALL}""",
    ),
    "RCV-06": Example(
        f"""\
{_BEGIN}\
    def send(self, packet):
        frame = self.rx.allocate_nowait(packet.to_bytes())
        frame.oob.status = NdisStatus.RESOURCES
        self.adapter.indicate(frame)
        self.rx.free(frame)
        return NdisStatus.SUCCESS

class Keeper(Protocol):
    def receive(self, binding, packet):  # <- RCV-06
        self.packet = packet
        return 1
{_with("Keeper")}""",
        f"""\
{_BEGIN}\
    def send(self, packet):
        frame = self.rx.allocate_nowait(packet.to_bytes())
        frame.oob.status = NdisStatus.RESOURCES
        self.adapter.indicate(frame)
        self.rx.free(frame)
        return NdisStatus.SUCCESS

class Copier(Protocol):
    def receive(self, binding, packet):
        self.frame = packet.to_bytes()
        return 0
{_with("Copier")}""",
    ),
    "RCV-07": Example(
        f"""\
{HEARING}\
class Keeper(Protocol):
    def receive(self, binding, packet):
        self.packet = packet
        return 1

keeper = Keeper()
async with open_stack(keeper, Card()) as stack:
    await stack.binding.send_frame(BROADCAST_ADDRESS + bytes(54))
    stack.binding.return_packet(keeper.packet)
    stack.binding.return_packet(keeper.packet)  # <- RCV-07
""",
        f"""\
{HEARING}\
class Keeper(Protocol):
    def receive(self, binding, packet):
        self.packet = packet
        return 1

keeper = Keeper()
async with open_stack(keeper, Card()) as stack:
    await stack.binding.send_frame(BROADCAST_ADDRESS + bytes(54))
    stack.binding.return_packet(keeper.packet)
""",
    ),
    "RCV-08": Example(
        f"""\
{HEARING}\
class Hasty(Protocol):
    def receive(self, binding, packet):
        binding.return_packet(packet)  # <- RCV-08
        return 1
{_with("Hasty")}""",
        f"""\
{HEARING}\
class Copier(Protocol):
    def receive(self, binding, packet):
        self.frame = packet.to_bytes()
        return 0
{_with("Copier")}""",
    ),
    "RCV-09": Example(
        f"""\
{HEARING}\
class Echo(Protocol):
    def receive(self, binding, packet):  # <- RCV-09
        packet.swap_addresses()
{_with("Echo")}""",
        f"""\
{HEARING}\
class Echo(Protocol):
    def receive(self, binding, packet):
        frame = packet.to_bytes()
        self.answer = frame[6:12] + frame[:6] + frame[12:]
{_with("Echo")}""",
    ),
    "RCV-11": Example(
        f"""\
{HEARING}\
class Peek(Protocol):
    def receive_lookahead(self, binding, context, header, lookahead, packet_size):
        self.context = context

peek = Peek()
async with open_stack(peek, Card()) as stack:
    await stack.binding.send_frame(BROADCAST_ADDRESS + bytes(54))
    async with stack.binding.frames.borrow(bytearray(46)) as packet:
        stack.binding.transfer_data_nowait(peek.context, 0, 46, packet)  # <- RCV-11
""",
        f"""\
{HEARING}\
class Peek(Protocol):
    def receive_lookahead(self, binding, context, header, lookahead, packet_size):
        packet = binding.frames.allocate_nowait(bytearray(packet_size))
        binding.transfer_data_nowait(context, 0, packet_size, packet)
        binding.frames.free(packet)
{_with("Peek")}""",
    ),
    "RCV-12": Example(
        """\
async with PacketPool.create(1) as pool, pool.borrow() as packet:
    packet.transfer(PacketEvent.TRANSFER, "miniport")
    packet.transfer(PacketEvent.TRANSFER_COMPLETE)
    packet.transfer(PacketEvent.TRANSFER_COMPLETE)  # <- RCV-12
""",
        """\
async with PacketPool.create(1) as pool, pool.borrow() as packet:
    packet.transfer(PacketEvent.TRANSFER, "miniport")
    packet.transfer(PacketEvent.TRANSFER_COMPLETE)
""",
    ),
    "RCV-13": Example(
        _SHOWING.format(mark="  # <- RCV-13", end="self.shown = True") + SEND_ALL,
        _SHOWING.format(mark="", end="self.adapter.indicate_receive_complete()") + SEND_ALL,
    ),
    "RCV-14": Example(
        f"""\
{_BEGIN}\
    def send(self, packet):
        with SpinLock("rx-ring"):
            frame = self.rx.allocate_nowait(packet.to_bytes())
            self.adapter.indicate(frame)  # <- RCV-14
        return NdisStatus.SUCCESS
{_RETURN}{SEND_ALL}""",
        f"""\
{_BEGIN}\
    def send(self, packet):
        with SpinLock("rx-ring"):
            frame = packet.to_bytes()
        self.adapter.indicate(self.rx.allocate_nowait(frame))
        return NdisStatus.SUCCESS
{_RETURN}{SEND_ALL}""",
    ),
    "RCV-15": Example(
        f"""\
{_BEGIN}\
    def send(self, packet):
        frame = self.rx.allocate_nowait(packet.to_bytes())
        frame.clear_oob()
        self.adapter.indicate(frame)  # <- RCV-15
        return NdisStatus.SUCCESS
{_RETURN}{SEND_ALL}""",
        f"""\
{_BEGIN}\
    def send(self, packet):
        frame = self.rx.allocate_nowait(packet.to_bytes())
        frame.clear_oob()
        frame.oob.header_size = 14
        self.adapter.indicate(frame)
        return NdisStatus.SUCCESS
{_RETURN}{SEND_ALL}""",
    ),
    "RCV-16": Example(
        f"""\
{_BEGIN}\
    def send(self, packet):
        return NdisStatus.SUCCESS

    def halt(self):
        self.adapter.indicate(self.rx.allocate_nowait(bytes(60)))  # <- RCV-16
{SEND_ALL}""",
        f"""\
{_BEGIN}\
    def send(self, packet):
        return NdisStatus.SUCCESS

    def halt(self):
        self.rx.close()
{SEND_ALL}""",
    ),
    "RCV-17": Example(
        f"""\
{HEARING}\
class Keeper(Protocol):
    def receive(self, binding, packet):  # <- RCV-17
        self.packet = packet
        return 1

async with open_stack(Keeper(), Card(), patience=0.1) as stack:
    await stack.binding.send_frame(BROADCAST_ADDRESS + bytes(54))
""",
        f"""\
{HEARING}\
class Keeper(Protocol):
    def receive(self, binding, packet):
        self.packet = packet
        return 1

    def unbind(self, binding):
        binding.return_packet(self.packet)

async with open_stack(Keeper(), Card(), patience=0.1) as stack:
    await stack.binding.send_frame(BROADCAST_ADDRESS + bytes(54))
""",
    ),
}
