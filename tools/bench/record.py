"""The table, and build/bench.json."""

import json
import os
import statistics
import time

from machine import ROOT

ROUNDS = 5


def timed(action):
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def repeated(action, count):
    """Milliseconds of one `action`, in ROUNDS rounds of `count`."""
    return [1000 * timed(lambda: [action() for _ in range(count)]) / count for _ in range(ROUNDS)]


class Table:
    """Prints each figure as it comes. A figure may have a limit, which is printed with it and fails nothing."""

    def __init__(self):
        self.results = []

    def add(self, name, values, unit, at_most=None, at_least=None):
        value = statistics.median(values)
        result = {"name": name, "value": round(value, 6), "unit": unit, "rounds": len(values)}
        limit = ""
        for word, goal, holds in (
                ("at most", at_most, at_most is None or value <= at_most),
                ("at least", at_least, at_least is None or value >= at_least)):
            if goal is not None:
                result |= {"goal": goal, "goalIs": word, "holds": holds}
                limit = f"  {word} {goal}: {'holds' if holds else 'DOES NOT HOLD'}"
        self.results.append(result)
        print(f"{name:34} {value:12.4f} {unit:22} {len(values)} rounds, "
              f"{min(values):.4f} .. {max(values):.4f}{limit}", flush=True)

    def write(self):
        with open(os.path.join(ROOT, "build/bench.json"), "w", encoding="utf-8") as file:
            json.dump(self.results, file, indent=2)
            file.write("\n")
        print("written: build/bench.json")
