#!/usr/bin/env python3
"""Shows what a reader of a test run wants: compiler errors, failures with their texts, and the end. All of it goes to
build/test.log."""

import sys

with open("build/test.log", "w", encoding="utf-8") as log:
    in_failure = False
    for line in sys.stdin:
        log.write(line)
        log.flush()
        starts_entry = line[:1] in "◇✔✘↳" or line.startswith("[")
        if starts_entry:
            in_failure = line.startswith("✘")
        is_suite = line.startswith("✔ Suite") or line.startswith("✔ Test run")
        if in_failure or is_suite or "error:" in line or "warning:" in line:
            print(line, end="", flush=True)
