"""What gdb's commands put on the line. Packets and bytes do not depend on the time."""

import sys

from gdb import Gdb, Meter
from machine import stub
from record import ROUNDS

STEPS = 6


def measured(gdb, meter, command, expected):
    """Requests, bytes up and bytes down of one command, which must have printed `expected`."""
    meter.take()
    printed = gdb.do(command)
    if expected not in printed:
        sys.exit(f"bench: gdb on {command}: {printed}")
    return meter.take()


def measure(table):
    def add(what, counts, at_most=None):
        requests, up, down = zip(*counts)
        table.add(f"stub.gdb.{what}.packets", requests, "packets up", at_most)
        table.add(f"stub.gdb.{what}.bytes", [sum(both) for both in zip(up, down)], "bytes both ways")
        table.add(f"stub.gdb.{what}.bytesUp", up, "bytes up")

    connects, traces, dumps, steps, trusting = [], [], [], [], []
    for _ in range(ROUNDS):
        with stub() as path:
            meter, gdb = Meter(path), Gdb()
            try:
                connects.append(measured(gdb, meter, f"target remote {meter.path}", "debug_trap"))
                traces.append(measured(gdb, meter, "backtrace", "Kernel_main"))
                dumps.append(measured(gdb, meter, "x/256xb $rsp", "0x"))
                # Into the function that looks after every trap; no breakpoint stays. The first step reads what the
                # later ones know already.
                gdb.do("tbreak kernel_trap", "continue", "stepi 8")
                steps += [measured(gdb, meter, "stepi", "") for _ in range(STEPS)]
                gdb.do("set trust-readonly-sections on", "tbreak kernel_trap", "continue", "stepi 8")
                trusting += [measured(gdb, meter, "stepi", "") for _ in range(STEPS)]
            finally:
                gdb.close()
    add("connect", connects)
    add("backtrace", traces)
    add("x256xb", dumps)
    add("stepi", trusting)
    table.add("stub.stepi.packets", [requests for requests, _, _ in trusting], "packets up", at_most=3)
    # gdb as it comes: its unwinders look four times for a ret at RIP, and read the caller's text again.
    add("stepi.untrusting", steps)
