"""Examples of the rules of an adapter's life."""

from .cards import ANSWERING, SEND_ALL
from .example import Example

__all__ = ["EXAMPLES"]

_SENDS = """\

    def send(self, packet):
        return NdisStatus.SUCCESS
"""
_OPEN = """\

async with open_stack(Card()) as stack:
    await stack.run_until_idle()
"""
_REPLACED = f"""\
from dataclasses import replace

class Card(Miniport):
    def isr(self):
        return Recognized(interrupt_recognized=False, queue_handle_interrupt=False)
{_SENDS}
card = Card()

def initialize(driver, adapter):
    {{body}}

async with Ndis() as ndis:
    await ndis.add_adapter(replace(Card.characteristics("card"), initialize=initialize))
"""
_RETURNING = """\
class Card(Miniport):
    mac_options = MacOptions(0)

    async def initialize(self, adapter):
        self.rx = await adapter.allocate_frames(4)
        self.quiet = NdisEvent("quiet")

    def send(self, packet):
        self.adapter.indicate(self.rx.allocate_nowait(packet.to_bytes()))
        return NdisStatus.SUCCESS

    async def return_packet(self, packet):
        await self.quiet.wait()
        self.rx.free(packet)

{halt}
        self.quiet.set(){wait}
        self.rx.close()
"""
_SEND_ALL_SOON = SEND_ALL.replace("Card()", "Card(), patience=0.1")
_FAILING = """\
class Card(Miniport):
    def initialize(self, adapter):
        memory = adapter.allocate_shared_memory(4096){body}
        return NdisStatus.FAILURE

    def halt(self):
        pass
{sends}
try:
    async with open_stack(Card()) as stack:
        await stack.run_until_idle()
except NdisError as error:
    assert error.status == NdisStatus.FAILURE
"""
_HALTING = """\
class Card(Miniport):
    def initialize(self, adapter):
        {initialize}

    def halt(self):{mark}
        {halt}
{sends}"""
_INTERRUPT = """\
class Card(Miniport):
    asserted = True

    def initialize(self, adapter):
        self.interrupt = adapter.register_interrupt(lambda: self.asserted)

    def isr(self):
        return Recognized(False, False)

    async def halt(self):
        {disable}
        await self.interrupt.deregister(){mark}
{sends}"""
_SERVICE = """\
class Card(Miniport):
    def initialize(self, adapter):
        self.interrupt = adapter.register_interrupt(lambda: False)

    def isr(self):{mark}
        return {answer}
{sends}
card = Card()
async with open_stack(card) as stack:
    card.interrupt.fire()
"""
_SHUTDOWN = f"""\
class Card(Miniport):
    def shutdown(self):
        {{body}}
{_SENDS}
card = Card()
async with BufferPool.create(1) as pool, open_stack(card) as stack:
    card.buffer = pool.allocate_nowait(bytes(60))
    stack.ndis.shut_down()
    {{after}}
"""
_WORK = """\
class Card(Miniport):
    attributes = AdapterAttributes(0)  # a serialized miniport

    def initialize(self, adapter):
        self.sent = 0
        self.later = {later}

    def send(self, packet):
        self.later.{start}
        return NdisStatus.SUCCESS

    def count(self):
        self.sent += 1

async with open_stack(Protocol(), Card()) as stack:
    await stack.binding.send_frame(bytes(60))
    await anyio.sleep(0.05)
"""
_HANG = f"""\
class Card(Miniport):
    hung = False

    def check_for_hang(self):
        {{body}}
        return self.hung
{_SENDS}
with use_clock(VirtualClock()) as clock:
    async with open_stack(Card()) as stack:
        await clock.advance(3)
"""

EXAMPLES = {
    "LIFE-01": Example(
        _REPLACED.format(body="adapter.register_interrupt(lambda: False)  # <- LIFE-01"),
        _REPLACED.format(
            body="""\
card.adapter = adapter
    adapter.set_attributes(card)
    adapter.register_interrupt(lambda: False)"""
        ),
    ),
    "LIFE-02": Example(
        _FAILING.format(body="  # <- LIFE-02", sends=_SENDS),
        _FAILING.format(body="\n        adapter.free_shared_memory(memory)", sends=_SENDS),
    ),
    "LIFE-03": Example(
        _HALTING.format(
            initialize="self.memory = adapter.allocate_shared_memory(4096)",
            mark="  # <- LIFE-03",
            halt="self.memory = None",
            sends=_SENDS,
        )
        + _OPEN,
        _HALTING.format(
            initialize="self.memory = adapter.allocate_shared_memory(4096)",
            mark="",
            halt="self.adapter.free_shared_memory(self.memory)",
            sends=_SENDS,
        )
        + _OPEN,
    ),
    "LIFE-04": Example(
        _RETURNING.format(halt="    def halt(self):  # <- LIFE-04", wait="") + _SEND_ALL_SOON,
        _RETURNING.format(
            halt="    async def halt(self):",
            wait="""
        while self.rx.outstanding:
            await anyio.sleep(0)""",
        )
        + _SEND_ALL_SOON,
    ),
    "LIFE-06": Example(
        _HALTING.format(
            initialize="""\
self.watchdog = adapter.timer(print)
        self.watchdog.set(60_000)""",
            mark="  # <- LIFE-06",
            halt="self.watchdog = None",
            sends=_SENDS,
        )
        + _OPEN,
        _HALTING.format(
            initialize="""\
self.watchdog = adapter.timer(print)
        self.watchdog.set(60_000)""",
            mark="",
            halt="self.watchdog.cancel()",
            sends=_SENDS,
        )
        + _OPEN,
    ),
    "LIFE-07": Example(
        """\
class Card(Miniport):
    def send(self, packet):
        self.watchdog = self.adapter.timer(print)  # <- LIFE-07
        return NdisStatus.SUCCESS

async with open_stack(Protocol(), Card()) as stack:
    await stack.binding.send_frame(bytes(60))
""",
        """\
class Card(Miniport):
    def initialize(self, adapter):
        self.watchdog = adapter.timer(print)

    def send(self, packet):
        self.watchdog.set(60_000)
        return NdisStatus.SUCCESS

async with open_stack(Protocol(), Card()) as stack:
    await stack.binding.send_frame(bytes(60))
""",
    ),
    "LIFE-08": Example(
        f"""\
{ANSWERING}
async with open_stack(Card()) as stack:
    stack.adapter.register_interrupt(lambda: False)  # <- LIFE-08
""",
        f"""\
class Card(Miniport):
    def initialize(self, adapter):
        adapter.register_interrupt(lambda: False)
{_SENDS}{_OPEN}""",
    ),
    "LIFE-09": Example(
        _INTERRUPT.format(disable="stopped = True", mark="  # <- LIFE-09", sends=_SENDS) + _OPEN,
        _INTERRUPT.format(disable="self.asserted = False", mark="", sends=_SENDS) + _OPEN,
    ),
    "LIFE-10": Example(
        _SERVICE.format(answer="True", mark="  # <- LIFE-10", sends=_SENDS),
        _SERVICE.format(
            answer="Recognized(interrupt_recognized=False, queue_handle_interrupt=False)", mark="", sends=_SENDS
        ),
    ),
    "LIFE-11": Example(
        f"""\
{ANSWERING}
async with open_stack(Card()) as stack:
    stack.adapter.allocate_map_registers(8, 1514)  # <- LIFE-11
""",
        f"""\
class Card(Miniport):
    def initialize(self, adapter):
        adapter.allocate_map_registers(8, 1514)
{_SENDS}{_OPEN}""",
    ),
    "LIFE-12": Example(
        _HALTING.format(
            initialize="self.keys = adapter.open_configuration()",
            mark="  # <- LIFE-12",
            halt="self.keys = None",
            sends=_SENDS,
        )
        + _OPEN,
        _HALTING.format(
            initialize="""\
with adapter.open_configuration() as keys:
            self.address = keys.network_address()""",
            mark="",
            halt="self.address = None",
            sends=_SENDS,
        )
        + _OPEN,
    ),
    "LIFE-13": Example(
        f"""\
class Card(Miniport):
    def halt(self):
        self.adapter.indicate_status(NdisStatus.MEDIA_DISCONNECT)  # <- LIFE-13
{_SENDS}{_OPEN}""",
        f"""\
{ANSWERING}
async with open_stack(Card()) as stack:
    stack.adapter.indicate_status(NdisStatus.MEDIA_DISCONNECT)
    stack.adapter.indicate_status_complete()
""",
    ),
    "LIFE-14": Example(
        f"""\
{ANSWERING}
async with open_stack(Card()) as stack:
    stack.adapter.reset_complete()  # <- LIFE-14
""",
        f"""\
class Card(Miniport):
    def reset(self):
        return NdisStatus.PENDING
{_SENDS}
async with open_stack(Protocol(), Card()) as stack:
    stack.binding.reset_nowait()
    stack.adapter.reset_complete()
""",
    ),
    "LIFE-15": Example(
        _SHUTDOWN.format(body="self.buffer.free()  # <- LIFE-15", after="card.buffer = None"),
        _SHUTDOWN.format(body="self.running = False", after="card.buffer.free()"),
    ),
    "LIFE-16": Example(
        _WORK.format(
            later="WorkItem(self.count, kernel=adapter.kernel)", start="schedule()  # <- LIFE-16", mark="  # <- LIFE-16"
        ),
        _WORK.format(later="adapter.timer(self.count)", start="set(1)"),
    ),
    "LIFE-17": Example(
        _HANG.format(body="stall(50)  # <- LIFE-17"),
        _HANG.format(body="assert self.adapter.connected"),
    ),
    "LIFE-18": Example(
        f"""\
{ANSWERING}
async with open_stack(Card()) as stack:
    stack.ndis.resume(stack.adapter)  # <- LIFE-18
""",
        f"""\
{ANSWERING}
async with open_stack(Card()) as stack:
    await stack.ndis.pause(stack.adapter)
    stack.ndis.resume(stack.adapter)
""",
    ),
}
