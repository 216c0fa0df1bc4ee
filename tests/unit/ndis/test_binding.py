"""Bindings: declined, opened twice, pending, abandoned, unbound in every way; and handlers that end them."""

from types import TracebackType
from typing import Any, Self

import anyio
import pytest

from asyncndis.base import NdisError, NdisStatus, RuleViolation
from asyncndis.kernel import VirtualClock, current_clock, current_irql, use_clock
from asyncndis.memory import Packet
from asyncndis.ndis import (
    Adapter,
    BindContext,
    Binding,
    BindingState,
    Ndis,
    NdisMedium,
    PnpEvent,
    PowerState,
    Protocol,
    ProtocolCharacteristics,
    UnbindContext,
)
from tests.support.loops import settle
from tests.support.scripted import Listener, Scripted, frame, virtual_stack

pytestmark = pytest.mark.every_loop

PENDING, SUCCESS, FAILURE = NdisStatus.PENDING, NdisStatus.SUCCESS, NdisStatus.FAILURE
ABORTED, CLOSING = NdisStatus.REQUEST_ABORTED, NdisStatus.CLOSING


def nothing(*_: object) -> None:
    """What a protocol does about most events."""


def succeed(*_: object) -> NdisStatus:
    """What a protocol answers that does nothing."""
    return SUCCESS


class Plain:
    """The handlers of a protocol written as in C; a test changes some of them."""

    def __init__(self, **changes: Any) -> None:
        self.binding: Binding | None = None
        self.unbound: UnbindContext | None = None
        handlers: dict[str, Any] = dict.fromkeys(
            (
                "open_adapter_complete", "close_adapter_complete", "reset_complete", "request_complete",
                "receive_complete",
            ),
            nothing,
        )  # fmt: skip
        handlers |= {"bind_adapter": self.bind, "unbind_adapter": self.unbind}
        everything: dict[str, Any] = {"name": "plain", **handlers, **changes}
        self.characteristics = ProtocolCharacteristics(**everything)

    async def bind(self, _context: object, bind: BindContext) -> NdisStatus:
        self.binding = await bind.open(self)
        return SUCCESS

    async def unbind(self, _context: object, unbind: UnbindContext) -> NdisStatus:
        assert self.binding is not None
        await self.binding.close()
        return SUCCESS


class Machine:
    """A library with one adapter, in virtual time."""

    def __init__(self, **options: Any) -> None:
        self.ndis = Ndis(**options)
        self.rig = Scripted()
        self.adapter: Adapter

    async def bind(self, plain: Plain) -> Binding:
        return await self.ndis.bind(self.ndis.register_protocol(plain.characteristics), self.adapter)

    async def __aenter__(self) -> Self:
        self._time = use_clock(VirtualClock())
        self._time.__enter__()
        await self.ndis.__aenter__()
        self.adapter = await self.ndis.add_adapter(self.rig)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await self.ndis.__aexit__(kind, error, traceback)
        finally:
            self._time.__exit__(None, None, None)
        assert (self.ndis.adapters, self.ndis.bindings) == ([], [])


class TestBinding:
    async def test_a_protocol_as_in_c(self) -> None:
        async with Machine() as machine:
            plain = Plain()
            binding = await machine.bind(plain)
            assert binding is plain.binding
            assert binding.is_open
            assert binding.context is plain
            assert repr(binding) == "<Binding 'plain on rig' open, received 0>"
            assert binding.maximum_frame_size == 1500
            await machine.ndis.unbind(binding)
            assert binding.state is BindingState.CLOSED
            await machine.ndis.unbind(binding)
            with pytest.raises(RuleViolation, match="BIND-02"):
                await binding.close()

    @pytest.mark.parametrize("status", [NdisStatus.NOT_ACCEPTED, FAILURE, NdisStatus.RESOURCES])
    @pytest.mark.parametrize("opens", [False, True])
    async def test_declined(self, status: NdisStatus, opens: bool) -> None:
        async def bind(_context: object, bind: BindContext) -> NdisStatus:
            if opens:
                await bind.open()
            return status

        async with Machine() as machine:
            with pytest.raises(NdisError, match=f"plain did not bind to rig: {status.name}") as caught:
                await machine.bind(Plain(bind_adapter=bind))
            assert caught.value.status is status
            assert machine.ndis.bindings == []

    async def test_accepted_and_not_opened(self) -> None:
        async with Machine() as machine:
            with pytest.raises(NdisError, match="OPEN_FAILED"):
                await machine.bind(Plain(bind_adapter=succeed))

    async def test_opened_twice(self) -> None:
        async def bind(_context: object, bind: BindContext) -> None:
            await bind.open()
            with pytest.raises(NdisError, match="is open already"):
                await bind.open()

        async with Machine() as machine:
            plain = Plain(bind_adapter=bind)
            plain.binding = await machine.bind(plain)

    async def test_no_medium_of_it(self) -> None:
        async def bind(_context: object, bind: BindContext) -> None:
            await bind.open(media=(NdisMedium.FDDI,))

        async with Machine() as machine:
            with pytest.raises(NdisError, match="none of its media is ETHERNET_802_3") as caught:
                await machine.bind(Plain(bind_adapter=bind))
            assert caught.value.status is NdisStatus.UNSUPPORTED_MEDIA

    async def test_opened_elsewhere(self) -> None:
        kept: list[BindContext] = []

        async def bind(_context: object, bind: BindContext) -> NdisStatus:
            kept.append(bind)
            return NdisStatus.NOT_ACCEPTED

        async with Machine() as machine:
            with pytest.raises(NdisError):
                await machine.bind(Plain(bind_adapter=bind))
            with pytest.raises(RuleViolation, match="opens rig outside ProtocolBindAdapter") as caught:
                await kept[0].open()
            assert caught.value.rule == "BIND-01"
            assert repr(kept[0]) == "<BindContext of 'plain' to 'rig'>"

    async def test_pending(self) -> None:
        plain = Plain()

        async def bind(_context: object, bind: BindContext) -> NdisStatus:
            machine.ndis.group.start_soon(finish, bind)
            return PENDING

        async def finish(bind: BindContext) -> None:
            plain.binding = await bind.open(plain)
            with pytest.raises(RuleViolation, match="BIND-03"):
                bind.complete(PENDING)
            bind.complete(SUCCESS)
            with pytest.raises(RuleViolation, match="completed twice") as caught:
                bind.complete(SUCCESS)
            assert caught.value.rule == "BIND-03"

        async with Machine() as machine:
            plain.characteristics = Plain(bind_adapter=bind, unbind_adapter=plain.unbind).characteristics
            assert (await machine.bind(plain)).is_open

    async def test_pending_for_ever(self) -> None:
        async def bind(_context: object, bind: BindContext) -> NdisStatus:
            await bind.open()
            return PENDING

        async with Machine() as machine:
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(machine.bind, Plain(bind_adapter=bind))
                    await settle()
                    assert len(machine.ndis.bindings) == 1
                    scope.cancel()
            assert machine.ndis.bindings == []
            assert current_clock().now() == 0

    async def test_a_handler_that_hangs_is_cancelled(self) -> None:
        async def bind(_context: object, bind: BindContext) -> None:
            await bind.open()
            await anyio.sleep_forever()

        async with Machine() as machine:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(machine.bind, Plain(bind_adapter=bind))
                await settle()
                tasks.cancel_scope.cancel()
            assert machine.ndis.bindings == []

    async def test_a_handler_that_raises(self) -> None:
        async def bind(_context: object, bind: BindContext) -> None:
            await bind.open()
            raise ValueError("oops")

        async with Machine() as machine:
            with pytest.raises(ValueError, match="oops") as caught:
                await machine.bind(Plain(bind_adapter=bind))
            assert "in ProtocolBindAdapter of plain" in caught.value.__notes__
            assert machine.ndis.bindings == []

    async def test_no_binding_to_what_does_not_run(self) -> None:
        async with Machine() as machine:
            await machine.ndis.halt_adapter(machine.adapter)
            with pytest.raises(NdisError, match="the adapter is halted") as caught:
                await machine.bind(Plain())
            assert caught.value.status is CLOSING
            with pytest.raises(TypeError):
                await machine.ndis.bind("plain", machine.adapter)  # type: ignore[arg-type]  # bad input
            with pytest.raises(TypeError):
                await machine.ndis.unbind("binding")  # type: ignore[arg-type]  # bad input

    async def test_a_filter_that_is_refused(self) -> None:
        class Limited(Scripted):
            def set_information(self, oid: int, buffer: memoryview) -> Any:
                return FAILURE

        protocol = Listener()
        with pytest.raises(NdisError, match="set of OID_GEN_CURRENT_PACKET_FILTER"):
            async with virtual_stack(protocol, Limited()):
                pass
        assert protocol.bindings == []

    @pytest.mark.parametrize("waits", [False, True])
    async def test_pools_of_its_own(self, waits: bool) -> None:
        class Pooled(Protocol):
            """bind and unbind are plain or wait."""

            log: list[str]

            def bind(self, binding: Binding) -> Any:
                assert binding.is_open
                self.log.append("bind")
                return settle() if waits else None

            def unbind(self, binding: Binding) -> Any:
                assert binding.is_open
                self.log.append("unbind")
                return settle() if waits else None

        protocol = Pooled()
        protocol.log = []
        async with virtual_stack(protocol, Scripted()):
            assert repr(protocol) == "<Pooled 'Pooled' 1 bindings>"
        assert protocol.log == ["bind", "unbind"]
        with pytest.raises(NdisError, match="has 0 bindings, not one"):
            _ = protocol.binding


class TestUnbinding:
    async def test_pending(self) -> None:
        async def unbind(_context: object, unbind: UnbindContext) -> NdisStatus:
            machine.ndis.group.start_soon(finish, unbind)
            return PENDING

        async def finish(unbind: UnbindContext) -> None:
            await plain.binding.close()  # type: ignore[union-attr]  # it is bound
            with pytest.raises(RuleViolation, match="cannot fail"):
                unbind.complete(FAILURE)
            unbind.complete()
            with pytest.raises(RuleViolation, match="completed twice"):
                unbind.complete()

        async with Machine() as machine:
            plain = Plain(unbind_adapter=unbind)
            binding = await machine.bind(plain)
            await machine.ndis.unbind(binding)
            assert binding.is_closed
            assert current_clock().now() == 0

    async def test_pending_for_ever(self) -> None:
        async def unbind(_context: object, unbind: UnbindContext) -> NdisStatus:
            return PENDING

        with pytest.raises(RuleViolation, match="answered PENDING and has not completed the unbind") as caught:
            async with Machine() as machine:
                await machine.bind(Plain(unbind_adapter=unbind))
        assert caught.value.rule == "BIND-03"

    @pytest.mark.parametrize("kind", ["as in C", "object"])
    async def test_a_handler_that_hangs(self, kind: str) -> None:
        class Stuck(Listener):
            async def unbind(self, binding: Binding) -> None:
                await anyio.sleep_forever()

        async def unbind(_context: object, unbind: UnbindContext) -> NdisStatus:
            await anyio.sleep_forever()
            return SUCCESS

        rig = Scripted()
        with pytest.raises(RuleViolation, match=r"ProtocolUnbindAdapter of .* has not returned in 5 s") as caught:
            if kind == "object":
                async with virtual_stack(Stuck(), rig):
                    pass
            else:
                async with Machine() as machine:
                    rig = machine.rig
                    await machine.bind(Plain(unbind_adapter=unbind))
        assert caught.value.rule == "BIND-03"
        assert rig.adapter.state.value == "halted"

    async def test_a_handler_that_does_not_close(self) -> None:
        async def unbind(_context: object, unbind: UnbindContext) -> NdisStatus:
            return SUCCESS

        with pytest.raises(RuleViolation, match="did not close plain on rig; close it there") as caught:
            async with Machine() as machine:
                binding = await machine.bind(Plain(unbind_adapter=unbind))
                await machine.ndis.unbind(binding)
                assert binding.is_closed
        assert caught.value.rule == "BIND-03"

    @pytest.mark.parametrize("answer", [FAILURE, NdisStatus.NOT_ACCEPTED, NdisError("no", NdisStatus.CLOSING)])
    async def test_it_cannot_fail(self, answer: Any) -> None:
        async def unbind(_context: object, unbind: UnbindContext) -> NdisStatus:
            await plain.binding.close()  # type: ignore[union-attr]  # it is bound
            if isinstance(answer, NdisError):
                raise answer
            assert isinstance(answer, NdisStatus)
            return answer

        with pytest.raises(RuleViolation, match="an unbind cannot fail") as caught:
            async with Machine() as machine:
                plain = Plain(unbind_adapter=unbind)
                await machine.bind(plain)
        assert caught.value.rule == "BIND-03"

    @pytest.mark.parametrize("answer", ["fine", 99, object()])
    async def test_an_answer_that_is_none(self, answer: Any) -> None:
        async def unbind(_context: object, unbind: UnbindContext) -> Any:
            return answer

        with pytest.raises(TypeError, match="ProtocolUnbindAdapter answered") as caught:
            async with Machine() as machine:
                await machine.bind(Plain(unbind_adapter=unbind))
        assert "in ProtocolUnbindAdapter of plain" in caught.value.__notes__

    async def test_a_handler_that_raises(self) -> None:
        class Failing(Listener):
            def unbind(self, binding: Binding) -> None:
                raise ValueError("oops")

        protocol, rig = Failing(name="failing"), Scripted()
        with pytest.raises(ValueError, match="oops") as caught:
            async with virtual_stack(protocol, rig):
                pass
        assert "in ProtocolUnbindAdapter of failing" in caught.value.__notes__
        assert protocol.bindings == []
        assert rig.adapter.state.value == "halted"

    async def test_by_two_at_once(self) -> None:
        async with virtual_stack(protocol := Listener(), rig := Scripted()) as stack:
            binding = protocol.binding
            packet = protocol.packet()
            binding.send_nowait(packet)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(stack.ndis.unbind, binding)
                tasks.start_soon(stack.ndis.unbind, binding)
                tasks.start_soon(stack.ndis.halt_adapter, stack.adapter)
                while binding.state is BindingState.OPEN:
                    await anyio.lowlevel.checkpoint()
                assert stack.adapter.state.value == "running", "the adapter waits for its bindings"
                rig.complete()
            assert binding.is_closed
            binding.frames.free(packet)

    async def test_a_protocol_that_closes_by_itself(self) -> None:
        async with virtual_stack(protocol := Listener(), Scripted()) as stack:
            binding = protocol.binding
            await binding.close()
            await stack.ndis.unbind(binding)
            assert binding.is_closed

    async def test_not_where_one_may_not_wait(self) -> None:
        class Hasty(Listener):
            def receive(self, binding: Binding, packet: Packet) -> None:
                for call in (binding.close, binding.reset, lambda: binding.query(1), lambda: binding.send(packet)):
                    coroutine = call()
                    with pytest.raises(RuleViolation, match="IRQL-02"):
                        coroutine.send(None)
                self.got.append(b"done")

        async with virtual_stack(protocol := Hasty(), rig := Scripted()):
            rig.receive(frame(to=b"\xff" * 6))
            assert protocol.got == [b"done"]


class TestRegistration:
    @pytest.mark.parametrize(
        "missing",
        ["bind_adapter", "unbind_adapter", "open_adapter_complete", "close_adapter_complete", "reset_complete",
         "request_complete", "receive_complete"],
    )  # fmt: skip
    async def test_a_handler_is_missing(self, missing: str) -> None:
        async with Ndis() as ndis:
            with pytest.raises(NdisError, match=f"lacks the mandatory handlers {missing}") as caught:
                ndis.register_protocol(Plain(**{missing: None}).characteristics)
            assert caught.value.status is NdisStatus.BAD_CHARACTERISTICS

    async def test_packets_need_a_lookahead_handler_too(self) -> None:
        async with Ndis() as ndis:
            with pytest.raises(NdisError, match="handlers receive;"):
                ndis.register_protocol(Plain(receive_packet=nothing).characteristics)

    async def test_a_lookahead_handler_may_not_wait(self) -> None:
        async def receive(*_: object) -> None:
            raise AssertionError("never called")

        async with Ndis() as ndis:
            with pytest.raises(NdisError, match="receive of plain may not wait, since what it is shown"):
                ndis.register_protocol(Plain(receive=receive).characteristics)

    @pytest.mark.parametrize("version", [(3, 0), (6, 0), "5"])
    async def test_a_version_that_is_none(self, version: Any) -> None:
        async with Ndis() as ndis:
            with pytest.raises(NdisError) as caught:
                ndis.register_protocol(Plain(version=version).characteristics)
            assert caught.value.status is NdisStatus.BAD_VERSION

    async def test_what_is_no_protocol(self) -> None:
        async with Ndis() as ndis:
            with pytest.raises(TypeError):
                ndis.register_protocol("x")  # type: ignore[arg-type]  # bad input
            with pytest.raises(TypeError, match="status of plain is a function"):
                ndis.register_protocol(Plain(status=3).characteristics)
            registered = ndis.register_protocol(Plain().characteristics)
            assert "RegisteredProtocol 'plain'" in repr(registered)


class TestHandlersThatWait:
    async def test_they_are_called_in_the_order_of_events(self) -> None:
        log: list[str] = []

        class Slow(Protocol):
            async def receive(self, binding: Binding, packet: Packet) -> None:
                await settle()
                log.append("receive")

            async def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
                assert current_irql() == 0
                log.append(f"sent {status.name}")
                binding.frames.free(packet)

            async def status(self, binding: Binding, status: NdisStatus, data: bytes) -> None:
                log.append(status.name)

            async def pnp_event(self, binding: Binding, event: PnpEvent, data: object) -> None:
                log.append(f"{event.name} {data!s}")

        async with virtual_stack(protocol := Slow(), rig := Scripted()) as stack:
            rig.receive(frame(to=b"\xff" * 6))
            rig.adapter.indicate_link(up=False)
            rig.answer = SUCCESS
            protocol.binding.send_packets([protocol.binding.frames.allocate_nowait(frame())])
            rig.receive(frame(to=b"\xff" * 6))
            await stack.run_until_idle()
            await settle()
            assert log == ["receive", "MEDIA_DISCONNECT", "sent SUCCESS", "receive"]
            await stack.ndis.set_power(stack.adapter, PowerState.D3)
            assert log[-1].startswith("SET_POWER")

    async def test_one_that_raises_ends_the_stack(self) -> None:
        class Failing(Protocol):
            async def receive(self, binding: Binding, packet: Packet) -> None:
                await settle()
                raise ValueError("oops")

        rig = Scripted()
        with pytest.raises(ValueError, match="oops") as caught:
            async with virtual_stack(Failing(name="failing"), rig):
                rig.receive(frame(to=b"\xff" * 6))
                await anyio.sleep_forever()
        assert "in ProtocolReceivePacket of failing" in caught.value.__notes__
        assert len(rig.home) == 1
