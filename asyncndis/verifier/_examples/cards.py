"""Parts that several examples begin or end with; each example is printed as a whole."""

__all__ = ["ANSWERING", "HEARING", "SEND_ALL", "SEND_TWO"]

ANSWERING = """\
class Card(Miniport):
    def send(self, packet):
        return NdisStatus.SUCCESS
"""
"""A miniport that has sent each packet at once."""

HEARING = """\
class Card(Miniport):
    mac_options = MacOptions(0)  # it hears what it sends, and NDIS need not loop it back

    async def initialize(self, adapter):
        self.rx = await adapter.allocate_frames(4)

    def send(self, packet):
        self.adapter.indicate(self.rx.allocate_nowait(bytearray(packet.to_bytes())))
        return NdisStatus.SUCCESS

    def return_packet(self, packet):
        self.rx.free(packet)

"""
"""A miniport that receives each packet that it sends."""

SEND_ALL = """\

async with open_stack(Protocol(), Card()) as stack:
    await stack.binding.send_frame(BROADCAST_ADDRESS + bytes(54))
"""
"""A frame that everybody receives."""

SEND_TWO = """\

async with open_stack(Protocol(), Card(), patience=0.1) as stack:
    frames = stack.binding.frames
    packets = [frames.allocate_nowait(bytes(60)) for _ in range(2)]
    stack.binding.send_packets(packets)
    await stack.run_until_idle()
    for packet in packets:
        frames.free(packet)
"""
"""Two frames in one call."""
