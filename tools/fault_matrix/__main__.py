"""Provokes every fault of the kernel's list and holds kdbg and the machine to the specification.

Usage: python3 -m fault_matrix [PATTERN...]     (from tools/, or through `make fault-matrix`)

A pattern is the name of a fault, `*` for any text. Writes build/fault-matrix.md, .json and build/tests-fault-matrix.xml.
KDBG, KERNEL and INITRD in the environment name other files than those in build/. The exit status is 0 when no row is wrong.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import report, specification
from .run import run

BUILD = Path(__file__).parents[2] / "build"
WORKERS = 2


@dataclass(frozen=True)
class Paths:
    kdbg: str = os.environ.get("KDBG", str(BUILD / "kdbg"))
    kernel: str = os.environ.get("KERNEL", str(BUILD / "kernel.elf"))
    initrd: str = os.environ.get("INITRD", str(BUILD / "initrd"))


def read_symbols(kernel):
    listing = subprocess.run(["nm", kernel], check=True, capture_output=True, text=True, timeout=60).stdout
    symbols = {}
    for line in listing.splitlines():
        parts = line.split()
        if len(parts) == 3:
            symbols[parts[2]] = int(parts[0], 16)
    return symbols


def main():
    paths = Paths()
    missing = [path for path in (paths.kdbg, paths.kernel, paths.initrd) if not Path(path).exists()]
    if missing:
        raise SystemExit(f"fault-matrix: {missing[0]} is missing: run make build")
    rows = specification.load()
    patterns = sys.argv[1:]
    if patterns:
        rows = [row for row in rows if any(specification.matches(pattern, row.fault) for pattern in patterns)]
        if not rows:
            raise SystemExit(f"fault-matrix: no row matches {' '.join(patterns)}")
    symbols = read_symbols(paths.kernel)

    def show(row):
        result = run(row, paths, symbols)
        remark = f"  {'; '.join(result.problems)}" if result.problems else ""
        print(f"{result.verdict:13} {row.identifier} {row.fault}{remark}", flush=True)
        return result

    with ThreadPoolExecutor(WORKERS) as pool:
        results = list(pool.map(show, rows))
    report.write_json(results, BUILD / "fault-matrix.json")
    report.write_markdown(results, BUILD / "fault-matrix.md")
    report.write_xunit(results, BUILD / "tests-fault-matrix.xml")
    print(f"fault-matrix: {len(results)} rows: {report.counts(results)}")
    sys.exit(any(result.verdict == "wrong" for result in results))


main()
