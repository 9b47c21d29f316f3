"""A kdbg that is told its commands one by one."""

import subprocess
import sys
import time

from machine import KDBG

END = "end-of-answer"


class Session:
    def __init__(self, *arguments):
        self.process = subprocess.Popen(
            [KDBG, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def do(self, command):
        """The lines that `command` prints."""
        self.process.stdin.write(f"{command}\necho {END}\n")
        self.process.stdin.flush()
        lines = []
        while True:
            line = self.process.stdout.readline()
            if not line:
                sys.exit(f"bench: kdbg ended over {command}\n" + "".join(lines[-5:]))
            if line.rstrip("\n") == END:
                return lines
            lines.append(line)

    def seconds(self, command):
        """How long `command` takes, and what it prints."""
        start = time.perf_counter()
        lines = self.do(command)
        return time.perf_counter() - start, lines

    def peak(self):
        """The most memory that the process had so far, in KiB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

    def close(self):
        """Lets go of the machine."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
