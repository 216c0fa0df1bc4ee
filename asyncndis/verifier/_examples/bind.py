"""Examples of the rules of bindings."""

from .cards import ANSWERING
from .example import Example

__all__ = ["EXAMPLES"]

_LATE = f"""\
{ANSWERING}
class Late(Protocol):
    async def bind_adapter(self, bind):
        self.offer = bind
        {{answer}}

late = Late()
async with Ndis() as ndis:
    adapter = await ndis.add_adapter(Card())
    try:
        await ndis.bind(ndis.register_protocol(late), adapter)
    except NdisError:
        {{after}}
"""
_CONTEXT = f"""\
{ANSWERING}
bindings = {{{{}}}}

def nothing(*_):
    pass

async def bind_adapter(_, bind):
    block = driver_memory.allocate(64)
    bindings[block.address] = await bind.open(block)

async def unbind_adapter(block, unbind):
    await bindings.pop(block.address).close()
    {{end}}
    return NdisStatus.PENDING

protocol = ProtocolCharacteristics(
    bind_adapter=bind_adapter,
    unbind_adapter=unbind_adapter,
    open_adapter_complete=nothing,
    close_adapter_complete=nothing,
    reset_complete=nothing,
    request_complete=nothing,
    receive_complete=nothing,
)
async with Ndis() as ndis:
    adapter = await ndis.add_adapter(Card())
    await ndis.bind(ndis.register_protocol(protocol), adapter)
"""

EXAMPLES = {
    "BIND-01": Example(
        _LATE.format(answer="return NdisStatus.NOT_ACCEPTED", after="await late.offer.open()  # <- BIND-01"),
        _LATE.format(answer="self.bindings.append(await bind.open())", after="raise"),
    ),
    "BIND-02": Example(
        f"""\
{ANSWERING}
async with open_stack(Protocol(), Card()) as stack:
    binding = stack.binding
    await stack.ndis.unbind(binding)
    await binding.query(Oid.GEN_LINK_SPEED)  # <- BIND-02
""",
        f"""\
{ANSWERING}
async with open_stack(Protocol(), Card()) as stack:
    binding = stack.binding
    await binding.query(Oid.GEN_LINK_SPEED)
    await stack.ndis.unbind(binding)
""",
    ),
    "BIND-03": Example(
        f"""\
{ANSWERING}
class Forgetful(Protocol):
    async def unbind_adapter(self, binding):  # <- BIND-03
        self.bindings.remove(binding)

async with open_stack(Forgetful(), Card()) as stack:
    await stack.run_until_idle()
""",
        f"""\
{ANSWERING}
class Mindful(Protocol):
    async def unbind_adapter(self, binding):
        self.bindings.remove(binding)
        await binding.close()

async with open_stack(Mindful(), Card()) as stack:
    await stack.run_until_idle()
""",
    ),
    "BIND-04": Example(
        _CONTEXT.format(
            end="""\
driver_memory.free(block, 64)  # <- BIND-04
    unbind.complete()"""
        ),
        _CONTEXT.format(
            end="""\
unbind.complete()
    driver_memory.free(block, 64)"""
        ),
    ),
    "BIND-06": Example(
        f"""\
{ANSWERING}
class Eager(Protocol):
    async def bind(self, binding):
        await binding.protocol.enumerate_bindings()  # <- BIND-06

async with open_stack(Eager(), Card()) as stack:
    await stack.run_until_idle()
""",
        f"""\
{ANSWERING}
async with open_stack(Protocol(), Card()) as stack:
    await stack.binding.protocol.enumerate_bindings()
""",
    ),
}
