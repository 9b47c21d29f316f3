"""Holds what kdbg shows of a stopped machine to what QEMU's monitor says: `map`, `walk`, `gdt`, `idt`, `tss`."""

import bisect
import json
import random
import subprocess

from . import maps
from .machine import Failed

LIMIT_SECONDS = 120
WALKS = 400
CR4_LA57 = 1 << 12
GENERAL = {"RAX", "RBX", "RCX", "RDX", "RSI", "RDI", "RBP", "RSP", "RIP", *(f"R{number}" for number in range(8, 16))}
STACKS = ("RSP0", "RSP1", "RSP2", "IST1", "IST2", "IST3", "IST4", "IST5", "IST6", "IST7")


def compare(kdbg, arguments, witness, seed):
    """The differences, in words; how many addresses were walked, and how many pages are mapped. The machine must stand,
    and goes on afterwards.
    """
    registers, chance = witness.registers(), random.Random(seed)
    if {"CR3", "CR4", "GDT", "IDT", "TR"} - registers.keys():
        raise Failed("QEMU's monitor does not show the registers")
    # With five levels QEMU's `info mem` prints nothing, after a long time.
    ranges = [] if registers["CR4"] & CR4_LA57 else witness.mapped_ranges()
    places = borders(ranges, chance) if ranges else neighbourhoods(registers, chance)
    expected = [witness.physical(place) for place in places]
    listed = witness.monitor("info tlb")
    tables = {
        "gdt": witness.words(registers["GDT"][0], (registers["GDT"][1] + 1) // 8),
        "idt": witness.words(registers["IDT"][0], (registers["IDT"][1] + 1) // 8),
        "tss": witness.words(registers["TR"][1], 13),
    }
    # Last, because the machine goes on when kdbg lets go of it.
    commands = ["cr3", "gdt", "idt", "tss", "map --leaves"] + [f"walk {place:#x}" for place in places]
    answers = ask(kdbg, arguments, commands)
    root, gdt, idt, tss, leaves, *walks = answers
    differences = [] if int(root["cr3"], 16) == registers["CR3"] else [f"cr3: {root['cr3']}"]
    differences += base_and_limit("gdt", gdt, registers["GDT"]) + base_and_limit("idt", idt, registers["IDT"])
    differences += compare_descriptors(gdt, tables["gdt"])
    differences += compare_gates(idt, tables["idt"])
    differences += compare_stacks(tss, tables["tss"])
    wrong, pages = maps.compare(leaves, listed, ranges)
    differences += wrong
    for place, physical, walk in zip(places, expected, walks, strict=True):
        differences += compare_walk(place, physical, rights_at(place, ranges), walk)
    return differences, len(places), pages


def ask(kdbg, arguments, commands):
    script = "".join(f"{command}\n" for command in commands)
    done = subprocess.run(
        [kdbg, "attach", *arguments, "--json", "--keep-going"], input=script, capture_output=True, text=True,
        timeout=LIMIT_SECONDS,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    answers = [answer for answer in answers if answer.get("command") not in ("attach", None)]
    if len(answers) != len(commands):
        raise Failed(f"kdbg answered {len(answers)} of {len(commands)} commands: {(done.stdout + done.stderr)[-1000:]}")
    return answers


def neighbourhoods(registers, chance):
    """Pages around what the registers hold: mapped ones, unmapped ones, and what is in between."""
    bases = [value for name, value in registers.items() if name in GENERAL] + [registers["GDT"][0], registers["IDT"][0]]
    places = {(base + 4096 * chance.randrange(-64, 64)) % (1 << 64) for base in bases for _ in range(12)}
    return sorted(place for place in {*bases, *places} if canonical(place, 57))


def borders(ranges, chance):
    """Both sides of every border, and pages in between; at most so many."""
    places = set()
    for start, end, _ in ranges:
        middle = start + chance.randrange(end - start)
        places |= {start, end - 1, middle, *(place for place in (start - 1, end) if canonical(place, 48))}
    places = sorted(places)
    return places if len(places) <= WALKS else sorted(chance.sample(places, WALKS))


def canonical(place, bits):
    """Whether the linear address is one of `bits` bits, their highest one repeated. SDM Vol. 1, 3.3.7.1."""
    half = 1 << bits - 1
    return 0 <= place < half or (1 << 64) - half <= place < 1 << 64


def rights_at(place, ranges):
    position = bisect.bisect_right(ranges, place, key=lambda found: found[0]) - 1
    return ranges[position][2] if position >= 0 and place < ranges[position][1] else None


def compare_walk(place, physical, rights, walk):
    seen = int(walk["physical"], 16) if walk["outcome"] == "mapped" else None
    differences = []
    if seen != physical:
        differences.append(f"walk {place:#x}: {walk['outcome']} {walk.get('physical')} and not {physical}")
    if seen is not None and rights is not None:
        words = ("u" if walk["rights"]["user"] else "-") + "r" + ("w" if walk["rights"]["write"] else "-")
        if words != rights:
            differences.append(f"walk {place:#x}: {words} and not {rights}")
    return differences


def base_and_limit(name, answer, expected):
    seen = (int(answer["base"], 16), int(answer["limit"], 16))
    return [] if seen == expected else [f"{name}: base and limit {seen} and not {expected}"]


def compare_descriptors(answer, words):
    """SDM Vol. 3A, 3.4.5 and 7.2.3, decoded here once more."""
    differences, seen = [], {int(entry["selector"], 16): entry for entry in answer["entries"]}
    index = 0
    while index < len(words):
        word, entry = words[index], seen.pop(index * 8, None)
        is_system = word >> 44 & 1 == 0 and word >> 40 & 0xF in (2, 9, 11, 12)
        if entry is None:
            differences.append(f"gdt: selector {index * 8:#x} is missing")
        elif word:
            limit = word & 0xFFFF | word >> 32 & 0xF0000
            base = word >> 16 & 0xFFFFFF | word >> 32 & 0xFF000000
            if is_system:
                base |= words[index + 1] << 32 & 0xFFFFFFFF00000000
            decoded = {
                "raw": word, "limit": limit << 12 | 0xFFF if word >> 55 & 1 else limit, "base": base,
                "dpl": word >> 45 & 3, "present": word >> 47 & 1, "long": word >> 53 & 1 if not is_system else 0,
            }
            differences += fields(f"gdt {index * 8:#x}", entry, decoded)
        index += 2 if is_system and word else 1
    return differences + [f"gdt: selector {selector:#x} is not there" for selector in seen]


def compare_gates(answer, words):
    """SDM Vol. 3A, 6.14.1."""
    differences, seen = [], {gate["vector"]: gate for gate in answer["gates"]}
    for vector in range(len(words) // 2):
        low, high = words[2 * vector : 2 * vector + 2]
        gate = seen.pop(vector, None)
        if gate is None:
            # What is not present has nothing to show.
            if low >> 47 & 1:
                differences.append(f"idt: vector {vector} is missing")
            continue
        decoded = {
            "offset": low & 0xFFFF | low >> 32 & 0xFFFF0000 | high << 32 & 0xFFFFFFFF00000000,
            "selector": low >> 16 & 0xFFFF, "ist": low >> 32 & 7, "dpl": low >> 45 & 3, "present": low >> 47 & 1,
        }
        differences += fields(f"idt {vector}", gate, decoded)
        if decoded["present"] and gate["kind"] != {14: "interrupt gate", 15: "trap gate"}.get(low >> 40 & 0xF):
            differences.append(f"idt {vector}: {gate['kind']} for type {low >> 40 & 0xF}")
    return differences + [f"idt: vector {vector} is not there" for vector in seen]


def compare_stacks(answer, words):
    """SDM Vol. 3A, figure 7-11: RSP0 at 4, IST1 at 36."""
    data = b"".join(word.to_bytes(8, "little") for word in words)
    offsets = [4, 12, 20] + [36 + 8 * number for number in range(7)]
    expected = {name: int.from_bytes(data[at : at + 8], "little") for name, at in zip(STACKS, offsets, strict=True)}
    seen = {stack["field"]: int(stack["pointer"], 16) for stack in answer["stacks"]}
    return [
        f"tss: {name} is {seen.get(name, -1):#x} and not {value:#x}"
        for name, value in expected.items()
        if seen.get(name) != value
    ]


def fields(place, answer, decoded):
    differences = []
    for name, value in decoded.items():
        seen = answer[name]
        seen = int(seen, 16) if isinstance(seen, str) else int(seen)
        if seen != value:
            differences.append(f"{place}: {name} is {seen:#x} and not {value:#x}")
    return differences
