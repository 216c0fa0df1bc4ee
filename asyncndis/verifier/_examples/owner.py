"""Examples of the rules of who uses which pool, packet and buffer."""

from .cards import HEARING, SEND_ALL
from .example import Example

__all__ = ["EXAMPLES"]

_SEND_ONE = """\

async with open_stack(Protocol(), Card()) as stack:
    await stack.binding.send_frame(bytes(60))
"""
_RESERVED = """\
class Card(Miniport):
    mac_options = MacOptions(0)

    async def initialize(self, adapter):
        self.packets = await adapter.allocate_packets(4{length})
        self.buffers = await adapter.allocate_buffers(4)

    def send(self, packet):
        frame = self.packets.allocate_nowait()
        frame.chain_at_back(self.buffers.allocate_nowait(packet.to_bytes()))
        frame.oob.header_size = 14
        self.adapter.indicate(frame){mark}
        return NdisStatus.SUCCESS

    def return_packet(self, packet):
        packet.unchain_at_front().free()
        packet.free()
"""
_RING = """\
class Card(Miniport):
    async def initialize(self, adapter):
        self.buffers = await adapter.allocate_buffers({count}){mark}

    def send(self, packet):
        return NdisStatus.SUCCESS

async with open_stack(Card(), nic=BusMasterNic(rx_ring=64)) as stack:
    await stack.run_until_idle()
"""
_MAPPING = """\
class Card(Miniport):
    attributes = AdapterAttributes.DESERIALIZE | AdapterAttributes.USES_SAFE_BUFFER_APIS

    def send(self, packet):
        {body}
"""
_TAGGING = """\
class Card(Miniport):
    def send(self, packet):
        return NdisStatus.SUCCESS

class Copier(Intermediate):
    def send(self, packet):
        frames = self.below.frames
        copy = frames.allocate_nowait(packet.to_bytes())
        {copies}
        status = self.below.send_nowait(copy){mark}
        frames.free(copy)
        return status

async with open_stack(Protocol(), Copier(), Card()) as stack:
    packet = stack.binding.frames.allocate_nowait(bytes(60))
    packet.set_info(PerPacketInfo.IEEE_8021Q, 5)
    await stack.binding.send(packet)
    stack.binding.frames.free(packet)
"""

EXAMPLES = {
    "POOL-02": Example(
        f"""\
{HEARING}\
class Late(Protocol):
    async def receive(self, binding, packet):
        async with BufferPool.create(4) as pool:  # <- POOL-02
            self.free = pool.capacity

async with open_stack(Late(), Card()) as stack:
    await stack.binding.send_frame(BROADCAST_ADDRESS + bytes(54))
    await stack.run_until_idle()
""",
        f"""\
{HEARING}\
class Early(Protocol):
    async def bind(self, binding):
        self.pool = await BufferPool.create(4)

    async def unbind(self, binding):
        await self.pool.aclose()

    async def receive(self, binding, packet):
        self.free = self.pool.capacity

async with open_stack(Early(), Card()) as stack:
    await stack.binding.send_frame(BROADCAST_ADDRESS + bytes(54))
    await stack.run_until_idle()
""",
    ),
    "POOL-05": Example(
        _RING.format(count="32", mark="  # <- POOL-05"),
        _RING.format(count="adapter.nic.rx_ring", mark=""),
    ),
    "POOL-15": Example(
        _RESERVED.format(length=", protocol_reserved_length=0", mark="  # <- POOL-15") + SEND_ALL,
        _RESERVED.format(length=", protocol_reserved_length=32", mark="") + SEND_ALL,
    ),
    "POOL-16": Example(
        f"""\
{HEARING}\
class Borrower(Protocol):
    def receive(self, binding, packet):
        copy = packet.pool.allocate_nowait()  # <- POOL-16
        copy.free()
{SEND_ALL.replace("Protocol()", "Borrower()")}""",
        f"""\
{HEARING}\
class Owner(Protocol):
    async def bind(self, binding):
        self.packets = await PacketPool.create(4)

    async def unbind(self, binding):
        await self.packets.aclose()

    def receive(self, binding, packet):
        copy = self.packets.allocate_nowait()
        copy.free()
{SEND_ALL.replace("Protocol()", "Owner()")}""",
    ),
    "BUF-13": Example(
        _MAPPING.format(
            body="""\
self.header = bytes(packet.first.view()[:14])  # <- BUF-13
        return NdisStatus.SUCCESS"""
        )
        + _SEND_ONE,
        _MAPPING.format(
            body="""\
view = packet.first.view_safe()
        if view is None:
            return NdisStatus.RESOURCES
        self.header = bytes(view[:14])
        return NdisStatus.SUCCESS"""
        )
        + _SEND_ONE,
    ),
    "PKT-11": Example(
        f"""\
class Card(Miniport):
    def send(self, packet):
        packet.protocol_reserved[:8] = bytes(8)  # <- PKT-11
        return NdisStatus.SUCCESS
{_SEND_ONE}""",
        f"""\
class Card(Miniport):
    def send(self, packet):
        packet.miniport_reserved[:8] = bytes(8)
        return NdisStatus.SUCCESS
{_SEND_ONE}""",
    ),
    "PKT-12": Example(
        f"""\
{HEARING}\
card = Card()
async with open_stack(Protocol(), card) as stack:
    card.adapter.indicate(card.rx.allocate_nowait(bytes(6)))  # <- PKT-12
""",
        f"""\
{HEARING}\
card = Card()
async with open_stack(Protocol(), card) as stack:
    card.adapter.indicate(card.rx.allocate_nowait(bytes(60)))
""",
    ),
    "PKT-14": Example(
        _TAGGING.format(copies="self.copied = copy.length", mark="  # <- PKT-14"),
        _TAGGING.format(copies="copy.copy_send_info_from(packet)", mark=""),
    ),
}
