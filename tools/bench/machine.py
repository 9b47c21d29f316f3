"""The machines that are measured: the kernel under QEMU, booted whole, under QEMU's gdbserver, or with its own stub."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
KDBG = os.path.join(ROOT, "build/kdbg")
KERNEL = os.path.join(ROOT, "build/kernel.elf")
# The same kernel with the plainest stub (STUB_LINE=plain).
PLAIN_KERNEL = os.path.join(ROOT, "build/plain/kernel.elf")
INITRD = os.path.join(ROOT, "build/initrd")
SUCCESS = 33
LIMIT = 120


def machine(kernel=KERNEL):
    return [
        "qemu-system-x86_64", "-machine", "pc", "-accel", "tcg", "-cpu", "max", "-m", "256M", "-nodefaults",
        "-no-user-config", "-display", "none", "-vga", "none", "-no-reboot", "-device",
        "isa-debug-exit,iobase=0xf4,iosize=0x04", "-kernel", kernel, "-initrd", INITRD,
    ]


def boot(append, *extra):
    """One whole boot; its console. Ends the benchmark when the kernel does not end well."""
    done = subprocess.run(
        machine() + ["-serial", "stdio", "-append", append, *extra], stdin=subprocess.DEVNULL, capture_output=True,
        text=True, timeout=LIMIT)
    if done.returncode != SUCCESS:
        sys.exit(f"bench: the kernel ended with status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def symbol(name, kernel=KERNEL):
    for line in subprocess.run(["nm", kernel], capture_output=True, text=True, check=True).stdout.splitlines():
        fields = line.split()
        if len(fields) == 3 and fields[2] == name:
            return int(fields[0], 16)
    sys.exit(f"bench: the kernel has no symbol {name}")


@contextlib.contextmanager
def running(kernel, arguments):
    """QEMU with `arguments`, in which {} is the path of a socket; gives that path."""
    directory = tempfile.mkdtemp(prefix="ringside-bench-")
    path = os.path.join(directory, "line")
    qemu = subprocess.Popen(
        machine(kernel) + ["-serial", "null"] + [argument.replace("{}", path) for argument in arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(500):
            if os.path.exists(path):
                break
            time.sleep(0.01)
        yield path
    finally:
        qemu.kill()
        qemu.wait()
        shutil.rmtree(directory)


def gdbserver(append, *extra):
    """The kernel stopped at its reset under QEMU's gdbserver."""
    return running(KERNEL, ["-append", append, "-S", "-gdb", "unix:{},server=on,wait=off", *extra])


@contextlib.contextmanager
def stub(append="gdb=wait init=/returns", kernel=KERNEL):
    """The kernel with its own stub waiting on the second serial port."""
    line = ["-chardev", "socket,id=stub,path={},server=on,wait=off", "-serial", "chardev:stub", "-append", append]
    with running(kernel, line) as path:
        # The kernel opens the line when it has booted that far.
        time.sleep(1)
        yield path
