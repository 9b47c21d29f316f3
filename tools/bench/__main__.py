"""Measures what the documents claim, prints a table and writes build/bench.json. Usage: python3 tools/bench [PART ...]

Every figure is the median of at least five rounds; where a figure is a ratio, yardstick and subject alternate in one
run, because these times come from machines that do other work too. Limits are printed with their figures; nothing here
passes or fails on a time.
"""

import os
import sys

import audit
import changes
import check
import condition
import dump
import machine
import maps
import reads
import record
import stub
import traffic

PARTS = {part.__name__: part for part in (audit, check, changes, reads, stub, dump, traffic, condition, maps)}


def main():
    wanted = sys.argv[1:] or list(PARTS)
    for name in wanted:
        if name not in PARTS:
            sys.exit(f"bench: there is no part '{name}', only {' '.join(PARTS)}")
    for needed in (machine.KDBG, machine.KERNEL, machine.PLAIN_KERNEL, machine.INITRD):
        if not os.path.exists(needed):
            sys.exit(f"bench: {needed} is missing; run make bench")
    table = record.Table()
    for name in wanted:
        PARTS[name].measure(table)
    if wanted == list(PARTS):
        table.write()


if __name__ == "__main__":
    main()
