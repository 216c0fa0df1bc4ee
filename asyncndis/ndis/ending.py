"""How bindings and adapters end: patiently, then by force, and with a judgement on what was forgotten.

Source: the pages of NdisCloseAdapter, ProtocolCloseAdapterComplete and MiniportHalt. What a driver has not completed,
returned or given back when its time is up is taken from it, so that nothing is left behind; each such thing is a broken
rule, which comes out when the stack ends.
"""

from typing import TYPE_CHECKING

from anyio import CancelScope, create_task_group

from asyncndis.base import NdisError, NdisStatus, RuleViolation

from .calling import Handler
from .oids import Oid
from .resetting import set_request
from .states import AdapterEvent, AdapterState, BindingEvent

if TYPE_CHECKING:
    from .adapter import Adapter
    from .binding import Binding
    from .library import Ndis

__all__ = ["close_binding", "halt_adapter", "undo_initialize"]

_ABORTED = NdisStatus.REQUEST_ABORTED
_ENDED = (AdapterState.ADDED, AdapterState.HALTED, AdapterState.FAILED, AdapterState.SHUT_DOWN)


async def close_binding(library: "Ndis", binding: "Binding") -> None:
    """Close a binding when everything pending on it is completed."""
    binding.step(BindingEvent.CLOSE)
    adapter = binding.adapter
    with CancelScope(shield=True):
        adapter.requests.abort_of_binding(binding)
        if not await adapter.until_patience_ends(lambda: binding.is_at_rest):
            _force_to_rest(binding)
        library.forget_binding(binding)
        binding.step(BindingEvent.CLOSED)
        await binding.frames.aclose()
        if adapter.takes_requests and adapter.has_filter:
            request = set_request(Oid.GEN_CURRENT_PACKET_FILTER, adapter.combined_filter().packet_filter)
            await library.submit(adapter, request)


async def halt_adapter(library: "Ndis", adapter: "Adapter") -> None:
    """Unbind the protocols of an adapter, halt it, and see what it has forgotten."""
    for binding in reversed(list(adapter.bindings)):
        await library.unbind(binding)
    if adapter.state not in _ENDED:
        adapter.step(AdapterEvent.HALT)
        adapter.hang.stop()
        adapter.resets.abandon()
        adapter.requests.abort_all()
        adapter.sends.abort_queued()
        halt = adapter.handler("MiniportHalt", "halt")
        assert halt is not None  # check() has seen it
        await _run_patiently(adapter, halt)
        await _judge(adapter)
        adapter.step(AdapterEvent.HALTED)
    await adapter.forget_loopback()
    library.forget_adapter(adapter)


async def undo_initialize(adapter: "Adapter", *, is_responsible: bool) -> None:
    """An initialization has failed: take back what it left behind (LIFE-02).

    :param is_responsible: whether the miniport gives back by itself what it took
    """
    left = adapter.claims.live()
    await adapter.claims.release_all()
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


def _force_to_rest(binding: "Binding") -> None:
    """Take what a closing binding still has out: somebody has forgotten it."""
    adapter = binding.adapter
    sends = adapter.sends.abort_of_binding(binding)
    if sends:
        adapter.violated(
            RuleViolation(
                "SEND-02",
                f"{adapter.name} has not completed {len(sends)} sends of {binding.name} in "
                f"{adapter.library.patience:g} s; complete each packet exactly once, also when the binding closes",
                sends[0],
                site=adapter.site_of("send_packets") or adapter.site_of("send"),
            )
        )
    is_busy = binding.is_receiving
    lent = binding.take_back()
    if lent or is_busy:
        what = f"has not returned {len(lent)} packets" if lent else "has a receive handler that does not end"
        adapter.violated(
            RuleViolation(
                "RCV-17",
                f"{binding.name} {what} in {adapter.library.patience:g} s; return them before the binding closes",
                lent[0] if lent else binding,
                site=binding.site_of("receive_packet"),
            )
        )
    adapter.lookahead.abort_of_binding(binding)


async def _run_patiently(adapter: "Adapter", handler: Handler) -> None:
    """Run MiniportHalt; one that does not return is given up."""
    if not handler.awaited:
        await handler.run()
        return
    has_ended = False

    async def run() -> None:
        nonlocal has_ended
        await handler.run()
        has_ended = True
        adapter.came_to_rest()

    async with create_task_group() as tasks:
        tasks.start_soon(run, name=f"halt of {adapter.name}")
        if not await adapter.until_patience_ends(lambda: has_ended):
            tasks.cancel_scope.cancel()
            adapter.violated(
                RuleViolation(
                    "LIFE-03",
                    f"MiniportHalt of {adapter.name} has not returned in {adapter.library.patience:g} s and is given "
                    "up; wait there only for what is sure to come",
                    adapter,
                    site=adapter.site_of("halt"),
                )
            )


async def _judge(adapter: "Adapter") -> None:
    """MiniportHalt has returned: everything is to be back by now."""
    site = adapter.site_of("halt")

    def blame(rule: str, message: str, subject: object) -> None:
        adapter.violated(RuleViolation(rule, f"MiniportHalt of {adapter.name} {message}", subject, site=site))

    sends = adapter.sends.left()
    if sends:
        adapter.sends.abort_all()
        blame("SEND-16", f"left {len(sends)} sends not completed; complete each with REQUEST_ABORTED before", sends[0])
    lent = adapter.receives.left()
    if lent:
        adapter.receives.forget_all()
        blame("LIFE-04", f"did not wait for {len(lent)} lent packets; wait for MiniportReturnPacket", lent[0])
    adapter.lookahead.abort_all()
    if adapter.unconfirmed_status:
        blame("LIFE-13", "follows a status indication without NdisMIndicateStatusComplete; close each of them", adapter)
    for claim in adapter.claims.live():
        blame(claim.rule, f"left {claim.what} behind, taken at {claim.site}; give back what initialize took", adapter)
    try:
        await adapter.claims.release_all()
    except (NdisError, RuleViolation) as error:
        adapter.library.fail(error, f"giving back what {adapter.name} left behind")
