"""A stack in full: every fact on its line, what is alike together, and nothing that says nothing."""

from asyncndis.cli.debugger import describe
from asyncndis.ndis.snapshots import DETAILS_MAX, StackView
from tests.unit.cli.views import view

STATISTICS = "tx directed bytes 10,000, rx directed bytes 20,000, rx no buffer 5, link up yes, interrupts 100"


def lines(width: int | None = None, *stack: StackView) -> list[str]:
    return describe(stack[0] if stack else view(), width).plain.splitlines()


def test_every_fact() -> None:
    assert lines() == [
        "stack lab  process 7",
        "  layers          Caller > Shaper > nic0 [up]",
        "  kernel          1 processor, 2 timers armed, 1 DPC, 0 work items",
        "  tasks           hardware nic0 (2), main",
        "",
        "binding Caller on plain  open",
        "  protocol        Caller",
        "  adapter         plain",
        "  filter          none",
        "  multicast list  none",
        "  sends           3 in flight",
        "  receives        500 received, 2 lent",
        "  requests        0 pending",
        "",
        "adapter plain  running, connected",
        "  driver          plain, serialized",
        "  medium          ETHERNET_802_3, 1,514 bytes at most",
        "  address         02:00:00:00:00:01",
        "  attributes      bus master",
        "  bindings        Caller on plain",
        "  filter          directed",
        "  multicast list  01:00:5e:00:00:01",
        "  lookahead       128 bytes",
        "  sends           3 in flight, 1 queued, 1,000 sent, 1 failed, 1 refused",
        "  in flight       1 packet of Caller on plain, in the queue of NDIS, sending, 60 bytes",
        "                  2 packets of Caller on plain, with plain, sending, 64 to 1,514 bytes",
        "  receives        2 lent, 500 indicated, 500 delivered",
        "  lent            1 packet of rx of plain, owed by Caller on plain, Other (2 times), 60 bytes",
        "                  1 packet of rx of plain, owed by nobody, 60 bytes",
        "  requests        1 pending, 12 completed",
        "  pending         query of OID_GEN_LINK_SPEED, 4 bytes, by NDIS, pending",
        "  resets          1, no reset",
        "  interrupt       vector 9 at level 3, level sensitive, shared: fired 1,200, recognized 1,100, DPCs 1,000",
        "  timer           pace: armed every 10 ms, its function due, expired 4",
        "  pool            rx of plain: 8 of 8 out, 8 at most, 1 waiting, 3 waits of at most 1.2 ms, 2 refused",
        "                  idle: 0 of 8 out, 0 at most",
        "  shared memory   4,096 bytes in 1 block",
        "  map registers   3 of 32 mapped",
        "",
        "hardware nic0  BusMasterNic",
        "  tx ring         64 of 64",
        "  rx ring         0 of 64",
        f"  statistics      {STATISTICS}",
        "  registers       CONTROL               0x00000003",
        "                  STATUS                0x00000001",
        "                  TX_TAIL               0x000000ff",
    ]


def test_lines_are_broken_where_a_terminal_ends() -> None:
    for width in (80, 120):
        assert max(map(len, lines(width))) <= width
    assert "  registers       CONTROL               0x00000003  STATUS                0x00000001" in lines(90)


def test_what_is_not_named_is_counted() -> None:
    def flood(stack: StackView) -> None:
        stack["adapters"][0]["sends"]["in_flight"] = DETAILS_MAX + 6

    assert "                  and 6 more" in lines(None, view(flood))


def test_hardware_that_tells_nothing() -> None:
    def swap(stack: StackView) -> None:
        stack["adapters"][0]["hardware"] = {
            "name": "tap0",
            "kind": "Tap",
            "statistics": {},
            "rings": {},
            "registers": {},
        }

    assert lines(None, view(swap))[-1] == "hardware tap0  Tap"
