"""A dump of 256 KiB over the stub's line, with kdbg as the client: a third code, a third zeroes, a third stack."""

import subprocess
import sys
import time

from machine import KDBG, KERNEL, PLAIN_KERNEL, stub, symbol
from record import ROUNDS

SIZE = 256 * 1024
# In qwords, rounded up.
PART = SIZE // 3 // 8 + 1


class Kdbg:
    """A kdbg that is told its commands one by one."""

    def __init__(self, path, kernel):
        self.process = subprocess.Popen(
            [KDBG, "attach", f"unix:{path}", "--symbols", kernel], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True)

    def do(self, command, lines):
        """What `command` prints up to the end of its `lines` lines."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        printed, words = [], []
        while len(printed) < lines:
            line = self.process.stdout.readline()
            words.append(line)
            if not line:
                sys.exit(f"bench: kdbg ended over {command}\n" + "".join(words[-5:]))
            if line.startswith("0x"):
                printed.append(line)
        return printed

    def close(self):
        self.process.kill()
        self.process.wait()


def pieces(kernel):
    """Where the three parts begin. The boot stack is in use up to its top, about the upper half of what is read."""
    return [symbol("entry_text_start", kernel), 0xFFFF800008000000, symbol("boot_stack_top", kernel) - 8 * PART]


def rate(kdbg, kernel):
    """KiB per second of one dump. The step before makes kdbg forget what it has read."""
    parts = pieces(kernel)
    kdbg.do("stepi\nx/1xg $rsp", 1)
    start = time.perf_counter()
    printed = [kdbg.do(f"x/{PART}xg {part:#x}", (PART + 1) // 2) for part in parts]
    seconds = time.perf_counter() - start
    for index, lines in enumerate(printed):
        check(index == 1, lines)
    return 3 * 8 * PART / 1024 / seconds


def check(is_empty, printed):
    """The dump must be what it is said to be: zeroes in the second part, and only there."""
    if is_empty != all(set(line.split(":\t")[1].split()) == {"0x" + "0" * 16} for line in printed):
        sys.exit(f"bench: the memory at {printed[0].split(':')[0]} is not what is to be dumped")


def measure(table):
    """The limits: what kgdb reaches over the same line, and four times the plain stub."""
    compact, plain = [], []
    with stub() as path, stub(kernel=PLAIN_KERNEL) as plain_path:
        mine, its = Kdbg(path, KERNEL), Kdbg(plain_path, PLAIN_KERNEL)
        try:
            for _ in range(ROUNDS):
                compact.append(rate(mine, KERNEL))
                plain.append(rate(its, PLAIN_KERNEL))
        finally:
            mine.close()
            its.close()
    table.add("stub.dump.kibPerSecond", compact, "KiB per second", at_least=126)
    table.add("stub.dump.plain.kibPerSecond", plain, "KiB per second")
    table.add("stub.dump.ratio", [fast / slow for fast, slow in zip(compact, plain)], "times faster", at_least=4)
