"""kdbg as a session that is asked one command after the other."""

import json
import subprocess

from .machine import Failed

ANSWER_SECONDS = 240


class Session:
    """Attached for as long as the block lasts; `ask` gives the object that a command answers."""

    def __init__(self, kdbg, arguments):
        self.process = subprocess.Popen(
            [kdbg, "attach", *arguments, "--json", "--keep-going"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1,
        )

    def __enter__(self):
        return self

    def ask(self, command):
        try:
            self.process.stdin.write(command + "\n")
        except BrokenPipeError:
            raise Failed(f"kdbg ended before {command}") from None
        line = self.process.stdout.readline()
        if not line:
            raise Failed(f"kdbg ended with status {self.process.wait()} at {command}")
        return json.loads(line)

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(ANSWER_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
