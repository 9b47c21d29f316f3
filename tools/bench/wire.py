"""The least client of the remote protocol."""

import re
import socket
import sys

import machine


class Wire:
    """The least remote-protocol client that can stop, step and continue: the yardstick of the check loop."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(machine.LIMIT)
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


def expanded(text):
    """Undoes the protocol's run-length encoding."""
    return re.sub(r"(.)\*(.)", lambda match: match[1] * (ord(match[2]) - 28), text)
