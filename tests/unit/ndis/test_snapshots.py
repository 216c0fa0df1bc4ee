"""What a snapshot of a stack says: of a stack at rest, of one in the middle of its work, and of odd hardware."""

import json
from dataclasses import dataclass
from enum import Enum

import pytest

from asyncndis.base import NdisStatus
from asyncndis.kernel import flush_dpcs
from asyncndis.memory import PacketState
from asyncndis.ndis import Intermediate, Oid, OidRequest, RequestState, RequestType, open_stack
from asyncndis.ndis.snapshots import DETAILS_MAX, SCHEMA, snapshot
from asyncndis.nic import SimpleNic
from tests.support.echoing import Keeper, Plain, frame_to

pytestmark = pytest.mark.every_loop
ELSEWHERE = b"\x02\0\0\0\0\x09"


class Slow(Plain):
    """Answers no query once it is slow."""

    is_slow = False

    def query_information(self, oid: int, buffer: memoryview) -> object:
        return NdisStatus.PENDING if self.is_slow else super().query_information(oid, buffer)


async def test_a_stack_at_rest() -> None:
    nic = SimpleNic("simple7")
    async with open_stack(Keeper(), Intermediate(name="pass"), Plain(), nic=nic, name="lab") as stack:
        view = snapshot(stack)
        assert json.loads(json.dumps(view))["adapters"][0]["name"] == "plain"
        assert (view["schema"], view["name"], view["line"], view["link"]) == (SCHEMA, "lab", str(stack), "up")
        assert (view["processors"], view["dpcs"], view["work_items"]) == (1, 0, 0)
        assert view["tasks"]["hardware simple7"] == 1
        plain, virtual = view["adapters"]
        assert (plain["driver"], plain["state"], plain["connected"], plain["medium"]) == (
            "plain",
            "running",
            True,
            "ETHERNET_802_3",
        )
        assert set(plain["attributes"]) == {"bus master", "deserialize"}
        assert (plain["filter"], plain["multicast"]) == (["directed", "multicast", "broadcast"], [])
        assert (plain["bindings"], virtual["lower"]) == (["pass on plain"], ["plain"])
        assert [(pool["name"], pool["capacity"]) for pool in plain["pools"]] == [("rx of plain", 8)]
        assert [(one["vector"], one["mode"], one["fired"]) for one in plain["interrupts"]] == [
            (9, "level sensitive", 0)
        ]
        assert [(timer["name"], timer["armed"]) for timer in plain["timers"]] == [("watchdog of plain", False)]
        assert (plain["shared_bytes"], plain["mapped"]) == (0, (0, 0))
        assert plain["hardware"] is not None
        assert virtual["hardware"] is None
        assert (plain["hardware"]["kind"], plain["hardware"]["rings"]) == (
            "SimpleNic",
            {"tx": (0, 64), "rx": (0, 256)},
        )
        lower, upper = view["bindings"]
        assert (upper["protocol"], upper["adapter"], upper["ether_type"]) == ("keeper", "pass", 0x88B5)
        assert (lower["state"], lower["ether_type"]) == ("open", None)


async def test_a_stack_at_work() -> None:
    nic, miniport = SimpleNic("simple7", paced=False), Slow()
    async with open_stack(Keeper(), miniport, nic=nic) as stack:
        binding = stack.binding
        nic.connect(_Nowhere())
        nic.receive(frame_to(binding.address))
        await flush_dpcs(stack.ndis.kernel)
        packet = binding.frames.allocate_nowait(frame_to(ELSEWHERE))
        binding.send_nowait(packet)
        miniport.is_slow = True
        request = OidRequest(RequestType.QUERY_INFORMATION, Oid.GEN_LINK_SPEED, bytearray(4))
        binding.request_nowait(request)
        [adapter] = snapshot(stack, details=True)["adapters"]
        assert adapter["in_flight"] == [
            {
                "pool": "frames of keeper on plain",
                "binding": "keeper on plain",
                "holder": "plain",
                "state": PacketState.SENDING.value,
                "length": 64,
                "is_queued": False,
            }
        ]
        assert adapter["lent"] == [
            {"pool": "rx of plain", "state": PacketState.LENT.value, "length": 64, "owed": {"keeper on plain": 1}}
        ]
        assert adapter["pending"] == [
            {
                "oid": "OID_GEN_LINK_SPEED",
                "is_query": True,
                "state": RequestState.PENDING.value,
                "length": 4,
                "binding": "keeper on plain",
            }
        ]
        assert (adapter["sends"]["in_flight"], adapter["receives"]["lent"], adapter["requests"]) == (1, 1, 1)
        assert [(one["fired"], one["dpcs"]) for one in adapter["interrupts"]] == [(1, 1)]
        [brief] = snapshot(stack)["adapters"]
        assert (brief["in_flight"], brief["lent"], brief["pending"]) == ([], [], [])
        stack.adapter.query_complete(NdisStatus.SUCCESS, 4)
        miniport.finish()
        binding.frames.free(packet)


class Flood(Keeper):
    frame_count = DETAILS_MAX + 1


async def test_what_is_out_is_not_named_without_end() -> None:
    miniport = Plain()
    async with open_stack(Flood(), miniport, nic=SimpleNic(tx_limit=DETAILS_MAX + 1)) as stack:
        binding = stack.binding
        packets = [binding.frames.allocate_nowait(frame_to(ELSEWHERE)) for _ in range(DETAILS_MAX + 1)]
        binding.send_packets(packets)
        [adapter] = snapshot(stack, details=True)["adapters"]
        assert (adapter["sends"]["in_flight"], len(adapter["in_flight"])) == (DETAILS_MAX + 1, DETAILS_MAX)
        miniport.finish()
        for packet in packets:
            binding.frames.free(packet)


class Colour(Enum):
    RED = 1


@dataclass
class Told:
    frames: int = 3
    colour: Colour = Colour.RED


class OddNic(SimpleNic):
    """Tells what no JSON can say, and has no rings."""

    __slots__ = ()
    rings = None  # type: ignore[assignment]  # that is what is odd

    def statistics(self) -> Told:  # type: ignore[override]  # that too
        return Told()


async def test_hardware_of_an_unknown_kind() -> None:
    async with open_stack(Plain(), nic=OddNic("odd")) as stack:
        hardware = snapshot(stack, details=True)["adapters"][0]["hardware"]
        assert hardware == {
            "name": "odd",
            "kind": "OddNic",
            "statistics": {"frames": 3, "colour": "Colour.RED"},
            "rings": {},
            "registers": {},
        }


class _Nowhere:
    def carry(self, frames: object) -> int:
        return 0
