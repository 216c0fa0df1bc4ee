"""Bad input to what drivers call: only documented errors come out, and the stack goes on as if nothing was asked."""

import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from asyncndis.base import NdisError, NdisStatus, RuleViolation
from asyncndis.kernel import Kernel
from asyncndis.kernel.processors import raised
from asyncndis.ndis import Adapter, Binding, FramePool, Ndis, Oid, OidRequest, PacketFilter, PowerState, RequestType
from tests.reliability.hostile import World
from tests.support.loops import run_on
from tests.support.scripted import Listener, Scripted, frame, virtual_stack

DOCUMENTED = (TypeError, ValueError, NdisError, RuleViolation)
OF_BINDINGS: list[Callable[..., Any]] = [
    Binding.send_nowait, Binding.send_packets, Binding.send, Binding.send_frame, Binding.cancel_sends,
    Binding.return_packets, Binding.return_packet, Binding.transfer_data_nowait, Binding.received_packet,
    Binding.request_nowait, Binding.request, Binding.query, Binding.set, Binding.set_filter,
]  # fmt: skip
OF_ADAPTERS: list[Callable[..., Any]] = [
    Adapter.send_complete, Adapter.indicate, Adapter.indicate_lookahead, Adapter.transfer_data_complete,
    Adapter.query_complete, Adapter.set_complete, Adapter.indicate_status, Adapter.reset_complete,
    Adapter.register_shutdown_handler, Adapter.set_attributes, Adapter.allocate_buffers, Adapter.allocate_packets,
    Adapter.allocate_frames, Adapter.allocate_shared_memory, Adapter.free_shared_memory,
    Adapter.allocate_map_registers, Adapter.view_at, Adapter.register_interrupt, Adapter.timer,
]  # fmt: skip
OF_LIBRARIES: list[Callable[..., Any]] = [
    Ndis.add_adapter, Ndis.add_intermediate, Ndis.halt_adapter, Ndis.reset, Ndis.pause, Ndis.resume, Ndis.set_power,
    Ndis.surprise_remove, Ndis.bind, Ndis.unbind, Ndis.register_protocol,
]  # fmt: skip
ALONE: list[Callable[..., Any]] = [OidRequest, FramePool.create]
CALLS: list[Callable[..., Any]] = [*OF_BINDINGS, *OF_ADAPTERS, *OF_LIBRARIES, *ALONE]


class Bench:
    """An open stack, and a good argument for every parameter."""

    def __init__(self, ndis: Ndis, binding: Binding, rig: Scripted) -> None:
        self.ndis, self.binding, self.adapter = ndis, binding, rig.adapter
        self.packet = binding.frames.allocate_nowait(frame())
        self.arguments: dict[str, object] = {
            "adapter": rig.adapter, "adapters": (), "binding": binding, "block": None, "buffer": bytearray(4),
            "cancel_id": 5, "context": None, "count": 1, "driver": None, "frame": frame(), "function": len,
            "handler": len, "header": memoryview(bytes(14)), "length": 4, "line": bool, "lookahead": memoryview(b""),
            "maximum_buffer_size": 1514, "miniport": None, "offset": 0, "oid": Oid.GEN_LINK_SPEED,
            "packet": self.packet, "packet_filter": PacketFilter.DIRECTED, "packet_size": 0, "packets": (),
            "physical_address": 1 << 33, "protocol": None, "request": None, "state": PowerState.D0,
            "status": NdisStatus.SUCCESS, "type": RequestType.QUERY_INFORMATION, "value": 1,
        }  # fmt: skip

    def subject(self, call: Callable[..., Any]) -> object | None:
        if call in OF_BINDINGS:
            return self.binding
        if call in OF_ADAPTERS:
            return self.adapter
        return self.ndis if call in OF_LIBRARIES else None

    def state(self) -> object:
        return repr(self.ndis), repr(self.adapter), repr(self.binding), self.adapter.statistics(), self.ndis.has_failed


@asynccontextmanager
async def open_bench() -> AsyncGenerator[Bench]:
    rig, listener = Scripted(), Listener()
    rig.answer = NdisStatus.SUCCESS
    async with virtual_stack(listener, rig) as stack:
        bench = Bench(stack.ndis, listener.binding, rig)
        try:
            yield bench
        finally:
            if rig.adapter.unconfirmed_status:
                rig.adapter.indicate_status_complete()
            bench.binding.frames.free(bench.packet)


def parameters(call: Callable[..., Any]) -> Iterator[inspect.Parameter]:
    for parameter in inspect.signature(call).parameters.values():
        if parameter.name != "self" and parameter.kind not in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            yield parameter


async def attack(bench: Bench, call: Callable[..., Any], hostile: dict[str, object]) -> BaseException | None:
    """Call with good arguments but for one; the error."""
    subject = bench.subject(call)
    required = {one.name: bench.arguments[one.name] for one in parameters(call) if one.default is one.empty}
    try:
        result = call(*(() if subject is None else (subject,)), **(required | hostile))
        if isinstance(result, Coroutine):
            with anyio.move_on_after(0):
                await result
    except Exception as error:  # noqa: BLE001 - which errors come out is what is asked
        return error
    finally:
        raised.clear()
    return None


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__qualname__)
def test_bad_input(call: Callable[..., Any]) -> None:
    async def main() -> None:
        async with Kernel() as kernel:
            world = await World.create(kernel)
        for parameter in parameters(call):
            async with open_bench() as bench:
                for kind, value in world.hostile_values().items():
                    before = bench.state()
                    error = await attack(bench, call, {parameter.name: value})
                    assert error is None or isinstance(error, DOCUMENTED), f"{parameter.name} = {kind}: {error!r}"
                    assert not bench.ndis.has_failed, f"{parameter.name} = {kind}: {error!r}"
                    if error is not None and not isinstance(error, NdisError):
                        assert bench.state() == before, f"{parameter.name} = {kind}: {error!r}"

    run_on("asyncio", main)
