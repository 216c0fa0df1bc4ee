"""Examples of the rules of OID requests."""

from .example import Example

__all__ = ["EXAMPLES"]

_SENDS = """\

    def send(self, packet):
        return NdisStatus.SUCCESS
"""
_PENDING = f"""\
class Card(Miniport):
    def query_information(self, oid, buffer):{{mark}}
        if oid == Oid.GEN_VENDOR_ID:
            self.buffer = buffer
            return {{answer}}
        return super().query_information(oid, buffer)
{_SENDS}
"""
_PENDS = _PENDING.format(mark="", answer="NdisStatus.PENDING")
_ASK = """\
async with open_stack(Protocol(), Card(), patience=0.1) as stack:
    request = OidRequest(RequestType.QUERY_INFORMATION, Oid.GEN_VENDOR_ID, bytearray(4))
    stack.binding.request_nowait(request)
"""
_SET = f"""\
class Card(Miniport):
    def set_information(self, oid, buffer):
        if oid == Oid.GEN_CURRENT_LOOKAHEAD:
            return NdisStatus.PENDING
        return super().set_information(oid, buffer)
{_SENDS}
async with open_stack(Protocol(), Card()) as stack:
    size = bytearray(encode_oid(Oid.GEN_CURRENT_LOOKAHEAD, 256))
    request = OidRequest(RequestType.SET_INFORMATION, Oid.GEN_CURRENT_LOOKAHEAD, size)
"""
_CLOCK = """\
with use_clock(VirtualClock()) as clock:
    async with open_stack(Protocol(), Card()) as stack:
        request = OidRequest(RequestType.QUERY_INFORMATION, Oid.GEN_VENDOR_ID, bytearray(4))
        stack.binding.request_nowait(request)
        await clock.advance({seconds})
"""
_POWER = f"""\
class Card(Miniport):
    attributes = AdapterAttributes.DESERIALIZE | AdapterAttributes.NO_HALT_ON_SUSPEND
    power = PnpCapabilities()

    def set_information(self, oid, buffer):{{mark}}
        {{body}}
        return super().set_information(oid, buffer)
{_SENDS}
async with open_stack(Card()) as stack:
    await stack.ndis.set_power(stack.adapter, PowerState.D3)
"""

EXAMPLES = {
    "OID-02": Example(
        f"""\
{_PENDS}\
{_ASK}\
    stack.adapter.query_complete(NdisStatus.SUCCESS, 4)
    stack.adapter.query_complete(NdisStatus.SUCCESS, 4)  # <- OID-02
""",
        f"""\
{_PENDS}\
{_ASK}\
    stack.adapter.query_complete(NdisStatus.SUCCESS, 4)
""",
    ),
    "OID-03": Example(
        f"""\
{_PENDS}\
{_ASK}\
    stack.adapter.query_complete(NdisStatus.PENDING)  # <- OID-03
""",
        f"""\
{_PENDS}\
{_ASK}\
    stack.adapter.query_complete(NdisStatus.NOT_SUPPORTED)
""",
    ),
    "OID-04": Example(
        _PENDING.format(mark="  # <- OID-04", answer="NdisStatus.SUCCESS, 8") + _ASK,
        _PENDING.format(mark="", answer="NdisStatus.BUFFER_TOO_SHORT, 0, 8") + _ASK,
    ),
    "OID-05": Example(
        f"""\
{_SET}\
    stack.binding.request_nowait(request)  # <- OID-05
    size[0] = 255
    stack.adapter.set_complete(NdisStatus.SUCCESS, 4)
""",
        f"""\
{_SET}\
    stack.binding.request_nowait(request)
    stack.adapter.set_complete(NdisStatus.SUCCESS, 4)
    size[0] = 255
""",
    ),
    "OID-06": Example(
        _PENDING.format(mark="  # <- OID-06", answer="NdisStatus.PENDING") + _CLOCK.format(seconds=6),
        f"""\
{_PENDS}\
{_CLOCK.format(seconds=1)}\
        stack.adapter.query_complete(NdisStatus.SUCCESS, 4)
""",
    ),
    "OID-07": Example(
        f"""\
{_PENDS}\
{_ASK}\
    with SpinLock("registers"):
        stack.adapter.query_complete(NdisStatus.SUCCESS, 4)  # <- OID-07
""",
        f"""\
{_PENDS}\
{_ASK}\
    with SpinLock("registers"):
        length = 4
    stack.adapter.query_complete(NdisStatus.SUCCESS, length)
""",
    ),
    "OID-08": Example(
        f"""\
class Card(Miniport):
    further_oids = (0xFF010001,)  # a vendor's own
{_SENDS}
async with open_stack(Protocol(), Card()) as stack:
    assert 0xFF010001 in await stack.binding.query(Oid.GEN_SUPPORTED_LIST)
    try:
        await stack.binding.query(0xFF010001)  # <- OID-08
    except NdisError as error:
        assert error.status == NdisStatus.INVALID_OID
""",
        f"""\
class Card(Miniport):
    further_oids = (0xFF010001,)  # a vendor's own

    def query(self, oid):
        return b"1.0" if oid == 0xFF010001 else super().query(oid)
{_SENDS}
async with open_stack(Protocol(), Card()) as stack:
    assert 0xFF010001 in await stack.binding.query(Oid.GEN_SUPPORTED_LIST)
    assert await stack.binding.query(0xFF010001) == b"1.0"
""",
    ),
    "OID-11": Example(
        _POWER.format(
            mark="  # <- OID-11",
            body="""\
if oid == Oid.PNP_SET_POWER:
            return NdisStatus.FAILURE""",
        ),
        _POWER.format(
            mark="",
            body="""\
if oid == Oid.PNP_SET_POWER:
            self.asleep = True""",
        ),
    ),
    "OID-12": Example(
        f"""\
{_PENDS}\
{_ASK}\
    stack.binding.request_nowait(request)  # <- OID-12
""",
        f"""\
{_PENDS}\
{_ASK}\
    stack.adapter.query_complete(NdisStatus.SUCCESS, 4)
    stack.binding.request_nowait(request)
    stack.adapter.query_complete(NdisStatus.SUCCESS, 4)
""",
    ),
}
