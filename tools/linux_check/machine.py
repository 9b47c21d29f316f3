"""QEMU with Linux in it, its gdbserver on a socket, and kdbg on that."""

import json
import subprocess
import time
from contextlib import contextmanager

GREETING = "init: in Ring 3"
BOOT_SECONDS = 240
CHECK_SECONDS = 600


class Failed(Exception):
    """The machine did not come as far as Ring 3, or kdbg gave no answer."""


@contextmanager
def booted(image, archive, name, words, processors, directory):
    """The gdbserver of a machine whose first program runs."""
    console, socket = directory / f"{name}.console", directory / f"{name}.gdb"
    for path in (console, socket):
        path.unlink(missing_ok=True)
    emulator = subprocess.Popen(
        ["qemu-system-x86_64", "-M", "pc", "-accel", "tcg", "-cpu", "max", "-m", "512M", "-smp", str(processors)]
        + ["-nodefaults", "-no-user-config", "-display", "none", "-vga", "none", "-no-reboot"]
        + ["-serial", f"file:{console}", "-gdb", f"unix:{socket},server=on,wait=off"]
        + ["-kernel", str(image.compressed), "-initrd", str(archive)]
        + ["-append", f"console=ttyS0 nokaslr panic=-1 {words}"],
        stdin=subprocess.DEVNULL,
    )
    try:
        limit = time.monotonic() + BOOT_SECONDS
        while GREETING not in (console.read_text(errors="replace") if console.exists() else ""):
            if emulator.poll() is not None or time.monotonic() > limit:
                raise Failed(f"Linux did not reach Ring 3: see {console}")
            time.sleep(0.2)
        yield f"unix:{socket}", console
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
