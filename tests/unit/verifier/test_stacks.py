"""The verifier around stacks: where it may stand, and how a violation comes out of a handler."""

from pathlib import Path

import pytest

from asyncndis import run
from asyncndis.base import NdisStatus, RuleViolation
from asyncndis.kernel import SpinLock
from asyncndis.memory import Packet
from asyncndis.ndis import Adapter, Ndis, Protocol, Stack, open_stack
from asyncndis.ndis import Miniport as Base
from asyncndis.verifier import verify

from .lines import line_of, place_of


class Card(Base):
    """Completes a send while it holds a lock."""

    def initialize(self, adapter: Adapter) -> None:
        self.lock = SpinLock("tx-ring")

    def send(self, packet: Packet) -> NdisStatus:
        with self.lock:
            self.adapter.send_complete(packet)  # SEND-12
        return NdisStatus.PENDING


async def send_one(stack: Stack) -> None:
    await stack.binding.send_frame(bytes(60))


async def run_stack() -> None:
    async with open_stack(Protocol(), Card(name="card")) as stack:
        await send_one(stack)


@pytest.mark.every_loop
async def test_a_violation_in_a_handler_is_noted_and_the_stack_goes_on() -> None:
    with verify() as findings:
        await run_stack()
    (finding,) = findings
    assert finding.rule == "SEND-12"
    assert place_of(finding.site) == line_of(Card.send, "SEND-12")


@pytest.mark.every_loop
async def test_a_violation_in_a_handler_is_raised_out_of_the_stack() -> None:
    with verify(raises=True) as findings, pytest.raises(RuleViolation, match="SEND-12") as caught:
        await run_stack()
    assert "SEND-12" in findings.rules
    assert caught.value.__notes__ == ["in MiniportSend of card"]


@pytest.mark.parametrize("loop", ["asyncio", "uvloop", "trio"])
def test_it_stands_around_the_whole_program(loop: str) -> None:
    with verify() as findings:
        run(run_stack, loop=loop)  # type: ignore[arg-type]  # one of the three
    assert findings.rules == ("SEND-12",)


@pytest.mark.every_loop
async def test_a_stack_that_was_opened_before_is_not_watched() -> None:
    async with open_stack(Protocol(), Card()) as stack:
        with verify() as findings:
            await send_one(stack)
    assert not findings


@pytest.mark.every_loop
async def test_only_what_is_added_in_the_block_is_watched() -> None:
    async with Ndis() as ndis:
        before = await ndis.add_adapter(Card(name="before"))
        registered = ndis.register_protocol(Protocol())
        await ndis.bind(registered, before)
        with verify() as findings:
            within = await ndis.add_adapter(Card(name="within"))
            await ndis.bind(registered, within)
            for binding in ndis.bindings:
                await binding.send_frame(bytes(60))
            await ndis.halt_adapter(within)
    assert [(finding.rule, finding.times) for finding in findings] == [("SEND-12", 1)]


@pytest.mark.every_loop
async def test_rules_that_were_not_chosen_are_passed_over() -> None:
    with verify(["RCV", "LIFE"]) as findings:
        await run_stack()
    assert not findings


@pytest.mark.every_loop
async def test_two_stacks_one_after_the_other() -> None:
    with verify() as findings:
        await run_stack()
        await run_stack()
    (finding,) = findings
    assert finding.times == 2
    assert Path(finding.site.file).name == "test_stacks.py"
