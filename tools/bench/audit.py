"""Boots, and what an audit costs: under kdbg, and in the kernel itself."""

import re
import statistics
import subprocess
import sys
import time

from machine import KDBG, KERNEL, LIMIT, boot, gdbserver, symbol
from record import ROUNDS, timed


def measure_boot():
    return [timed(lambda: boot("")) for _ in range(ROUNDS)]


def measure_attach():
    def attach(path):
        command = [KDBG, "attach", f"unix:{path}", "--symbols", KERNEL]
        command += ["-e", f"walk {symbol('kernel_trap'):#x}", "-e", "detach"]

        def once():
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
            if done.returncode != 0:
                sys.exit(f"bench: kdbg attach ended with status {done.returncode}\n{done.stdout}{done.stderr}")

        # The first one lets the machine go; then the kernel boots, and waits for its console from there on.
        once()
        time.sleep(1)
        return [timed(once) for _ in range(2 * ROUNDS)]

    with gdbserver("init=/echo") as path:
        return attach(path)


def instructions(audit):
    """Instructions of one getpid() and its return, counted by -icount: one tick is one instruction."""
    console = boot(f"init=/returns assert={audit}", "-icount", "shift=0")
    ticks, calls = re.search(r"returns: (\d+) ticks for (\d+) calls", console).groups()
    return int(ticks) / int(calls)


def measure_audits():
    off, fast, full = ([instructions(audit) for _ in range(ROUNDS)] for audit in ("off", "fast", "full"))
    base = statistics.median(off)
    return [value - base for value in fast], [value - base for value in full]


def measure(table):
    table.add("boot.baseline.seconds", measure_boot(), "seconds")
    table.add("attach.walk.detach.seconds", measure_attach(), "seconds", at_most=0.025)
    fast, full = measure_audits()
    table.add("assert.fast.instructions", fast, "instructions per return", at_most=64)
    table.add("assert.full.instructions", full, "instructions per return")
