"""The specification's table: what every injected fault must come to."""

import re
from dataclasses import dataclass, field
from pathlib import Path

PATH = Path(__file__).parents[2] / "Tests" / "FaultMatrix" / "specification.tsv"


@dataclass(frozen=True)
class Outcome:
    """What a machine does when it goes on. `kind` is one of exception, delivered, shutdown, hang, abort, works,
    lost, depends and unsettled."""

    kind: str
    exceptions: tuple = ()
    kernel: bool = False
    shifted: bool = False
    fields: dict = field(default_factory=dict)
    text: str = ""


@dataclass(frozen=True)
class Row:
    identifier: str
    fault: str
    rules: frozenset
    tcg: Outcome
    hardware: Outcome
    diagnoses: frozenset
    note: str

    @property
    def modifiers(self):
        return self.fault.split(",")[1:]


def parse_outcome(text):
    words = text.split()
    head = [word for word in words if "=" not in word]
    fields = dict(word.split("=", 1) for word in words if "=" in word)
    kernel = "kernel" in head
    shifted = "shifted" in head
    names = [word for word in head if word.startswith("#")]
    if names:
        return Outcome("exception", tuple(names[0].split("|")), kernel, shifted, fields, text)
    kind = head[0] if head else "depends"
    if kind == "int80":
        return Outcome("delivered", fields=fields, text=text)
    # "often works": nothing that one machine could be held to.
    known = {"shutdown", "hang", "abort", "works", "lost", "depends", "unsettled"}
    return Outcome(kind if kind in known else "unsettled", fields=fields, text=text)


def words(text):
    return frozenset() if text == "-" else frozenset(text.split())


def load(path=PATH):
    rows = []
    for line in path.read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        cells = line.split("\t")
        if cells[0] == "row":
            continue
        if len(cells) != 7:
            raise SystemExit(f"fault-matrix: {path}: seven columns expected: {line!r}")
        identifier, fault, rules, tcg, hardware, diagnoses, note = cells
        machine = parse_outcome(tcg)
        rows.append(
            Row(
                identifier, fault, words(rules), machine,
                machine if hardware == "same" else parse_outcome(hardware), words(diagnoses), note))
    return rows


def matches(pattern, fault):
    return re.fullmatch(pattern.replace("*", ".*"), fault) is not None
