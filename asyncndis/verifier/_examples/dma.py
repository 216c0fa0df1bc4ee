"""Examples of the rules of direct memory access that concern a device."""

from .example import Example

__all__ = ["EXAMPLES"]

_RING = """\
class Machine:
    ring, frame = HeapProvider().allocate(8 * DESCRIPTOR_BYTES), HeapProvider().allocate(64)

    def view_at(self, address, length):
        block = self.ring if address == self.ring.physical_address else self.frame
        return block.view[:length]

machine, nic = Machine(), BusMasterNic(check_rings=True)
nic.plug(machine, lambda: None)
nic.write(Register.TX_BASE_LOW, machine.ring.physical_address, 8)
nic.write(Register.TX_SIZE, 8)
nic.write(Register.CONTROL, Control.TX_ENABLE)
flags = DescriptorFlag.OWN | DescriptorFlag.END
DESCRIPTOR.pack_into(machine.ring.view, 0, machine.frame.physical_address, 64, 0, flags)
nic.write(Register.TX_TAIL, 1)
"""
_MAP = """\
registers = MapRegisters(1, 64)
async with BufferPool.create(1) as pool, pool.borrow(bytearray(64)) as buffer:
{body}"""

EXAMPLES = {
    "DMA-05": Example(
        """\
class Card(Miniport):
    def initialize(self, adapter):
        self.memory = adapter.allocate_shared_memory(64)

    def send(self, packet):
        return NdisStatus.SUCCESS

card = Card()
async with open_stack(card) as stack:
    stack.adapter.view_at(card.memory.physical_address + 32, 64)  # <- DMA-05
""",
        """\
class Card(Miniport):
    def initialize(self, adapter):
        self.memory = adapter.allocate_shared_memory(64)

    def send(self, packet):
        return NdisStatus.SUCCESS

card = Card()
async with open_stack(card) as stack:
    stack.adapter.view_at(card.memory.physical_address + 32, 32)
""",
    ),
    "DMA-06": Example(
        f"""\
{_RING}\
machine.ring.view[8:10] = bytes(2)  # the length, while the device has the descriptor
nic.read(Register.STATUS)  # <- DMA-06
""",
        f"""\
{_RING}\
nic.read(Register.STATUS)
""",
    ),
    "DMA-07": Example(
        _MAP.format(
            body="""\
    registers.start(buffer, 0, write_to_device=True)  # <- DMA-07
    registers.complete(buffer, 0)
"""
        ),
        _MAP.format(
            body="""\
    buffer.flush(write_to_device=True)
    registers.start(buffer, 0, write_to_device=True)
    registers.complete(buffer, 0)
"""
        ),
    ),
}
