#!/usr/bin/env python3
"""Adds up the xUnit files of a test run and prints `N passed, M failed`. The exit status is 0 only when the run itself
ended well, something ran, and nothing failed.

What failed comes last, with its whole message where there is room: whoever keeps the end of a log keeps that.

Usage: count-tests.py STATUS LINT-STATUS FILE...
"""

import sys
import xml.etree.ElementTree as tree

# In characters: of all messages together, and of one.
ROOM = 7000
LONGEST = 4000
# Names at the least.
SHORTEST = 200


def main():
    status, lint = int(sys.argv[1]), int(sys.argv[2])
    passed = failed = 0
    failures = []
    for path in sys.argv[3:]:
        try:
            root = tree.parse(path).getroot()
        except (OSError, tree.ParseError) as error:
            print(f"test: {path}: {error}", file=sys.stderr)
            continue
        for case in root.iter("testcase"):
            found = case.findall("failure") + case.findall("error")
            if found:
                failed += 1
                text = "; ".join((failure.get("message") or failure.text or "").strip() for failure in found)
                failures.append(f"{case.get('classname')}.{case.get('name')}: {text}")
            else:
                passed += 1
    # The formatter and the Embedded Swift compiler count as one test.
    if lint:
        failed += 1
        failures.append("make lint: see above")
    else:
        passed += 1
    # A run that died or did not compile has failed, whatever was counted before.
    if status != 0 and failed == 0:
        print(f"test: the test run ended with status {status}; see build/test.log", file=sys.stderr)
        failed = 1
    sys.stderr.flush()
    for failure in shortened(failures):
        print(f"failed: {failure}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(0 if failed == 0 and passed > 1 else 1)


def shortened(failures):
    """The failures in the room that there is: what a short one leaves, the longer ones get."""
    room = ROOM
    lengths = {}
    for left, position in enumerate(sorted(range(len(failures)), key=lambda place: len(failures[place]))):
        share = max(min(room // (len(failures) - left), LONGEST), SHORTEST)
        lengths[position] = min(share, len(failures[position]))
        room -= lengths[position]
    for position, failure in enumerate(failures):
        length = lengths[position]
        # The beginning says what was expected, and the end what came last.
        yield failure if len(failure) <= length else f"{failure[: length * 2 // 3]} [...] {failure[-(length // 3) :]}"


main()
