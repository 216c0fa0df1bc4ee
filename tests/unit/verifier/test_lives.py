"""Rules of an adapter's life that no short example shows."""

import pytest
from anyio.lowlevel import checkpoint

from asyncndis.base import NdisStatus
from asyncndis.memory import Packet
from asyncndis.ndis import Adapter, Miniport, open_stack
from asyncndis.verifier import verify

from .lines import line_of, place_of

pytestmark = pytest.mark.every_loop


class Card(Miniport):
    """A miniport with a timer that has just run out when it halts."""

    waits = False

    def initialize(self, adapter: Adapter) -> None:
        self.ran = 0
        self.watchdog = adapter.timer(self.look, name="watchdog")

    def look(self) -> None:
        self.ran += 1

    def send(self, packet: Packet) -> NdisStatus:
        return NdisStatus.SUCCESS

    async def halt(self) -> None:
        while not self.watchdog.pending:  # until it is caught between running out and its function
            if not self.watchdog.armed:
                self.watchdog.set(0)
            await checkpoint()
        self.watchdog.cancel()  # LIFE-05
        while self.waits and self.watchdog.pending:
            await checkpoint()


class PatientCard(Card):
    waits = True


async def test_halt_that_does_not_wait_for_a_timer() -> None:
    with verify("LIFE-05") as findings:
        async with open_stack(Card()):
            pass
    assert findings.rules == ("LIFE-05",)
    assert place_of(findings[0].site) == line_of(Card.halt, "LIFE-05")


async def test_halt_that_waits_for_a_timer() -> None:
    with verify() as findings:
        async with open_stack(PatientCard()):
            pass
    assert not findings, findings.report()
