"""QEMU's own word about its guest, over its machine protocol: the second opinion on what kdbg says."""

import json
import re
import socket
import time

ANSWER_SECONDS = 120


class Witness:
    def __init__(self, path):
        self._socket = _connect(path)
        self._lines = self._socket.makefile("rb")
        self._next_answer()
        self._execute("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._lines.close()
        self._socket.close()

    def stop(self):
        self._execute("stop")

    def monitor(self, line):
        """What the human monitor prints for `line`."""
        return self._execute("human-monitor-command", {"command-line": line}).replace("\r", "")

    def words(self, address, count):
        """`count` 64-bit words at the linear `address`."""
        text = self.monitor(f"x /{count}gx {address:#x}")
        return [int(word, 16) for line in text.splitlines() for word in re.findall(r"0x([0-9a-f]{16})", line)]

    def registers(self):
        """`info registers`: name to value; of GDT and IDT base and limit, of TR and LDT selector, base and limit."""
        text = self.monitor("info registers")
        values = {name: int(value, 16) for name, value in re.findall(r"\b(\w+) ?=([0-9a-f]{8,16})\b", text)}
        for name, base, limit in re.findall(r"\b([GI]DT)= +([0-9a-f]{16}) ([0-9a-f]{8})", text):
            values[name] = (int(base, 16), int(limit, 16))
        for name, *parts in re.findall(r"\b(TR|LDT) ?=([0-9a-f]{4}) ([0-9a-f]{16}) ([0-9a-f]{8})", text):
            values[name] = tuple(int(part, 16) for part in parts)
        return values

    def mapped_ranges(self):
        """`info mem`: (start, end, rights such as "ur-") of every range."""
        found = re.findall(r"^([0-9a-f]{16})-([0-9a-f]{16}) [0-9a-f]{16} (\S{3})$", self.monitor("info mem"), re.M)
        return [(int(start, 16), int(end, 16), rights) for start, end, rights in found]

    def physical(self, address):
        """Where the linear `address` leads; None where nothing is mapped."""
        found = re.search(r"gpa: (?:0x)?([0-9a-f]+)", self.monitor(f"gva2gpa {address:#x}"))
        return int(found[1], 16) if found else None

    def _execute(self, command, arguments=None):
        request = {"execute": command} | ({"arguments": arguments} if arguments else {})
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        answer = self._next_answer()
        while "event" in answer:
            answer = self._next_answer()
        if "error" in answer:
            raise ConnectionError(f"{command}: {answer['error']['desc']}")
        return answer["return"]

    def _next_answer(self):
        line = self._lines.readline()
        if not line:
            raise ConnectionError("QEMU closed its machine protocol")
        return json.loads(line)


def _connect(path):
    limit = time.monotonic() + ANSWER_SECONDS
    while True:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(str(path))
            return connection
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            if time.monotonic() > limit:
                raise
            time.sleep(0.05)
