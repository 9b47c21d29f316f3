"""Holds `map --leaves` to QEMU's `info tlb` and `info mem`, page for page."""

import bisect
import re

TABLE_BYTES = {"PT": 1 << 21, "PD": 1 << 30, "PDPT": 1 << 39, "PML4": 1 << 48}
MOST_DIFFERENCES = 5


def compare(answer, listed, ranges):
    """The differences in words; `listed` is what `info tlb` prints, `ranges` are those of `info mem`, if it has any."""
    pages = expand(answer["items"])
    expected = {
        int(start, 16): (int(physical, 16), flags)
        for start, physical, flags in re.findall(r"^([0-9a-f]{16}): ([0-9a-f]{16}) (\S{9})$", listed, re.M)
    }
    differences = []
    if len(pages) != answer_pages(answer["totals"]):
        differences.append(f"map: {len(pages)} pages listed, {answer_pages(answer['totals'])} counted")
    seen = {start for start, _, _ in pages}
    if not answer["totals"]["complete"] or len(seen) != len(pages):
        differences.append("map: the list is cut short, or has a page twice")
    differences += [f"map: {start:#x} is missing" for start in sorted(expected.keys() - seen)][:MOST_DIFFERENCES]
    differences += [f"map: {start:#x} is not mapped" for start in sorted(seen - expected.keys())][:MOST_DIFFERENCES]
    starts = [start for start, _, _ in ranges]
    wrong = []
    for start, physical, item in pages:
        if start in expected:
            wrong += compare_page(start, physical, item, *expected[start])
            wrong += compare_rights(start, item["rights"], ranges, starts)
    return differences + wrong[:MOST_DIFFERENCES], len(pages)


def answer_pages(totals):
    return sum(totals["pages"].values())


def expand(items):
    """(start, physical, item) of every page, in the order of the addresses; of repeated tables as often as they come."""
    pages, starts = [], []

    def add(start, physical, item):
        pages.append((start, physical, item))
        starts.append(start)

    for item in items:
        start = int(item["start"], 16)
        if item["kind"] == "pages":
            add(start, int(item["physical"], 16), item)
        elif item["kind"] == "repetition":
            first, size = int(item["first"], 16), TABLE_BYTES[item["level"]]
            low, high = bisect.bisect_left(starts, first), bisect.bisect_left(starts, first + size)
            once = pages[low:high]
            for number in range(item["count"]):
                for at, physical, page in once:
                    add(at - first + start + number * size, physical, page)
    return pages


def compare_page(start, physical, item, expected, flags):
    differences = []
    if physical != expected:
        differences.append(f"map {start:#x}: {physical:#x} and not {expected:#x}")
    if item["global"] != (flags[1] == "G"):
        differences.append(f"map {start:#x}: global is {item['global']}, QEMU shows {flags}")
    # QEMU shows the leaf's own bit; a table above may take the right away as well.
    if flags[0] == "X" and item["rights"]["execute"]:
        differences.append(f"map {start:#x}: executable, QEMU shows {flags}")
    if (item["pageSize"] > 4096) != (flags[2] == "P"):
        differences.append(f"map {start:#x}: {item['pageSize']} bytes, QEMU shows {flags}")
    return differences


def compare_rights(start, rights, ranges, starts):
    """`info mem` has what survives all levels."""
    if not ranges:
        return []
    position = bisect.bisect_right(starts, start) - 1
    words = ("u" if rights["user"] else "-") + "r" + ("w" if rights["write"] else "-")
    if position < 0 or start >= ranges[position][1]:
        return [f"map {start:#x}: QEMU has no range there"]
    return [] if words == ranges[position][2] else [f"map {start:#x}: {words} and not {ranges[position][2]}"]
