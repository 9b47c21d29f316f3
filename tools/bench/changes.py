"""The rate of returns under `check --mode changes` against that under every, on two processes that only call getpid."""

import json
import subprocess
import sys
import time

from machine import INITRD, KDBG, KERNEL, LIMIT, SUCCESS
from record import ROUNDS

RETURNS = 10_000
# Where the kernel starts the program of `init=`: the baseline is over.
START = "$e6Kernel7runInityy4Core8FileNameVF"
STOPS = ("rootTableLoads", "registerLoads", "writes", "idleStops")


def rate(mode):
    """Returns per second, from the start of the program to the end of the machine, and the stops that were taken."""
    command = [
        KDBG, "run", KERNEL, "--initrd", INITRD, "--append", "init=/getpids", "--no-check", "--stop", START, "--json",
        "-e", f"check on {mode}", "-e", "continue"]
    kdbg = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            text=True)
    try:
        answers = []
        # The stop at the start, "check on", and the end.
        for line in kdbg.stdout:
            if line.startswith("{"):
                answers.append((time.perf_counter(), json.loads(line)))
        kdbg.wait(LIMIT)
    finally:
        kdbg.kill()
        kdbg.wait()
    check = answers[2][1].get("check", {}) if len(answers) == 3 else {}
    if answers[-1][1].get("status") != SUCCESS or not check.get("held"):
        sys.exit(f"bench: the workload did not end well under {mode}: {answers[-1][1]}")
    stops = check["returns"] + sum(check.get("mode", {}).get(name, 0) for name in STOPS)
    return RETURNS / (answers[2][0] - answers[1][0]), stops


def measure(table):
    """One after the other, in turns."""
    ratios, changes, every, stops = [], [], [], []
    for _ in range(ROUNDS):
        fast, taken = rate("changes")
        slow, _ = rate("every")
        changes.append(fast)
        every.append(slow)
        stops.append(taken)
        ratios.append(fast / slow)
    table.add("check.changes.rate", changes, "returns per second")
    table.add("check.every.rate", every, "returns per second")
    table.add("check.changes.stops", stops, f"in {RETURNS} returns")
    table.add("check.changes.ratio", ratios, "changes / every", at_least=20)
