"""What one audit under kdbg reads and takes, by the way in which it reads memory.

The kernel's own stub is not among them: it refuses the check's breakpoint at the iretq that it uses itself.
"""

import json
import subprocess
import sys

from machine import KDBG, KERNEL, LIMIT, gdbserver
from record import ROUNDS

# What the specification allows a repeated audit: 45 qwords of page tables and the like, the TSS (13) and the frame (5).
# A block of gates or descriptors, 2 KiB at most, is one read.
WARM_READS = 45 + 13 + 5
RETURNS = "400"


def cost(*target):
    """What `check cost` says after RETURNS returns, cold and warm."""
    line = [KDBG, "check", *target, "--returns", RETURNS, "-e", "check cost", "--json"]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
    answers = [json.loads(text) for text in done.stdout.splitlines() if text.startswith("{")]
    costs = [answer for answer in answers if "cold" in answer]
    if done.returncode or not costs or not costs[0]["warm"]["audits"]:
        sys.exit(f"bench: kdbg ended with status {done.returncode}\n{done.stdout}{done.stderr}")
    return costs[0]


def ram():
    """The mapped RAM file of a QEMU that kdbg started."""
    return cost("--run", KERNEL, "--append", "init=/returns")


def monitor():
    """QEMU's monitor, a command for each read of physical memory."""
    return cost("--run", KERNEL, "--append", "init=/returns", "--memory-by", "monitor")


def packets():
    """Packets of QEMU's gdbserver."""
    with gdbserver("init=/returns") as path:
        return cost(f"unix:{path}", "--symbols", KERNEL)


def measure(table):
    for way in (ram, packets, monitor):
        costs = [way() for _ in range(ROUNDS)]
        for kind in ("cold", "warm"):
            each = [one[kind] for one in costs]
            table.add(f"audit.{kind}.reads.{way.__name__}", [one["reads"] for one in each], "reads",
                      at_most=WARM_READS if kind == "warm" else None)
            for unit in ("qwords", "requests"):
                table.add(f"audit.{kind}.{unit}.{way.__name__}", [one[unit] for one in each], unit)
            table.add(f"audit.{kind}.microseconds.{way.__name__}", [one["microseconds"] for one in each],
                      "microseconds")
