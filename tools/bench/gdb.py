"""gdb as the stub's client, and a line between the two on which everything is counted."""

import os
import re
import socket
import subprocess
import sys
import threading

from machine import KERNEL, LIMIT

SETTINGS = ["set pagination off", "set confirm off", "set width 0", "set height 0"]


class Gdb:
    """A gdb that is told its commands one by one."""

    def __init__(self):
        self.process = subprocess.Popen(
            ["gdb", "-nx", "-q", KERNEL], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.marks = 0
        self.do(*SETTINGS)

    def do(self, *commands):
        """What gdb prints until it is done with `commands`."""
        self.marks += 1
        mark = f"bench-mark-{self.marks}-"
        text = "".join(command + "\n" for command in commands) + f"echo {mark}\\n\n"
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()
        printed = b""
        while mark.encode() not in printed:
            line = self.process.stdout.readline()
            if not line:
                sys.exit(f"bench: gdb ended over {commands}\n{printed.decode(errors='replace')}")
            printed += line
        return printed.decode(errors="replace")

    def close(self):
        self.process.kill()
        self.process.wait()


class Meter:
    """Stands between a client and the stub at `path`, and counts packets and bytes in both directions."""

    def __init__(self, path):
        self.path = path + ".meter"
        self.up = self.down = self.requests = self.replies = 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(1)
        self.stub = socket.socket(socket.AF_UNIX)
        self.stub.connect(path)
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        client, _ = self.listener.accept()
        threading.Thread(target=self.forward, args=(self.stub, client, self.count_down), daemon=True).start()
        self.forward(client, self.stub, self.count_up)

    @staticmethod
    def forward(source, sink, count):
        try:
            while data := source.recv(65536):
                count(data)
                sink.sendall(data)
        except OSError:
            # One side has left: so does the other.
            pass

    # A dollar stands nowhere but before a packet: inside of one it is escaped.
    def count_up(self, data):
        self.up += len(data)
        self.requests += data.count(b"$")

    def count_down(self, data):
        self.down += len(data)
        self.replies += data.count(b"$")

    def take(self):
        """Requests, bytes up and bytes down since the last call."""
        counted = self.requests, self.up, self.down
        self.up = self.down = self.requests = self.replies = 0
        return counted
