#!/usr/bin/env python3
"""Adds up the xUnit files of a test run and prints `N passed, M failed`. The exit status is 0 only when the run itself
ended well, something ran, and nothing failed.

Usage: count-tests.py STATUS LINT-STATUS FILE...
"""

import sys
import xml.etree.ElementTree as tree


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
            failure = case.find("failure")
            if failure is None:
                failure = case.find("error")
            if failure is not None:
                failed += 1
                text = " ".join((failure.get("message") or failure.text or "").split())
                failures.append(f"{case.get('classname')}.{case.get('name')}: {text[:400]}")
            else:
                passed += 1
    # The formatter and the Embedded Swift compiler count as one test.
    if lint:
        failed += 1
    else:
        passed += 1
    # A run that died or did not compile has failed, whatever was counted before.
    if status != 0 and failed == 0:
        print(f"test: the test run ended with status {status}; see build/test.log", file=sys.stderr)
        failed = 1
    # At the end, where a log that was cut short still has them.
    for failure in failures:
        print(f"failed: {failure}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(0 if failed == 0 and passed > 1 else 1)


main()
