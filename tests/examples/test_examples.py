"""Each example runs as its first lines say, and shows what it is there to show."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.sources import ROOT

LINES_MAX = 120
SHOWS = {
    "backpressure.py": [
        r"miniport: frame 3 +-> 4 of 4 out",
        r"protocol: frame 11",
        r"[1-9]\d* waits, the longest \d+ ms; at most 4 descriptors out",
    ],
    "bridge.py": [
        r"Ipv4Host > Bridge > \(p0, p1, p2\) > \(port 0, port 1, port 2\) \[up\]",
        r"ten more .*: p0 (\d+) in .* p2 0 in 4 out; 2 stations known",
        r"both reach the host above: .*10\.9\.0\.3/24 .*\n<Bridge 'Bridge' of p0, p1, p2; 0 packets on their way>",
        r"no rule was broken",
    ],
    "bus_master.py": [
        r"one > BusMasterMiniport > here \[up\]",
        r"200 sends in flight, 16 of 16 descriptors in use",
        r"sent 200, received 200, lost 0",
        r"fewer interrupts than frames: True\nin order: True\nno rule was broken",
    ],
    "ddi_style.py": [
        r"8 packets of \{60\} bytes on the ring, then NdisAllocateBuffer: FAILURE",
        r"<BufferPool 'buffers' open, 16 of 16 out, 0 waiting>",
        r"<BufferPool 'buffers' closed, 0 of 16 out, 0 waiting>",
    ],
    "first_miniport.py": [
        r"left > FirstMiniport > near \[up\]",
        r"right received 'hello from left'\nleft received 'hello from right'",
        r"<SimpleNic 'near' \S+ link up, sent 1 \(0 pending\), received 1>",
        r"received 0, not plugged in>",
    ],
    "first_protocol.py": [
        r"Echo > BusMasterMiniport > there \[up\]",
        r"Echo at IRQL 2: one\nPing at IRQL 0: one",
        r"3 of 3 answered; the adapter has sent 3 frames and received 3",
    ],
    "ipv4_host.py": [
        r"Ipv4Host > BusMasterMiniport > here \[up\]",
        r"ping 0: .* ms, ARP included\nping 1: .* ms\n",
        r"a ping of 5000 bytes: .* ms, in 4 fragments\nIpv4Host: no answer from 10\.9\.0\.3 in 50 ms",
        r"no rule was broken",
    ],
    "lock_rule.py": [
        r"caught POOL-01",
        r"buffer pool 'tx' is allocated while .* holds tx-ring",
        r"where +examples.lock_rule\.py:\d+ in broken",
        r"afterwards: <SpinLock 'tx-ring' free, 0 waiting>, IRQL 0",
    ],
    "ndis_words.py": [
        r"<Adapter 'near' running, link up, 1 bindings, .*\n<Adapter 'far' running, link up, 1 bindings, ",
        r"far hears 'hello'\nnear hears 'hello yourself'",
    ],
    "reset_and_hang.py": [
        r"MiniportCheckForHang: 1 packets with the NIC\nProtocolStatus: RESET_START\nMiniportReset: 1 sends given up",
        r"GEN_CURRENT_PACKET_FILTER = .*\n.*MULTICAST_LIST = \(\)\nProtocolStatus: RESET_END",
        r"the send ended with REQUEST_ABORTED",
        r"6 s: Watcher > Fragile \[up\], reset 1 times",
    ],
    "serialized.py": [
        r"MiniportSend of 2: the NIC has room for 0\nafter NdisSendPackets: .*in_flight=3, queued=3, sent=2",
        r"at last: SendStatistics\(in_flight=0, queued=0, sent=5",
        r"received in order: \[0, 1, 2, 3, 4\]",
    ],
    "shaper.py": [
        r"Sender > Shaper > BusMasterMiniport > here \[up\]",
        r"at once: 10 pass, 90 find no place\nafter 100 ms: 110 sent, 100 waiting\nafter 200 ms: 210 sent, 0 waiting",
        r"210 frames passed, 200 of them had to wait\nno rule was broken",
    ],
    "torture.py": [
        r"rule violation: RuleViolation: BUF-05: a buffer of pool 'tx' is freed twice",
        r"interrupt +torture\.py:\d+ +buffer = self\.pending",
        r"The race: at step \d+ .* When \w+ goes first, the program passes\.",
        r"Replay it with:\n  asyncndis1:\S+",
        r"repaired: complete: [\d,]+ schedules, no failure",
    ],
}


def run(script: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, script], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_every_example_is_tested() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == set(SHOWS)


@pytest.mark.parametrize("name", SHOWS)
def test_example(name: str) -> None:
    script = ROOT / "examples" / name
    assert script.read_text().count("\n") < LINES_MAX
    result = run(script)
    assert (result.returncode, result.stderr) == (0, "")
    for pattern in SHOWS[name]:
        assert re.search(pattern, result.stdout), result.stdout
