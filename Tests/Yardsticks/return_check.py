"""The check of every return as a gdb user would write it: the yardstick of `kdbg check` (tools/bench/check.py).

A breakpoint at the kernel's `iretq` whose stop() audits the return and lets the machine go on. Physical memory is read
through QEMU's PhyMemMode, switched on once a stop; registers come as gdb fetches them, all at once; GDTR, IDTR and TR are
asked of the monitor once. At each stop it walks the tables, once for each page, to whatever the next entry needs: the
stack of RSP0, TSS, GDT, IDT, the handlers and the IST stacks of the needed vectors, and Ring 3's own RIP and RSP. TSS
and IDT are each read at once. What was found is compared with what the last return under the same table found.

With MODE=remembers it does what kdbg does: entries that were walked once are read again, those that stand close together
at once, and walked only where one differs.

Run by gdb: ENDPOINT, SITE, RETURNS, SKIPPED and MODE in the environment say where, how often, and how many returns at the
beginning are not timed. Prints `yardstick: RETURNS returns, MICROSECONDS us each, QWORDS qwords, CHANGES changes` or
`yardstick: violated: WHAT`.
"""

import os
import re
import struct
import time

import gdb

SITE = int(os.environ["SITE"], 0)
RETURNS = int(os.environ["RETURNS"])
SKIPPED = int(os.environ.get("SKIPPED", "0"))
REMEMBERS = os.environ.get("MODE", "walks") == "remembers"

PRESENT, WRITABLE, USER, LARGE, NO_EXECUTE = 1, 2, 4, 0x80, 1 << 63
FRAME = 0x000F_FFFF_FFFF_F000
# What the processor sets by itself is no change.
ACCESSED_AND_DIRTY = 0x60
PAGE = 4096
NEEDED = [*range(9), *range(10, 15), *range(16, 20), 0x80]
# The frame of an entry: five words and an error code.
DEPTH = 48


class Violation(Exception):
    pass


class Machine:
    """Physical memory as it is at one stop, and the addresses that were read."""

    def __init__(self, inferior):
        self.inferior = inferior
        # What was brought by the span, and what was used.
        self.spans = {}
        self.read = {}
        self.pages = {}

    def qword(self, address, mask=0):
        value = self.spans.get(address)
        if value is None:
            value = struct.unpack("<Q", self.inferior.read_memory(address, 8))[0]
        self.read[address] = (value, mask)
        return value

    def span(self, address, size):
        """Reads the qwords of a span inside one page at once."""
        values = struct.unpack(f"<{size // 8}Q", self.inferior.read_memory(address, size))
        for index, value in enumerate(values):
            self.spans[address + 8 * index] = value

    @property
    def entries(self):
        return {address: value & ~mask for address, (value, mask) in self.read.items()}

    def walk(self, root, address):
        """Where `address` is, and what all levels together allow; None where it is not mapped."""
        page = address & -PAGE
        if page not in self.pages:
            self.pages[page] = self.walk_page(root, page)
        found = self.pages[page]
        return found and (found[0] + address % PAGE, found[1])

    def walk_page(self, root, address):
        table, rights = root & FRAME, WRITABLE | USER
        forbidden = 0
        for shift in (39, 30, 21, 12):
            entry = self.qword(table + (address >> shift & 511) * 8, ACCESSED_AND_DIRTY)
            if not entry & PRESENT:
                return None
            rights &= entry
            forbidden |= entry & NO_EXECUTE
            if shift == 12 or entry & LARGE and shift != 39:
                offset = address & ((1 << shift) - 1)
                return (entry & FRAME & ~((1 << shift) - 1)) + offset, rights | forbidden
            table = entry & FRAME
        return None

    def linear(self, root, address):
        """The qword at linear `address`."""
        found = self.walk(root, address)
        if found is None:
            raise Violation(f"{address:#x} is not mapped")
        return self.qword(found[0])

    def whole(self, root, address, size):
        """Brings a table that lies in one page."""
        found = self.walk(root, address)
        if found and address % PAGE + size <= PAGE:
            self.span(found[0] & ~7, size + 7 & ~7)


def physical_mode(number):
    gdb.execute(f"maintenance packet Qqemu.PhyMemMode:{number}", to_string=True)


class Tables:
    """GDTR, IDTR and TR, which gdb knows from the monitor alone. A healthy kernel loads them once."""

    def __init__(self):
        text = gdb.execute("monitor info registers", to_string=True)
        find = lambda name: re.search(rf"^{name}\s*=\s*(.*)$", text, re.MULTILINE)[1].split()
        self.gdt, self.gdt_limit = (int(field, 16) for field in find("GDT")[:2])
        self.idt, self.idt_limit = (int(field, 16) for field in find("IDT")[:2])
        self.task = int(find("TR")[1], 16)


class Return(gdb.Breakpoint):
    def __init__(self):
        super().__init__(f"*{SITE:#x}", internal=True)
        self.tables = None
        self.entries = {}
        self.known = {}
        self.changes = 0
        self.violation = None
        self.count = 0
        self.start = None
        self.seconds = 0

    def stop(self):
        if self.tables is None:
            self.tables = Tables()
        inferior = gdb.selected_inferior()
        frame = gdb.newest_frame()
        root = int(frame.read_register("cr3"))
        stack = int(frame.read_register("rsp")) & (1 << 64) - 1
        # The frame that iretq pops, in one piece; still a linear address.
        rip, cs, _, rsp, ss = struct.unpack("<5Q", inferior.read_memory(stack, 40))
        if cs & 3 == 0:
            return False
        physical_mode(1)
        try:
            if ss & 3 != 3 or rip >> 47 or rsp >> 47:
                raise Violation(f"the frame: rip {rip:#x} cs {cs:#x} rsp {rsp:#x} ss {ss:#x}")
            if not REMEMBERS or root not in self.known or not self.stands(inferior, self.known[root]):
                machine = Machine(inferior)
                self.audit(machine, root, (rip, rsp - 8))
                self.changes += self.entries.get(root, machine.entries) != machine.entries
                self.entries[root] = machine.entries
                if REMEMBERS:
                    self.known[root] = blocks(machine.read)
        except Violation as violation:
            self.violation = violation
            return True
        finally:
            physical_mode(0)
        self.count += 1
        if self.count == SKIPPED + 1:
            self.start = time.perf_counter()
        elif self.count == SKIPPED + RETURNS + 1:
            self.seconds = time.perf_counter() - self.start
            return True
        return False

    @staticmethod
    def stands(inferior, known):
        """Reads everything again."""
        for address, size, values in known:
            data = inferior.read_memory(address, size)
            for offset, value, mask in values:
                if struct.unpack_from("<Q", data, offset)[0] & ~mask != value:
                    return False
        return True

    def audit(self, machine, root, own):
        tables = self.tables
        for address in own:
            page = machine.walk(root, address)
            if page is None or not page[1] & USER:
                raise Violation(f"Ring 3's own page at {address:#x} is not mapped for it")
        machine.linear(root, tables.gdt + 8)
        machine.whole(root, tables.task, 104)
        machine.whole(root, tables.idt, tables.idt_limit + 1)
        self.stack(machine, root, self.word(machine, root, tables.task + 4), "RSP0")
        for vector in NEEDED:
            gate = tables.idt + vector * 16
            if vector * 16 + 15 > tables.idt_limit:
                raise Violation(f"the IDT ends before gate {vector:#x}")
            low, high = machine.linear(root, gate), machine.linear(root, gate + 8)
            if not low >> 47 & 1:
                raise Violation(f"gate {vector:#x} is not present")
            handler = low & 0xFFFF | low >> 32 & 0xFFFF_0000 | (high & 0xFFFF_FFFF) << 32
            page = machine.walk(root, handler)
            if page is None or page[1] & (USER | NO_EXECUTE):
                raise Violation(f"the handler of {vector:#x} at {handler:#x} cannot be executed")
            slot = low >> 32 & 7
            if slot:
                place = tables.task + 36 + (slot - 1) * 8
                self.stack(machine, root, self.word(machine, root, place), f"IST{slot}")

    @staticmethod
    def word(machine, root, address):
        """A qword that need not be aligned."""
        first = address & ~7
        low, high = machine.linear(root, first), machine.linear(root, first + 8)
        return (low | high << 64) >> (address - first) * 8 & (1 << 64) - 1

    @staticmethod
    def stack(machine, root, top, name):
        for address in {(top - 8) & -PAGE, (top - DEPTH) & -PAGE}:
            page = machine.walk(root, address)
            if page is None or not page[1] & WRITABLE or page[1] & USER:
                raise Violation(f"{name}: the stack page {address:#x} cannot be written")


def blocks(read):
    """What was read, as few requests: neighbours of one page within 512 bytes are fetched together."""
    found = []
    for address in sorted(read):
        value, mask = read[address]
        value &= ~mask
        if found and address // PAGE == found[-1][0] // PAGE and address - found[-1][0] <= 512 - 8:
            first, _, values = found[-1]
            values.append((address - first, value, mask))
            found[-1] = (first, address - first + 8, values)
        else:
            found.append((address, 8, [(0, value, mask)]))
    return found


for setting in ("pagination off", "confirm off", "architecture i386:x86-64", "remotetimeout 120"):
    gdb.execute(f"set {setting}")
gdb.execute(f"target remote {os.environ['ENDPOINT']}", to_string=True)
site = Return()
try:
    gdb.execute("continue", to_string=True)
except gdb.error as ending:
    print(f"yardstick: {ending}", flush=True)
if site.violation:
    print(f"yardstick: violated: {site.violation}", flush=True)
if site.seconds:
    qwords = max(len(entries) for entries in site.entries.values())
    print(f"yardstick: {RETURNS} returns, {1e6 * site.seconds / RETURNS:.1f} us each, {qwords} qwords, "
          f"{site.changes} changes", flush=True)
try:
    gdb.execute("kill", to_string=True)
except gdb.error:
    # The machine has ended.
    pass
