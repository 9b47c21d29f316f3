"""What one checked return takes, beside a stop, step and continue without a check and beside the check that a gdb user
would write; and what the kernel's own check leaves of its throughput.

All machines do the same: TCG, one getpid() after the other (init=/throughput), and only warm returns are counted. The floor
is a client that sends nothing but `s` and `c`, each as bytes made beforehand: less than any debugger needs. Its return
costs two stops of QEMU; a debugger's must also fetch the registers.
"""

import os
import re
import socket
import subprocess
import sys
import time

from machine import KDBG, KERNEL, LIMIT, ROOT, boot, gdbserver, symbol
from record import ROUNDS

PROGRAM = "init=/throughput"
# The first returns are the boot's, and the ones that fill what later ones lean on.
SKIPPED = 500
RETURNS = 3000
# gdb is so much slower that fewer tell as much.
GDB_RETURNS = 500
YARDSTICK = os.path.join(ROOT, "Tests/Yardsticks/return_check.py")


def packet(text):
    data = text.encode()
    return b"+$%s#%02x" % (data, sum(data) & 0xFF)


class Floor:
    """The least client that can stop, step and continue."""

    STEP, CONTINUE = packet("s"), packet("c")

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT)
        self.socket.connect(path)

    def ask(self, request):
        self.socket.sendall(request)
        received = b""
        # A packet ends with # and two digits.
        while len(received) < 4 or received[-3:-2] != b"#":
            chunk = self.socket.recv(4096)
            if not chunk:
                sys.exit("bench: QEMU closed the connection")
            received += chunk
        return received

    def returns(self, count):
        for _ in range(count):
            self.ask(self.STEP)
            if b"T05" not in self.ask(self.CONTINUE):
                sys.exit("bench: no breakpoint was hit")


def floor(skipped=SKIPPED, counted=RETURNS):
    """Seconds of one stop at the iretq, one step over it and the continue."""
    with gdbserver(PROGRAM) as path:
        client = Floor(path)
        client.ask(packet("?"))
        client.ask(packet(f"Z0,{symbol('user_return'):x},1"))
        client.ask(client.CONTINUE)
        client.returns(skipped)
        start = time.perf_counter()
        client.returns(counted)
        return (time.perf_counter() - start) / counted


def whole(count, *options):
    """Seconds of a whole `kdbg check` of `count` returns."""
    command = [KDBG, "check", "--run", KERNEL, "--append", PROGRAM, "--returns", str(count), *options]
    start = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
    seconds = time.perf_counter() - start
    if done.returncode != 0 or f"{count} returns to Ring 3 checked" not in done.stdout:
        sys.exit(f"bench: kdbg check ended with status {done.returncode}\n{done.stdout}{done.stderr}")
    return seconds


def checked(*options):
    """Seconds of one return under kdbg's check."""
    short = whole(SKIPPED, *options)
    return (whole(SKIPPED + RETURNS, *options) - short) / RETURNS


def gdb_checked(mode, counted=GDB_RETURNS):
    """Seconds of one return under the yardstick, which walks each time or remembers."""
    with gdbserver(PROGRAM) as path:
        settings = {"ENDPOINT": path, "SITE": hex(symbol("user_return")), "RETURNS": str(counted),
                    "SKIPPED": "100", "MODE": mode}
        done = subprocess.run(["gdb", "-nx", "-batch", "-x", YARDSTICK], env=os.environ | settings,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
    found = re.search(rf"yardstick: {counted} returns, ([\d.]+) us each", done.stdout)
    if not found:
        sys.exit(f"bench: gdb's check ended otherwise\n{done.stdout}{done.stderr}")
    return float(found[1]) / 1e6


def ticks(audit):
    """Ticks of the host's clock for the program's calls: the machine runs without -icount."""
    console = boot(f"{PROGRAM} assert={audit}")
    return int(re.search(r"throughput: (\d+) ticks", console)[1])


def measure(table):
    bare, ram, packets, walking, remembering = [], [], [], [], []
    for _ in range(ROUNDS):
        bare.append(floor())
        ram.append(checked())
        packets.append(checked("--memory-by", "packets"))
        walking.append(gdb_checked("walks"))
        remembering.append(gdb_checked("remembers"))
    for name, seconds in (("floor", bare), ("ram", ram), ("packets", packets), ("gdbpython", walking),
                          ("gdbpython.remembering", remembering)):
        table.add(f"check.{name}.microseconds", [1e6 * one for one in seconds], "microseconds a return")
    table.add("check.every.ram.ratio", [one / least for one, least in zip(ram, bare)], "checked / bare", at_most=1.25)
    table.add("check.every.packets.ratio", [one / least for one, least in zip(packets, bare)], "checked / bare",
              at_most=1.8)
    table.add("check.gdbpython.ratio", [slow / fast for slow, fast in zip(walking, ram)], "gdb's / kdbg's", at_least=5)
    table.add("check.gdbpython.remembering.ratio", [slow / fast for slow, fast in zip(remembering, ram)],
              "gdb's / kdbg's")
    rates = [ticks("off") / ticks("fast") for _ in range(3 * ROUNDS)]
    table.add("assert.fast.throughput.ratio", rates, "fast / off")
