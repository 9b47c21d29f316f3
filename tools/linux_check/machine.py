"""QEMU with a kernel in it, its gdbserver on a socket, and kdbg on that."""

import json
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BOOT_SECONDS = 240
CHECK_SECONDS = 600


class Failed(Exception):
    """The machine did not come as far as Ring 3, or kdbg gave no answer."""


@dataclass(frozen=True)
class Guest:
    """A kernel, its initial file system and command line, and what its console says once Ring 3 runs."""

    kernel: Path
    initrd: Path
    words: str
    greeting: str


@dataclass(frozen=True)
class Machine:
    """A running guest: kdbg's endpoint, the socket of QEMU's machine protocol, the file with the console's output."""

    endpoint: str
    witness: Path
    console: Path


@contextmanager
def booted(guest, processors, directory, *more):
    """A machine whose first program runs; it ends with the block. `more` are arguments of QEMU's."""
    console, gdb, witness = directory / "console", directory / "gdb", directory / "qmp"
    for path in (console, gdb, witness):
        path.unlink(missing_ok=True)
    emulator = subprocess.Popen(
        ["qemu-system-x86_64", "-M", "pc", "-accel", "tcg", "-cpu", "max", "-m", "512M", "-smp", str(processors)]
        + ["-nodefaults", "-no-user-config", "-display", "none", "-vga", "none", "-no-reboot"]
        + ["-serial", f"file:{console}", "-gdb", f"unix:{gdb},server=on,wait=off"]
        + ["-qmp", f"unix:{witness},server=on,wait=off"]
        + ["-kernel", str(guest.kernel), "-initrd", str(guest.initrd), "-append", guest.words, *more],
        stdin=subprocess.DEVNULL,
    )
    try:
        limit = time.monotonic() + BOOT_SECONDS
        while guest.greeting not in (console.read_text(errors="replace") if console.exists() else ""):
            if emulator.poll() is not None or time.monotonic() > limit:
                raise Failed(f"{guest.kernel.name} did not reach Ring 3: see {console}")
            time.sleep(0.2)
        yield Machine(f"unix:{gdb}", witness, console)
    finally:
        emulator.kill()
        emulator.wait()


def check(kdbg, arguments):
    """What `kdbg check` says: its exit status, the object it prints, and its other words."""
    done = subprocess.run(
        [kdbg, "check", *arguments, "--json"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=CHECK_SECONDS,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    answers = [json.loads(line) for line in lines]
    if not any("check" in answer for answer in answers):
        raise Failed(f"kdbg ended with status {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
    return done.returncode, answers
