"""What the machine did, from its registers and memory: nothing in here looks at a verdict of kdbg's."""

import re
from dataclasses import dataclass, field

PAGE = 4096
MNEMONICS = {
    0: "#DE", 1: "#DB", 2: "NMI", 3: "#BP", 4: "#OF", 5: "#BR", 6: "#UD", 7: "#NM", 8: "#DF", 10: "#TS", 11: "#NP", 12: "#SS",
    13: "#GP", 14: "#PF", 16: "#MF", 17: "#AC", 18: "#MC", 19: "#XM", 20: "#VE", 21: "#CP", 29: "#VC", 30: "#SX"}
# SDM Vol. 3A, table 6-1.
WITH_ERROR_CODE = {8, 10, 11, 12, 13, 14, 17, 21, 29, 30}
SYSTEM_CALL = 0x80


@dataclass
class Happened:
    """The first thing after the return: an event with the words that the processor pushed, or the machine's end."""

    kind: str
    vector: int | None = None
    words: list = field(default_factory=list)
    cr2: int = 0
    rsp: int = 0
    rip: int = 0
    cpl: int = 0
    # The first 8259A's requests in service: QEMU's monitor, "info pic".
    in_service: int | None = None
    # The frame was pushed to what is no memory.
    is_lost: bool = False
    status: int | None = None

    @property
    def name(self):
        return MNEMONICS.get(self.vector, f"vector {self.vector:#x}") if self.vector is not None else self.kind

    @property
    def error(self):
        return self.words[0] if self.vector in WITH_ERROR_CODE and self.words else None

    @property
    def frame(self):
        """RIP, CS, RFLAGS, RSP, SS."""
        start = 1 if self.vector in WITH_ERROR_CODE else 0
        return self.words[start:start + 5]

    @property
    def is_shifted(self):
        """True when what should be the error code is code of Ring 3, and what should be RIP a selector."""
        return (
            self.vector in WITH_ERROR_CODE and len(self.words) >= 5 and 0x10000000 <= self.words[0] < 0x20000000
            and self.words[1] in (0x33, 0x2b))

    @property
    def text(self):
        if self.kind != "exception" and self.kind != "delivered":
            return self.kind if self.status is None else f"{self.kind} {self.status}"
        parts = [self.name]
        if self.is_lost:
            return f"{self.name}, frame not in memory"
        if self.is_shifted:
            return f"{self.name}, shifted: error slot {self.words[0]:#x}, RIP slot {self.words[1]:#x}"
        if self.error is not None:
            parts.append(f"error={self.error:#x}")
        if len(self.frame) >= 2:
            parts.append(f"rip={self.frame[0]:#x} cs={self.frame[1]:#x}")
        if self.vector in (8, 14):
            parts.append(f"cr2={self.cr2:#x}")
        return " ".join(parts)


def number(text):
    return int(text, 16)


class Machine:
    """The kernel's places, by its symbol table and by its live tables."""

    def __init__(self, debugger, symbols):
        self.debugger = debugger
        self.symbols = symbols
        self.registers = self.read_registers()
        self.gates = {}
        self.breakpoints = {}

    def read_registers(self):
        return self.debugger.ask("info registers").get("registers", {})

    def read_words(self, address, count):
        """Up to `count` qwords, as many as can be read."""
        found = self.ask_words("x", address, count)
        # A page that the loaded table does not map any more, and the processor still reaches, is in the kernel's own.
        return found or self.ask_words("xp", self.kernel_address(address), count)

    def ask_words(self, command, address, count):
        while count > 0 and address is not None:
            values = self.debugger.ask(f"{command}/{count}gx {address:#x}").get("values")
            if values is not None:
                return [number(value) for value in values]
            count -= 1
        return []

    def kernel_address(self, address):
        """Where `address` is in physical memory under the table that maps every kernel stack."""
        reference = self.debugger.ask("cr3").get("reference")
        if not reference:
            return None
        physical = self.debugger.ask(f"walk {address:#x} {reference['cr3']}").get("physical")
        return number(physical) if physical else None

    def read_gate(self, vector):
        words = self.read_words(number(self.registers["idtr"]["base"]) + 16 * vector, 2)
        if len(words) < 2:
            return None
        low, high = words
        return (low & 0xffff) | (low >> 32 & 0xffff0000) | (high & 0xffffffff) << 32

    def watch_entries(self):
        """A breakpoint at every way into the kernel: the stubs, the gates as they are now, and the SYSCALL entry."""
        places = {self.symbols["trap_stubs"] + 16 * vector: vector for vector in [*range(48), SYSTEM_CALL]}
        for vector in (8, 13, 14, 32, SYSTEM_CALL):
            gate = self.read_gate(vector)
            if gate and gate >> 47 in (0, 0x1ffff):
                self.gates[vector] = gate
                places[gate] = vector
        if "syscall_entry" in self.symbols:
            places[self.symbols["syscall_entry"]] = "syscall"
        for address, vector in places.items():
            answer = self.debugger.ask(f"break *{address:#x}")
            if "error" not in answer:
                self.breakpoints[address] = vector

    def happened(self, answer):
        """What the answer to `continue` says, read again from the machine."""
        stop = answer.get("stop")
        if stop == "exited":
            return Happened("exited", status=answer.get("status"))
        if "error" in answer:
            return Happened("abort")
        registers = self.read_registers()
        rip, rsp = number(registers["rip"]), number(registers["rsp"])
        cpl, cr2 = number(registers["cs"]) & 3, number(registers["cr2"])
        if stop in ("shutdown", "reset"):
            return Happened("shutdown", rip=rip, rsp=rsp, cr2=cr2, cpl=cpl)
        if stop == "interrupted":
            return Happened("hang", rip=rip, rsp=rsp, cr2=cr2, cpl=cpl)
        vector = self.breakpoints.get(rip)
        if vector is None:
            return Happened(f"stopped at {rip:#x}", rip=rip, rsp=rsp, cr2=cr2, cpl=cpl)
        if vector == "syscall":
            return Happened("works", rip=rip, rsp=rsp, cr2=cr2, cpl=cpl)
        count = 6 if vector in WITH_ERROR_CODE else 5
        kind = "delivered" if vector == SYSTEM_CALL else "exception"
        return Happened(
            kind, vector, self.read_words(rsp, count), cr2, rsp, rip, cpl, in_service=self.in_service(),
            is_lost=cpl == 0 and self.stack_is_no_memory(rsp))

    def stack_is_no_memory(self, address):
        physical = self.debugger.ask(f"walk {address:#x}").get("physical")
        return physical is not None and "values" not in self.debugger.ask(f"xp/1gx {number(physical):#x}")

    def in_service(self):
        text = self.debugger.ask("monitor info pic").get("text", "")
        found = re.search(r"pic0: .*?\bisr=([0-9a-f]+)", text)
        return int(found[1], 16) if found else None

    def interrupt_stack(self, slot):
        """IST`slot`, read from the TSS; 0 where that cannot be read. SDM Vol. 3A, 7.7."""
        words = self.read_words(number(self.registers["tr"]["base"]) + 36 + 8 * (slot - 1), 1)
        return words[0] if words else 0
