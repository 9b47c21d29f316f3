"""Where a Linux kernel keeps what a debugger wants of it, as its own file says: exported symbols, and offsets by BTF."""

import struct

from .image import Unavailable

BTF_MAGIC = 0xEB9F
STRUCT, UNION = 4, 5
# How many bytes follow a type of a kind: so many, and so many for each of its parts. Documentation/bpf/btf.rst.
FOLLOWING = {
    1: (4, 0), 3: (12, 0), STRUCT: (0, 12), UNION: (0, 12), 6: (0, 8), 13: (0, 8), 14: (4, 0), 15: (0, 12), 17: (4, 0),
    19: (0, 12),
}


class Layout:
    """A kernel's file."""

    def __init__(self, elf):
        self.data = elf.read_bytes()
        (table,) = struct.unpack_from("<Q", self.data, 0x28)
        size, count, names = struct.unpack_from("<HHH", self.data, 0x3A)
        headers = [struct.unpack_from("<IIQQQQ", self.data, table + size * number) for number in range(count)]
        self.sections = {
            self.text(headers[names][4] + name): (address, offset, length)
            for name, _, _, address, offset, length in headers
        }
        self.types = None

    def text(self, offset):
        return self.data[offset : self.data.index(0, offset)].decode()

    def section(self, name):
        if name not in self.sections:
            raise Unavailable(f"the kernel's file has no section {name}")
        return self.sections[name]

    def exported(self, *wanted):
        """The link addresses of these symbols. include/linux/export.h: three distances, each from its own place."""
        found = {}
        strings, at, _ = self.section("__ksymtab_strings")
        for name in ("__ksymtab", "__ksymtab_gpl"):
            address, offset, length = self.section(name)
            for entry in range(0, length, 12):
                value, title = struct.unpack_from("<ii", self.data, offset + entry)
                title = self.text(address + entry + 4 + title - strings + at)
                if title in wanted:
                    found[title] = address + entry + value
        if set(wanted) - found.keys():
            raise Unavailable(f"the kernel exports no {', '.join(set(wanted) - found.keys())}")
        return [found[name] for name in wanted]

    def offset(self, structure, member):
        """Of a member, in bytes; also of one of an unnamed part."""
        if self.types is None:
            self.types = self.read_types()
        for name, kind, flag, members in self.types:
            if kind == STRUCT and members and self.name(name) == structure:
                bits = self.find(members, flag, member)
                if bits is not None and bits % 8 == 0:
                    return bits // 8
        raise Unavailable(f"the kernel's BTF has no {structure}.{member}")

    def name(self, offset):
        return self.text(self.strings + offset)

    def read_types(self):
        _, start, length = self.section(".BTF")
        magic, _, _, header, types, size, strings, _ = struct.unpack_from("<HBBIIIII", self.data, start)
        if magic != BTF_MAGIC:
            raise Unavailable("the kernel's BTF is none")
        self.strings = start + header + strings
        # Numbers begin at 1: 0 is void.
        place, found = start + header + types, [(0, 0, 0, ())]
        end = place + size
        while place < end:
            name, info, _ = struct.unpack_from("<III", self.data, place)
            kind, parts, flag = info >> 24 & 0x1F, info & 0xFFFF, info >> 31
            once, each = FOLLOWING.get(kind, (0, 0))
            members = ()
            if kind in (STRUCT, UNION):
                members = tuple(struct.iter_unpack("<III", self.data[place + 12 : place + 12 + 12 * parts]))
            found.append((name, kind, flag, members))
            place += 12 + once + each * parts
        return found

    def find(self, members, flag, wanted):
        for name, kind, offset in members:
            # With the flag the upper byte is the width of a bit field.
            bits = offset & 0xFFFFFF if flag else offset
            if name and self.name(name) == wanted:
                return bits
            if not name:
                _, inner, inner_flag, parts = self.types[kind]
                below = self.find(parts, inner_flag, wanted) if inner in (STRUCT, UNION) else None
                if below is not None:
                    return bits + below
        return None
