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
    "ddi_style.py": [
        r"8 packets of \{60\} bytes on the ring, then NdisAllocateBuffer: FAILURE",
        r"<BufferPool 'buffers' open, 16 of 16 out, 0 waiting>",
        r"<BufferPool 'buffers' closed, 0 of 16 out, 0 waiting>",
    ],
    "lock_rule.py": [
        r"caught POOL-01",
        r"buffer pool 'tx' is allocated while .* holds tx-ring",
        r"where +examples.lock_rule\.py:\d+ in broken",
        r"afterwards: <SpinLock 'tx-ring' free, 0 waiting>, IRQL 0",
    ],
    "ring_nic.py": [
        r"40 frames: \{'ARP': 30, 'IPv4/0': 10\}",
        r"ring dry [1-9]\d* times",
        r"<BufferPool 'rx ring' open, 0 of 16 out, 0 waiting>",
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
