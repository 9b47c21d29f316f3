"""Holds kdbg to kernels that are known to be sound. Whatever the audit reports of them is a false alarm; and what the
inspector shows must be what QEMU's monitor says.

Usage: python3 -m linux_check [--smallest]     (from tools/, or through `make test-linux`)

Debian's Linux under QEMU, with and without page-table isolation, on one processor and on two: at its link address with its
symbols, and where it puts itself without any, until it is broken on purpose; and Ringside's own kernel while thousands of
processes come and go. `--smallest` takes one processor with isolation, and fewer returns. Writes
build/tests-linux.xml. KDBG, KERNEL and INITRD in the environment name other files than those in build/. The exit status
is 0 when nothing was wrong, 1 when something was, 2 when it could not be tried, 3 when Linux cannot be had here.
"""

import os
import sys
import tempfile
import xml.etree.ElementTree as tree
from dataclasses import dataclass
from pathlib import Path

from . import corruption, image, initramfs, inspector, machine, processes
from .witness import Witness

BUILD = Path(__file__).parents[2] / "build"
DECLARED = Path(__file__).with_name("linux.kdbg")
KDBG = os.environ.get("KDBG", str(BUILD / "kdbg"))
KERNEL = os.environ.get("KERNEL", str(BUILD / "kernel.elf"))
INITRD = os.environ.get("INITRD", str(BUILD / "initrd"))

OWN_RETURNS = 10000
# TSS and RSP0. Whose stack it is (RT-030) only the kernel knows.
STACK_RULES = tuple(f"RT-{number:03}" for number in range(20, 34) if number != 30)
# The machine is stopped so often, wherever it is, for the inspector.
STOPS = 4


@dataclass(frozen=True)
class Extent:
    returns: int
    # Here everything is asked every time, whole tables included.
    whole_returns: int
    machines: tuple


WHOLE = Extent(2000, 100, (("on", 1), ("on", 2), ("off", 1), ("off", 2)))
SMALLEST = Extent(300, 10, (("on", 1),))


@dataclass(frozen=True)
class Result:
    title: str
    problems: tuple = ()


def configuration(linux, isolation, directory):
    low, high = image.text_range(linux.elf)
    path = directory / f"pti-{isolation}.kdbg"
    path.write_text(
        DECLARED.read_text()
        + f"kernel-text = {low:#x}..{high:#x}\n"
        + f"page-table-isolation = {'yes' if isolation == 'on' else 'no'}\n"
    )
    return path


def check_linux(linux, archive, isolation, processors, extent, directory):
    name = f"Linux pti={isolation}, {processors} processor{'s' if processors > 1 else ''}"
    place = directory / f"{isolation}{processors}"
    place.mkdir()
    # Four levels on the first machine, for `info mem`; five on the others.
    levels = " no5lvl" if (isolation, processors) == extent.machines[0] else ""
    words = f"console=ttyS0 nokaslr panic=-1 pti={isolation}{levels}"
    guest = machine.Guest(linux.compressed, archive, words, "init: in Ring 3")
    isolated = "page tables isolation: enabled"
    with machine.booted(guest, processors, place) as running:
        if (isolated in running.console.read_text(errors="replace")) != (isolation == "on"):
            raise machine.Failed(f"{name}: Linux did not take pti={isolation}")
        common = [running.endpoint, "--symbols", str(linux.elf)]
        declared = ["--config", str(configuration(linux, isolation, place))]
        many, few = ["--returns", str(extent.returns)], ["--returns", str(extent.whole_returns)]
        whole = common + declared + ["--scope", "all"] + few
        results = [
            audit(name, common + many, extent.returns),
            audit(f"{name}, declared", common + declared + many, extent.returns),
            audit(f"{name}, declared, all rules each time", whole, extent.whole_returns),
        ]
        listed = place / "processes.kdbg"
        listed.write_text(processes.links(linux.elf, isolation))
        wrong, count = processes.compare(KDBG, common + ["--config", str(listed)], isolation)
        results = [result for result, _ in results] + [show(f"{name}, processes", f"{count} listed", wrong)]
        return results + [inspect(name, common, running)]


def check_unknown(linux, archive, isolation, processors, extent, directory):
    """Linux where its KASLR puts it, and a kdbg that has no file of it: what it declares depends on no address."""
    name = f"Linux without symbols, KASLR, pti={isolation}, {processors} processor{'s' if processors > 1 else ''}"
    place = directory / f"unknown-{isolation}{processors}"
    place.mkdir()
    declared = place / "linux.kdbg"
    lines = DECLARED.read_text().splitlines(keepends=True)
    declared.write_text("".join(line for line in lines if not line.startswith("entry-data")))
    guest = machine.Guest(linux.compressed, archive, f"console=ttyS0 panic=-1 pti={isolation}", "init: in Ring 3")
    with machine.booted(guest, processors, place) as running:
        arguments = [running.endpoint, "--config", str(declared), "--returns", str(extent.returns)]
        result, _ = audit(name, arguments, extent.returns, decided=STACK_RULES)
        found = corruption.corrupt(KDBG, [running.endpoint])
        return [result, show(f"{name}, RSP0's stack unmapped", "named by the next check", found)]


def check_own(extent, directory):
    """The audit: as many boots as it takes to see so many returns; each ends when the program does."""
    arguments = ["--run", KERNEL, "--initrd", INITRD, "--append", "init=/cycles", "--severity", "hygiene"]
    total, results = 0, []
    wanted = min(OWN_RETURNS, extent.returns * 5)
    while total < wanted and not any(result.problems for result in results):
        result, returns = audit("Ringside, /cycles", arguments + ["--console", os.devnull])
        results.append(result)
        total += returns
    place = directory / "own"
    place.mkdir()
    guest = machine.Guest(Path(KERNEL), Path(INITRD), "init=/echo", "BASELINE PASSED")
    with machine.booted(guest, 1, place) as running:
        return results + [inspect("Ringside, /echo", [running.endpoint, "--symbols", KERNEL], running)]


def audit(title, arguments, wanted=1, decided=()):
    """Lets the check run; the result, and how many returns it saw. The rules `decided` must not be left open."""
    status, answers = machine.check(KDBG, arguments)
    counts = next(answer["check"] for answer in answers if "check" in answer)
    by_instruction = {}
    for site in counts["sites"]:
        if site["returns"]:
            by_instruction[site["instruction"]] = by_instruction.get(site["instruction"], 0) + site["returns"]
    problems = [f"{finding['rule']} {finding['severity']}: {finding['text']}" for finding in violations(answers)]
    left_open = sorted(set(decided) & set(counts["unchecked"]))
    problems += [f"{rule} was not checked" for rule in left_open]
    if counts["returns"] < wanted:
        problems.append(f"{counts['returns']} returns and not {wanted}")
    if (status != 0 or not counts["held"]) and not problems:
        problems.append(f"kdbg ended with status {status}")
    returns = ", ".join(f"{number} by {instruction}" for instruction, number in sorted(by_instruction.items()))
    words = (
        f"{counts['returns']} returns ({returns}), remarks: {', '.join(counts['remarks']) or 'none'}, "
        f"not checked: {', '.join(counts['unchecked']) or 'none'}"
    )
    # A remark is a violation that weighs less than what is asked for here.
    right = status == 0 and counts["held"] and counts["returns"] >= wanted and not left_open
    return show(title, words, [] if right else problems), counts["returns"]


def inspect(name, arguments, running):
    """What kdbg shows at some stops against what QEMU says."""
    problems, walks, pages = [], 0, 0
    with Witness(running.witness) as witness:
        for seed in range(STOPS):
            witness.stop()
            differences, places, mapped = inspector.compare(KDBG, arguments, witness, seed)
            problems += differences
            walks += places
            pages += mapped
    return show(f"{name}, inspected", f"{STOPS} stops, {walks} walks, {pages} pages, gdt, idt, tss", problems)


def show(title, words, problems):
    print(f"{'WRONG' if problems else 'right'}  {title}: {words}", flush=True)
    for problem in problems[:20]:
        print(f"       {problem}", flush=True)
    return Result(title, tuple(problems))


def violations(value):
    """Every finding that is violated, wherever it stands in kdbg's answers."""
    if isinstance(value, dict):
        if value.get("verdict") == "violated":
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from violations(member)


def write_xunit(results, path):
    suite = tree.Element("testsuite", name="linux", tests=str(len(results)))
    for result in results:
        case = tree.SubElement(suite, "testcase", classname="linux", name=result.title)
        if result.problems:
            tree.SubElement(case, "failure", message="; ".join(result.problems[:5]))
    tree.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def main():
    extent = SMALLEST if "--smallest" in sys.argv[1:] else WHOLE
    missing = [path for path in (KDBG, KERNEL, INITRD) if not Path(path).exists()]
    if missing:
        print(f"test-linux: {missing[0]} is missing: run make build", file=sys.stderr)
        raise SystemExit(2)
    try:
        linux = image.fetch(BUILD / "linux")
        archive = initramfs.build(BUILD / "linux")
        print(f"test-linux: Debian's {linux.release}, {archive.stat().st_size} bytes of initramfs", flush=True)
        results = []
        with tempfile.TemporaryDirectory(prefix="test-linux-") as directory:
            for isolation, processors in extent.machines:
                results += check_linux(linux, archive, isolation, processors, extent, Path(directory))
                results += check_unknown(linux, archive, isolation, processors, extent, Path(directory))
            results += check_own(extent, Path(directory))
    except image.Unavailable as error:
        print(f"test-linux: {error}", file=sys.stderr)
        raise SystemExit(3) from error
    except (machine.Failed, OSError) as error:
        print(f"test-linux: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    write_xunit(results, BUILD / "tests-linux.xml")
    wrong = sum(bool(result.problems) for result in results)
    print(f"test-linux: {len(results)} checks, {wrong} wrong")
    raise SystemExit(1 if wrong else 0)


main()
