"""How bindings and adapters end: patiently, then by force, and with a judgement on what was forgotten.

Source: the pages of NdisCloseAdapter, ProtocolCloseAdapterComplete and MiniportHalt. What a driver has not completed,
returned or given back when its time is up is taken from it, so that nothing is left behind; each such thing is a broken
rule, which comes out when the stack ends.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from anyio import create_task_group

from asyncndis.base import NdisError, NdisStatus, RuleViolation

from .calling import Handler
from .oids import Oid
from .opening import UnbindContext
from .resetting import set_request
from .states import AdapterEvent, AdapterState, BindingEvent

if TYPE_CHECKING:
    from .adapter import Adapter
    from .binding import Binding
    from .library import Ndis

__all__ = ["close_binding", "halt_adapter", "run_patiently", "unbind_protocol", "undo_initialize"]


async def close_binding(library: "Ndis", binding: "Binding") -> None:
    """Close a binding when everything pending on it is completed."""
    if binding.is_open:
        binding.step(BindingEvent.CLOSE)
    await library.carry_out(_close, library, binding)


async def _close(library: "Ndis", binding: "Binding") -> None:
    adapter = binding.adapter
    adapter.requests.abort_of_binding(binding)
    if not await adapter.until_patience_ends(lambda: binding.is_at_rest):
        _force_to_rest(binding)
    library.forget_binding(binding)
    binding.step(BindingEvent.CLOSED)
    await binding.frames.aclose()
    if adapter.has_filter and adapter.takes_request(Oid.GEN_CURRENT_PACKET_FILTER):
        request = set_request(Oid.GEN_CURRENT_PACKET_FILTER, adapter.combined_filter().packet_filter)
        await library.submit(adapter, request)


async def unbind_protocol(library: "Ndis", binding: "Binding") -> None:
    """Have a protocol close its binding; what it does not close is closed for it."""
    await _call_unbind(binding)
    if binding.is_open:
        if not library.has_failed:
            _blame_unbind(binding, f"did not close {binding.name}; close it there")
        await close_binding(library, binding)
    await binding.adapter.until_patience_ends(lambda: binding.is_closed)


async def halt_adapter(library: "Ndis", adapter: "Adapter") -> None:
    """Unbind the protocols of an adapter, halt it, and see what it has forgotten."""
    if adapter.is_ending:  # somebody else does so
        await adapter.until(lambda: adapter not in library.adapters)
        return
    adapter.is_ending = True
    await library.carry_out(_unbind_and_halt, library, adapter)


async def _unbind_and_halt(library: "Ndis", adapter: "Adapter") -> None:
    try:
        for binding in reversed(list(adapter.bindings)):
            try:
                await library.unbind(binding)
            except Exception as error:  # noqa: BLE001 - the adapter is to be halted all the same
                library.fail(error, f"unbinding {binding.name}")
        if adapter.state is AdapterState.SHUT_DOWN:
            await _release(adapter)  # nobody was to give back anything (LIFE-15)
        else:
            await _halt(adapter)
        await adapter.forget_loopback()
    finally:
        library.forget_adapter(adapter)
        adapter.is_ending = False
        adapter.came_to_rest()


async def _halt(adapter: "Adapter") -> None:
    adapter.step(AdapterEvent.HALT)
    adapter.hang.stop()
    adapter.resets.abandon()
    adapter.requests.abort_all()
    adapter.sends.abort_all()
    halt = adapter.handler("MiniportHalt", "halt")
    assert halt is not None  # check() has seen it
    if await run_patiently(adapter, halt) is None:
        adapter.violated(
            RuleViolation(
                "LIFE-03",
                f"MiniportHalt of {adapter.name} has not returned in {adapter.library.patience:g} s and is given "
                "up; wait there only for what is sure to come",
                adapter,
                site=adapter.site_of("halt"),
            )
        )
    await _judge(adapter)
    adapter.step(AdapterEvent.HALTED)


async def undo_initialize(adapter: "Adapter", *, is_responsible: bool) -> None:
    """An initialization has failed: take back what it left behind (LIFE-02).

    :param is_responsible: whether the miniport gives back by itself what it took
    """
    left = adapter.claims.live()
    await _release(adapter)
    adapter.step(AdapterEvent.FAIL)
    if left and is_responsible:
        names = ", ".join(claim.what for claim in left)
        adapter.violated(
            RuleViolation(
                "LIFE-02",
                f"MiniportInitialize of {adapter.name} failed and left behind: {names}; undo every step on every way "
                "out (bugcheck 0x7C/0x0B, 0x0C)",
                adapter,
                site=left[-1].site,
            )
        )


async def run_patiently(
    adapter: "Adapter",
    handler: Handler,
    *arguments: object,
    within: AbstractContextManager[object] = nullcontext(),  # noqa: B008 - it has no state
) -> tuple[object] | None:
    """Run a handler that may wait; one that does not return is given up.

    :param within: entered in the task that the handler runs in
    :returns: its answer alone in a tuple; None where it was given up
    """
    answers: list[object] = []

    async def run() -> None:
        with within:
            answers.append(await handler.run(*arguments))
        adapter.came_to_rest()

    async with create_task_group() as tasks:
        tasks.start_soon(run, name=repr(handler))
        if not await adapter.until_patience_ends(lambda: bool(answers)):
            tasks.cancel_scope.cancel()
    return (answers[0],) if answers else None


async def _call_unbind(binding: "Binding") -> None:
    """ProtocolUnbindAdapter, and its completion where that follows later."""
    adapter = binding.adapter
    late = (
        f"has not returned in {adapter.library.patience:g} s and is given up; wait there only for what is sure to come"
    )
    handler = binding.handler("unbind_adapter")
    assert handler is not None  # check() has seen it
    if binding.protocol.instance is not None:
        if await run_patiently(adapter, handler) is None:
            _blame_unbind(binding, late)
        return
    context = UnbindContext(binding)
    answer = await run_patiently(adapter, handler, context, within=binding.protocol.inside())
    if answer is None:
        _blame_unbind(binding, late)
        return
    status = NdisStatus.SUCCESS if answer[0] is None else handler.status_of(answer[0])
    if status is NdisStatus.PENDING:
        if not await context.wait_patiently(adapter.library.clock, adapter.library.patience):
            _blame_unbind(binding, "answered PENDING and has not completed the unbind; call NdisCompleteUnbindAdapter")
    elif status is not NdisStatus.SUCCESS and not adapter.library.has_failed:
        _blame_unbind(binding, f"answered {status.name}; an unbind cannot fail")


def _blame_unbind(binding: "Binding", message: str) -> None:
    name = binding.protocol.name
    text = f"ProtocolUnbindAdapter of {name} {message}"
    binding.adapter.violated(RuleViolation("BIND-03", text, binding, site=binding.site_of("unbind_adapter")))


def _force_to_rest(binding: "Binding") -> None:
    """Take what a closing binding still has out: somebody has forgotten it."""
    adapter = binding.adapter
    patience = adapter.library.patience
    adapter.sends.take_back_of_binding(binding)
    adapter.requests.take_back_of_binding(binding)
    adapter.resets.take_back_of_binding(binding)
    is_busy = binding.is_receiving
    lent = binding.take_back()
    if lent or is_busy:
        what = f"has not returned {len(lent)} packets" if lent else "has a handler that does not end"
        adapter.violated(
            RuleViolation(
                "RCV-17",
                f"{binding.name} {what} in {patience:g} s; return them before the binding closes",
                lent[0] if lent else binding,
                site=binding.site_of("receive_packet"),
            )
        )
    for packet in adapter.lookahead.abort_of_binding(binding):
        adapter.violated(
            RuleViolation(
                "RCV-12",
                f"{adapter.name} has not completed a transfer for {binding.name} in {patience:g} s; complete each once",
                packet,
                site=adapter.site_of("transfer_data"),
            )
        )


async def _judge(adapter: "Adapter") -> None:
    """MiniportHalt has returned: everything is to be back by now."""
    site = adapter.site_of("halt")

    def blame(rule: str, message: str, subject: object) -> None:
        adapter.violated(RuleViolation(rule, f"MiniportHalt of {adapter.name} {message}", subject, site=site))

    lent = adapter.receives.forget_home()
    if lent:
        blame("LIFE-04", f"did not wait for {len(lent)} packets to come home; wait for MiniportReturnPacket", lent[0])
    if adapter.unconfirmed_status:
        blame("LIFE-13", "follows a status indication without NdisMIndicateStatusComplete; close each of them", adapter)
    for claim in adapter.claims.live():
        blame(claim.rule, f"left {claim.what} behind, taken at {claim.site}; give back what initialize took", adapter)
    await _release(adapter)


async def _release(adapter: "Adapter") -> None:
    """Take back what the miniport has not given back."""
    try:
        await adapter.claims.release_all()
    except (NdisError, RuleViolation) as error:
        adapter.library.fail(error, f"giving back what {adapter.name} left behind")
