"""Holds the audit to kernels that are known to be sound: whatever it reports is a false alarm.

Usage: python3 -m linux_check     (from tools/, or through `make test-linux`)

Debian's Linux under QEMU, with and without page-table isolation, on one processor and on two; and Ringside's own kernel
while thousands of processes come and go. KDBG, KERNEL and INITRD in the environment name other files than those in
build/. The exit status is 0 when nothing fatal and no breach of security was reported, 1 when something was, 2 when it
could not be tried.
"""

import os
import sys
import tempfile
from pathlib import Path

from . import image, initramfs, machine

BUILD = Path(__file__).parents[2] / "build"
DECLARED = Path(__file__).with_name("linux.kdbg")
KDBG = os.environ.get("KDBG", str(BUILD / "kdbg"))
KERNEL = os.environ.get("KERNEL", str(BUILD / "kernel.elf"))
INITRD = os.environ.get("INITRD", str(BUILD / "initrd"))

LINUX_RETURNS = 2000
# Here everything is asked every time, whole tables included.
WHOLE_RETURNS = 100
OWN_RETURNS = 10000


def configuration(linux, isolation, directory):
    low, high = image.text_range(linux.elf)
    path = directory / f"pti-{isolation}.kdbg"
    path.write_text(
        DECLARED.read_text()
        + f"kernel-text = {low:#x}..{high:#x}\n"
        + f"page-table-isolation = {'yes' if isolation == 'on' else 'no'}\n"
    )
    return path


def audit_linux(linux, archive, isolation, processors, directory):
    name = f"pti={isolation}, {processors} processor{'s' if processors > 1 else ''}"
    sockets = directory / f"{isolation}{processors}"
    sockets.mkdir()
    isolated = "page tables isolation: enabled"
    with machine.booted(linux, archive, "linux", f"pti={isolation}", processors, sockets) as (endpoint, console):
        if (isolated in console.read_text(errors="replace")) != (isolation == "on"):
            raise machine.Failed(f"{name}: Linux did not take pti={isolation}")
        common = [endpoint, "--symbols", str(linux.elf)]
        declared = ["--config", str(configuration(linux, isolation, sockets))]
        many, few = ["--returns", str(LINUX_RETURNS)], ["--returns", str(WHOLE_RETURNS)]
        checks = [
            (name, many, LINUX_RETURNS),
            (f"{name}, declared", declared + many, LINUX_RETURNS),
            (f"{name}, declared, all rules each time", declared + ["--scope", "all"] + few, WHOLE_RETURNS),
        ]
        return [report(f"Linux {title}", common + words, wanted)[0] for title, words, wanted in checks]


def audit_own():
    """As many boots as it takes to see so many returns; each ends when the program does."""
    arguments = ["--run", KERNEL, "--initrd", INITRD, "--append", "init=/cycles", "--severity", "hygiene"]
    console = ["--console", os.devnull]
    total, results = 0, []
    while total < OWN_RETURNS and all(results):
        right, returns = report("Ringside, /cycles", arguments + console)
        results.append(right)
        total += returns
    return results


def report(title, arguments, wanted=1):
    """Prints one line, and what was violated. Whether all held, for as many returns as were asked for; and how many."""
    status, answers = machine.check(KDBG, arguments)
    counts = next(answer["check"] for answer in answers if "check" in answer)
    by_instruction = {}
    for site in counts["sites"]:
        if site["returns"]:
            by_instruction[site["instruction"]] = by_instruction.get(site["instruction"], 0) + site["returns"]
    right = status == 0 and counts["held"] and counts["returns"] >= wanted
    returns = ", ".join(f"{number} by {instruction}" for instruction, number in sorted(by_instruction.items()))
    print(
        f"{'right' if right else 'WRONG'}  {title}: {counts['returns']} returns ({returns}), "
        f"remarks: {', '.join(counts['remarks']) or 'none'}, not checked: {', '.join(counts['unchecked']) or 'none'}",
        flush=True,
    )
    if not right:
        for finding in violations(answers):
            print(f"       {finding['rule']} {finding['severity']}: {finding['text']}", flush=True)
    return right, counts["returns"]


def violations(value):
    """Every finding that is violated, wherever it stands in kdbg's answers."""
    if isinstance(value, dict):
        if value.get("verdict") == "violated":
            yield value
        value = list(value.values())
    if isinstance(value, list):
        for member in value:
            yield from violations(member)


def main():
    missing = [path for path in (KDBG, KERNEL, INITRD) if not Path(path).exists()]
    if missing:
        raise SystemExit(f"test-linux: {missing[0]} is missing: run make build")
    try:
        linux = image.fetch(BUILD / "linux")
        archive = initramfs.build(BUILD / "linux")
        print(f"test-linux: Debian's {linux.release}, {archive.stat().st_size} bytes of initramfs", flush=True)
        results = []
        with tempfile.TemporaryDirectory(prefix="test-linux-") as directory:
            for isolation in ("on", "off"):
                for processors in (1, 2):
                    results += audit_linux(linux, archive, isolation, processors, Path(directory))
        results += audit_own()
    except (image.Unavailable, machine.Failed) as error:
        print(f"test-linux: {error}", file=sys.stderr)
        raise SystemExit(2) from error
    wrong = results.count(False)
    print(f"test-linux: {len(results)} checks, {wrong} wrong")
    raise SystemExit(1 if wrong else 0)


main()
