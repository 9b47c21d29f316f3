"""One kdbg with its own machine, driven through its standard input: a command in, one line of JSON out."""

import json
import os
import selectors
import signal
import subprocess
import time


class Lost(Exception):
    """kdbg ended, or did not answer in time."""


class Debugger:
    def __init__(self, kdbg, kernel, initrd, fault, limit, options=()):
        self.limit = limit
        command = [
            kdbg, "run", kernel, "--initrd", initrd, "--fault", fault, "--json", "--keep-going", "--timeout", "0",
            "--console", os.devnull, *options]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.pending = b""
        try:
            self.first = self.answer(limit)
        except Lost:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def answer(self, limit):
        deadline = time.monotonic() + limit
        while b"\n" not in self.pending:
            left = deadline - time.monotonic()
            if left <= 0 or not self.selector.select(left):
                raise Lost("no answer in time")
            part = os.read(self.process.stdout.fileno(), 65536)
            if not part:
                raise Lost("kdbg ended: " + self.process.stderr.read().decode(errors="replace").strip()[-300:])
            self.pending += part
        line, self.pending = self.pending.split(b"\n", 1)
        return json.loads(line)

    def ask(self, command, limit=None):
        try:
            self.process.stdin.write(command.encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise Lost("kdbg ended") from error
        return self.answer(limit or self.limit)

    def go_on(self, limit):
        """Lets the machine run. After `limit` seconds it is interrupted, and the answer says so."""
        self.process.stdin.write(b"continue\n")
        self.process.stdin.flush()
        try:
            return self.answer(limit)
        except Lost as lost:
            if self.process.poll() is not None or "in time" not in str(lost):
                raise
        self.process.send_signal(signal.SIGINT)
        return self.answer(self.limit)

    def close(self):
        if self.process.poll() is None:
            try:
                self.process.stdin.close()
                self.process.wait(10)
            except (subprocess.TimeoutExpired, BrokenPipeError):
                # The whole session, so that no machine is left.
                os.killpg(self.process.pid, signal.SIGTERM)
                try:
                    self.process.wait(10)
                except subprocess.TimeoutExpired:
                    os.killpg(self.process.pid, signal.SIGKILL)
                    self.process.wait()
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()
