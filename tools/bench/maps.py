"""Whole address spaces: 1 GiB in pages of 4 KiB, and Debian's Linux with page-table isolation."""

import json
import mmap
import os
import re
import sys
import tempfile
import time
from pathlib import Path

from machine import ROOT, gdbserver
from record import ROUNDS
from session import Session
from wire import Wire

START, PAGES = 0xFFFFCA8000000000, 1 << 18
FIXTURE = f"{START:#x}..{START + (PAGES << 12):#x}"
WINDOW = 128
PIECE = 2048


def booted(path):
    """Lets the kernel boot until the fixture is mapped, and it waits for its console."""
    for _ in range(200):
        session = Session("attach", f"unix:{path}")
        lines = session.do(f"map {START:#x}")
        session.close()
        if any("1 page of 4 KiB" in line for line in lines):
            return
        time.sleep(0.2)
    sys.exit("bench: the kernel did not map its fixture")


def tables_of(session, what):
    """The physical addresses of the tables that `map` reads."""
    pattern = re.compile(r"  (?:PT|PD|PDPT|PML4) (0x[0-9a-f]+) ")
    found = [int(match[1], 16) for line in session.do(f"map --tables {what}") if (match := pattern.search(line))]
    return sorted(set(found))


def raw_seconds(path, tables):
    """Seconds for nothing but reading `tables`, as many requests on their way as QEMU's buffers take."""
    wire = Wire(path)
    wire.ask("?")
    wire.ask("Qqemu.PhyMemMode:1")
    requests = [f"m{table + offset:x},{PIECE:x}" for table in tables for offset in range(0, 4096, PIECE)]
    frames = [b"+$%s#%02x" % (request.encode(), sum(request.encode()) & 0xFF) for request in requests]
    start = time.perf_counter()
    sent = done = size = 0
    while done < len(frames):
        if sent < len(frames) and sent - done < WINDOW // 2:
            more = min(len(frames), done + WINDOW)
            wire.socket.sendall(b"".join(frames[sent:more]))
            sent = more
        chunk = wire.socket.recv(1 << 20)
        if not chunk:
            sys.exit("bench: QEMU closed the connection")
        done += chunk.count(b"#")
        size += len(chunk)
    seconds = time.perf_counter() - start
    if size < len(frames) * 2 * PIECE:
        sys.exit("bench: QEMU gave less memory than was asked for")
    time.sleep(0.01)
    wire.socket.setblocking(False)
    try:
        wire.socket.recv(1 << 20)
    except BlockingIOError:
        pass
    wire.socket.setblocking(True)
    wire.buffer = b""
    wire.ask("Qqemu.PhyMemMode:0")
    wire.send("D")
    wire.socket.close()
    return seconds


def check(lines, pages):
    """The whole gigabyte must be there, as one region."""
    if not any(re.search(rf"\b{pages} x 4 KiB", line) for line in lines):
        sys.exit("bench: the fixture is not mapped as it should be\n" + "".join(lines))


def mapped_seconds(path, what, way):
    """One whole `map` of a machine that was just stopped: nothing of it is known yet."""
    session = Session("attach", f"unix:{path}", "--memory-by", way)
    session.do("cr3")
    seconds, lines = session.seconds(f"map {what}".strip())
    session.close()
    return seconds, lines


def measure_packets(table):
    mine, raw = [], []
    with gdbserver("fixture=map1g init=/echo") as path:
        booted(path)
        session = Session("attach", f"unix:{path}")
        tables = tables_of(session, FIXTURE)
        session.close()
        for _ in range(2 * ROUNDS):
            seconds, lines = mapped_seconds(path, FIXTURE, "packets")
            check(lines, PAGES)
            mine.append(seconds)
            raw.append(raw_seconds(path, tables))
    table.add("map.1g.packets.milliseconds", [1000 * value for value in mine], "ms")
    table.add("map.1g.packets.raw.milliseconds", [1000 * value for value in raw], "ms")
    table.add("map.1g.packets.ratio", [one / other for one, other in zip(mine, raw)], "map / reading", at_most=1.3)


def touched_seconds(memory, tables):
    """Seconds for a copy of each table's page."""
    start = time.perf_counter()
    size = 0
    for table in tables:
        size += len(memory[table:table + 4096])
    seconds = time.perf_counter() - start
    if size != 4096 * len(tables):
        sys.exit("bench: the tables are not in the RAM file")
    return seconds


def measure_ram(table):
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        shared = f"memory-backend-file,id=ram0,size=256M,mem-path={file.name},share=on"
        with gdbserver("fixture=map1g init=/echo", "-object", shared, "-machine", "memory-backend=ram0") as path:
            booted(path)
            with mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as memory:
                measure_ram_by(table, path, memory)


def measure_ram_by(table, path, memory):
    session = Session("attach", f"unix:{path}", "--memory-by", "ram")
    try:
        session.do("cr3")
        tables = tables_of(session, FIXTURE)
        mine, touched, walks = [], [], []
        for _ in range(4 * ROUNDS):
            # What goes to a pipe and comes back is no part of the work.
            idle, _ = session.seconds("echo")
            seconds, lines = session.seconds(f"map {FIXTURE}")
            check(lines, PAGES)
            mine.append(seconds - idle)
            touched.append(touched_seconds(memory, tables))
            walks.append(session.seconds(f"walk {START:#x}")[0])
        before = session.peak()
        lines = session.do(f"map --leaves {FIXTURE}")
        if sum("1 x 4 KiB" in line for line in lines) != PAGES:
            sys.exit("bench: map --leaves does not list every page")
        grown = session.peak() - before
    finally:
        session.close()
    table.add("map.1g.ram.milliseconds", [1000 * value for value in mine], "ms", at_most=15)
    table.add("map.1g.ram.touch.milliseconds", [1000 * value for value in touched], "ms")
    table.add("map.1g.ram.ratio", [one / other for one, other in zip(mine, touched)], "map / touching", at_most=3)
    table.add("map.1g.leaves.kib", [grown], "KiB more memory")
    table.add("walk.milliseconds", [1000 * value for value in walks], "ms", at_most=1)


def measure_linux(table):
    sys.path.insert(0, os.path.join(ROOT, "tools"))
    from linux_check import image, initramfs, machine as linux_machine

    folder = Path(ROOT) / "build/linux"
    try:
        kernel = image.fetch(folder)
    except image.Unavailable as error:
        print(f"map.linux.*: not measured, {error}", flush=True)
        return
    archive = initramfs.build(folder)
    with tempfile.TemporaryDirectory(prefix="ringside-bench-") as directory:
        guest = linux_machine.Guest(
            kernel.compressed, archive, "console=ttyS0 nokaslr panic=-1 no5lvl pti=on", "init: in Ring 3")
        shared = f"memory-backend-file,id=ram0,size=512M,mem-path={directory}/ram,share=on"
        more = ["-object", shared, "-machine", "memory-backend=ram0"]
        with linux_machine.booted(guest, 1, Path(directory), *more) as running:
            measure_linux_by(table, running.endpoint.removeprefix("unix:"))


def kernel_table(path):
    """The kernel's of the two root tables that page-table isolation has for a process: they are two pages together."""
    session = Session("attach", f"unix:{path}")
    found = re.search(r"CR3 (0x[0-9a-f]+)", "".join(session.do("cr3")))
    session.close()
    return f"--cr3 {int(found[1], 16) & ~0x1FFF:#x}"


def measure_linux_by(table, path):
    for way, limit in (("packets", 60), ("ram", 15)):
        mine = []
        for _ in range(2 * ROUNDS):
            seconds, lines = mapped_seconds(path, kernel_table(path), way)
            if not any("64 KiB" in line or "again" in line for line in lines):
                sys.exit("bench: this is not Linux' address space\n" + "".join(lines[-5:]))
            mine.append(1000 * seconds)
        table.add(f"map.linux.{way}.milliseconds", mine, "ms", at_most=limit)


def measure(table):
    measure_packets(table)
    measure_ram(table)
    measure_linux(table)
