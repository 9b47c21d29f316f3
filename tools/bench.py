#!/usr/bin/env python3
"""Measures what the documents claim, prints a table and writes build/bench.json.

Every figure is the median of at least five rounds; where a figure is a ratio, yardstick and subject alternate in one
run, because these times come from machines that do other work too. Nothing here passes or fails on a time.
"""

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
KDBG = os.path.join(ROOT, "build/kdbg")
KERNEL = os.path.join(ROOT, "build/kernel.elf")
INITRD = os.path.join(ROOT, "build/initrd")
ROUNDS = 5
MACHINE = [
    "qemu-system-x86_64", "-machine", "pc", "-accel", "tcg", "-cpu", "max", "-m", "256M", "-nodefaults",
    "-no-user-config", "-display", "none", "-vga", "none", "-no-reboot", "-device",
    "isa-debug-exit,iobase=0xf4,iosize=0x04", "-kernel", KERNEL, "-initrd", INITRD,
]
SUCCESS = 33
LIMIT = 120


def boot(append, *extra):
    """One whole boot; its console. Ends the benchmark when the kernel does not end well."""
    done = subprocess.run(
        MACHINE + ["-serial", "stdio", "-append", append, *extra], stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=LIMIT)
    if done.returncode != SUCCESS:
        sys.exit(f"bench: the kernel ended with status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def timed(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


class Wire:
    """The least remote-protocol client that can stop, step and continue: the yardstick of the check loop."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT)
        self.socket.connect(path)
        self.buffer = b""

    def send(self, text):
        data = text.encode()
        self.socket.sendall(b"+$%s#%02x" % (data, sum(data) & 0xFF))

    def reply(self):
        while True:
            match = re.search(rb"\$([^#]*)#..", self.buffer, re.DOTALL)
            if match:
                self.buffer = self.buffer[match.end():]
                return match.group(1).decode("latin-1")
            chunk = self.socket.recv(4096)
            if not chunk:
                sys.exit("bench: QEMU closed the connection")
            self.buffer += chunk

    def ask(self, text):
        self.send(text)
        return self.reply()


def symbol(name):
    for line in subprocess.run(["nm", KERNEL], capture_output=True, text=True, check=True).stdout.splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[2] == name:
            return int(fields[0], 16)
    sys.exit(f"bench: the kernel has no symbol {name}")


def with_stopped_machine(append, action, *extra):
    """Starts QEMU with -S and a gdbserver, and gives `action` its socket's path."""
    directory = tempfile.mkdtemp(prefix="ringside-bench-")
    path = os.path.join(directory, "gdb")
    qemu = subprocess.Popen(
        MACHINE + ["-serial", "null", "-append", append, "-S", "-gdb", f"unix:{path},server=on,wait=off", *extra],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(500):
            if os.path.exists(path):
                break
            time.sleep(0.01)
        return action(path)
    finally:
        qemu.kill()
        qemu.wait()
        shutil.rmtree(directory)


def bare_returns(path, skipped, counted):
    """Seconds for one stop at the iretq, one step over it and the continue, with nothing checked."""
    wire = Wire(path)
    wire.ask("?")
    site = f"{symbol('user_return'):x}"
    wire.ask(f"Z0,{site},1")
    for _ in range(skipped):
        wire.ask("c")
        wire.ask("s")
    wire.ask("c")
    start = time.perf_counter()
    for _ in range(counted):
        wire.ask("s")
        wire.ask("c")
    return (time.perf_counter() - start) / counted


def checked_returns(count):
    """Seconds for a whole `kdbg check` of `count` returns."""
    command = [KDBG, "check", "--run", KERNEL, "--append", "init=/returns", "--returns", str(count)]
    start = time.perf_counter()
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        sys.exit(f"bench: kdbg check ended with status {done.returncode}\n{done.stdout}{done.stderr}")
    return seconds


def measure_boot():
    return [timed(lambda: boot("")) for _ in range(ROUNDS)]


def measure_attach():
    def attach(path):
        command = [KDBG, "attach", f"unix:{path}", "-e", f"walk {symbol('kernel_trap'):#x}", "-e", "detach"]

        def once():
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT)
            if done.returncode != 0:
                sys.exit(f"bench: kdbg attach ended with status {done.returncode}\n{done.stdout}{done.stderr}")

        # The first one lets the machine go; then the kernel boots, and waits for its console from there on.
        once()
        time.sleep(1)
        return [timed(once) for _ in range(2 * ROUNDS)]

    return with_stopped_machine("init=/echo", attach)


def measure_check():
    """Alternates the bare loop and the checked one; both over the same stretch of the same kernel."""
    few, many = 200, 1000
    ratios, checked, bare = [], [], []
    for _ in range(ROUNDS):
        base = with_stopped_machine("init=/returns", lambda path: bare_returns(path, few, many - few))
        cost = (checked_returns(many) - checked_returns(few)) / (many - few)
        bare.append(base)
        checked.append(cost)
        ratios.append(cost / base)
    return ratios, checked, bare


def instructions(audit):
    """Instructions of one getpid() and its return, counted by -icount: one tick is one instruction."""
    console = boot(f"init=/returns assert={audit}", "-icount", "shift=0")
    ticks, calls = re.search(r"returns: (\d+) ticks for (\d+) calls", console).groups()
    return int(ticks) / int(calls)


def measure_audits():
    off, fast, full = ([instructions(audit) for _ in range(ROUNDS)] for audit in ("off", "fast", "full"))
    base = statistics.median(off)
    return [value - base for value in fast], [value - base for value in full]


def with_stub(action):
    """Starts the kernel with its stub waiting on the second serial port, and gives `action` a client of it."""
    directory = tempfile.mkdtemp(prefix="ringside-bench-")
    path = os.path.join(directory, "stub")
    qemu = subprocess.Popen(
        MACHINE + ["-serial", "null", "-chardev", f"socket,id=stub,path={path},server=on,wait=off", "-serial",
                   "chardev:stub", "-append", "gdb=wait init=/returns"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(500):
            if os.path.exists(path):
                break
            time.sleep(0.01)
        # The kernel opens the line when it has booted that far.
        time.sleep(1)
        wire = Wire(path)
        wire.ask("qSupported:swbreak+")
        wire.ask("?")
        return action(wire)
    finally:
        qemu.kill()
        qemu.wait()
        shutil.rmtree(directory)


def repeated(action, count):
    """Milliseconds of one `action`, in ROUNDS rounds of `count`."""
    return [1000 * timed(lambda: [action() for _ in range(count)]) / count for _ in range(ROUNDS)]


def measure_stub(record):
    def figures(wire):
        text = symbol("kernel_trap")
        record("stub.m8.milliseconds", repeated(lambda: wire.ask(f"m{text:x},8"), 100), "milliseconds")
        record("stub.g.milliseconds", repeated(lambda: wire.ask("g"), 50), "milliseconds")
        record("stub.step.milliseconds", repeated(lambda: wire.ask("s"), 50), "milliseconds")
        wire.ask(f"Z0,{text:x},1")
        record("stub.breakpoint.milliseconds", repeated(lambda: wire.ask("c"), 20), "milliseconds")
        wire.ask(f"z0,{text:x},1")
        # 256 KiB: a third code, a third zeroes (memory that nobody has used yet), a third stack.
        stack = int.from_bytes(bytes.fromhex(expanded(wire.ask("g"))[7 * 16:8 * 16]), "little") & ~0xFFF
        pieces = [0xFFFFFFFF80109000, 0xFFFF80000E000000, stack]

        def dump():
            received = 0
            while received < 256 * 1024:
                for base in pieces:
                    address = base + (received // 3) % 65536 // 1024 * 1024 if base != stack else stack
                    wire.ask(f"x{address:x},400")
                    received += 1024
            return received / 1024

        record("stub.dump.kibPerSecond", [dump_rate(dump) for _ in range(ROUNDS)], "KiB per second")

    with_stub(figures)


def dump_rate(dump):
    start = time.perf_counter()
    size = dump()
    return size / (time.perf_counter() - start)


def expanded(text):
    """Undoes the protocol's run-length encoding."""
    return re.sub(r"(.)\*(.)", lambda match: match[1] * (ord(match[2]) - 28), text)


def main():
    for needed in (KDBG, KERNEL, INITRD):
        if not os.path.exists(needed):
            sys.exit(f"bench: {needed} is missing; run make build")
    results = []

    def record(name, values, unit, goal=None):
        value = statistics.median(values)
        holds = None if goal is None else value <= goal
        results.append(
            {"name": name, "value": round(value, 6), "unit": unit, "rounds": len(values), "goal": goal, "holds": holds})
        limits = "" if goal is None else f"  goal <= {goal}: {'holds' if holds else 'DOES NOT HOLD'}"
        print(f"{name:34} {value:12.4f} {unit:22} {len(values)} rounds, "
              f"{min(values):.4f} .. {max(values):.4f}{limits}", flush=True)

    record("boot.baseline.seconds", measure_boot(), "seconds")
    record("attach.walk.detach.seconds", measure_attach(), "seconds")
    ratios, checked, bare = measure_check()
    record("check.every.seconds", checked, "seconds per return")
    record("check.bare.seconds", bare, "seconds per return")
    record("check.every.ratio", ratios, "checked / bare")
    fast, full = measure_audits()
    record("assert.fast.instructions", fast, "instructions per return", 64)
    record("assert.full.instructions", full, "instructions per return")
    measure_stub(record)
    path = os.path.join(ROOT, "build/bench.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(results, file, indent=2)
        file.write("\n")
    print("written: build/bench.json")


if __name__ == "__main__":
    main()
