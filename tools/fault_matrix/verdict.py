"""Holds what was seen against what was expected."""

from dataclasses import dataclass, field

from .machine import MNEMONICS, number

# The running example's kernel stack: process 1's.
STACK_TOP = 0xFFFFC90000005000
STACK_BYTES = 0x4000


@dataclass
class Result:
    row: object
    violated: list = field(default_factory=list)
    causes: list = field(default_factory=list)
    # What follows from what, by rule.
    reasons: dict = field(default_factory=dict)
    fatal_causes: list = field(default_factory=list)
    happened: object = None
    model: str = ""
    diagnosis: str | None = None
    confidence: str | None = None
    problems: list = field(default_factory=list)
    verdict: str = "wrong"


def note_findings(result, audit):
    """The violated rules, and those among them that follow from no other."""
    violated = [finding for finding in audit.get("findings", []) if finding["verdict"] == "violated"]
    result.violated = sorted(finding["rule"] for finding in violated)
    independent = [finding for finding in violated if not finding.get("follows")]
    result.reasons = {finding["rule"]: set(finding.get("follows") or []) for finding in violated}
    result.causes = sorted(finding["rule"] for finding in independent)
    result.fatal_causes = sorted(finding["rule"] for finding in independent if finding["severity"] == "fatal")


def judge_rules(result):
    expected = result.row.rules
    missing = sorted(expected - set(result.violated))
    # It may follow from another that is expected, and from nothing else.
    hidden = sorted(
        rule for rule in expected & set(result.reasons) if result.reasons[rule] and not result.reasons[rule] & expected)
    surplus = sorted(set(result.fatal_causes) - expected)
    if not expected:
        surplus = sorted(set(result.violated))
    if missing:
        result.problems.append("not reported: " + " ".join(missing))
    if hidden:
        result.problems.append("only under what it follows from: " + " ".join(hidden))
    if surplus:
        result.problems.append("reported and not expected: " + " ".join(surplus))


class Places:
    """Resolves the names in the specification's fields."""

    def __init__(self, machine, happened):
        self.machine = machine
        self.happened = happened

    def agrees(self, name, text):
        happened, frame = self.happened, self.happened.frame
        if happened.kind == "shutdown":
            # Nothing was pushed: the registers are those of the program whose event was lost.
            value = {"cpl": happened.cpl, "rip": happened.rip, "cr2": happened.cr2}[name]
            return value == self.resolve(text)
        if name == "cpl":
            return len(frame) > 1 and frame[1] & 3 == int(text)
        words = dict(zip(("rip", "cs", "rflags", "rsp", "ss"), frame))
        value = {
            **words, "error": happened.error, "cr2": happened.cr2, "handler-rsp": happened.rsp,
            "isr": happened.in_service, "B": self.word(STACK_TOP - STACK_BYTES),
            "B+8": self.word(STACK_TOP - STACK_BYTES + 8)}.get(name)
        return value is not None and self.fits(value, text)

    def fits(self, value, text):
        if text == "IRETQ":
            return self.instruction(value, b"\x48\xcf")
        if text == "SYSRETQ":
            return self.instruction(value, b"\x48\x0f\x07")
        if text == "GUARD":
            frame = self.happened.frame
            return len(frame) > 3 and 0 <= frame[3] - value <= 4096
        expected = self.resolve(text)
        return expected is not None and value == expected

    def instruction(self, address, code):
        words = self.machine.read_words(address, 1)
        return bool(words) and words[0].to_bytes(8, "little").startswith(code)

    def word(self, address):
        words = self.machine.ask_words("x", address, 1)
        return words[0] if words else None

    def resolve(self, text):
        machine, frame = self.machine, self.happened.frame
        table = {
            "A-8": STACK_TOP - 8,
            "A-48": STACK_TOP - 48,
            "B": STACK_TOP - STACK_BYTES,
            "B-8": STACK_TOP - STACK_BYTES - 8,
            "UNCHANGED": number(machine.registers["cr2"]),
            "RSP": frame[3] if len(frame) > 3 else None,
            "SS": frame[4] if len(frame) > 4 else None,
            "GATE80": number(machine.registers["idtr"]["base"]) + 16 * 0x80,
            "HANDLER80": machine.gates.get(0x80),
            "IST2-8": machine.interrupt_stack(2) - 8,
            "LSTAR": machine.symbols.get("syscall_entry"),
            "USP-8": (frame[3] & ~15) - 8 if len(frame) > 3 else None,
            "USP-48": (frame[3] & ~15) - 48 if len(frame) > 3 else None,
        }
        return table[text] if text in table else int(text, 0)


def outcome_problem(expected, happened, machine):
    """Nil when the machine did what was expected, else one line."""
    said = f"expected {expected.text}, the machine: {happened.text}"
    if expected.kind in ("depends", "unsettled"):
        return None
    if expected.kind == "exception":
        if happened.kind != "exception" or happened.name not in expected.exceptions:
            return said
        if expected.shifted and not happened.is_shifted:
            return said
        if expected.kernel and (len(happened.frame) < 2 or happened.frame[1] & 3):
            return said
    elif expected.kind == "works":
        if happened.kind not in ("works", "delivered") and not (happened.kind == "exited" and happened.status == 33):
            return said
    elif expected.kind == "lost":
        if happened.kind != "delivered" or not happened.is_lost:
            return said
    elif expected.kind == "hang":
        if happened.kind != "hang" or happened.cpl != 3:
            return said
    elif happened.kind != expected.kind:
        return said
    places = Places(machine, happened)
    wrong = [name for name, text in expected.fields.items() if not places.agrees(name, text)]
    return f"{said} ({', '.join(wrong)})" if wrong else None


def describe_model(explanation):
    """What kdbg's delivery model says that the architecture does next, in the words of the specification."""
    chain = explanation.get("chain") or {}
    attempts = chain.get("attempts") or [{}]
    fault = explanation.get("returnFault")
    if fault:
        ring = "kernel " if fault["ring"] == 0 else ""
        return ring + attempts[0].get("name", "") + error_words(attempts[0])
    end = chain.get("end", "")
    if end == "delivered":
        vector = chain.get("vector")
        name = "int80" if vector == 0x80 else MNEMONICS.get(vector, f"vector {vector}")
        ring = "kernel " if number(chain["savedRIP"]) >> 63 else ""
        return ring + name + error_words(attempts[-1])
    return end


def error_words(attempt):
    return f" error={attempt['errorCode']}" if attempt.get("errorCode") is not None else ""


def foretold_places(explanation):
    """The saved RIP, and CR2 where the event is a page fault, as far as the model gives them."""
    chain = explanation.get("chain") or {}
    fault = explanation.get("returnFault")
    rip = fault["rip"] if fault else chain.get("savedRIP")
    found = {"rip": rip, "cr2": chain.get("cr2")}
    return {name: number(text) for name, text in found.items() if text is not None}


def model_problem(expected, explanation, places):
    """The same for a prediction about hardware, which no machine here can show."""
    predicted = describe_model(explanation).split()
    if expected.kind in ("depends", "unsettled", "works"):
        return None
    if expected.kind == "exception":
        error = expected.fields.get("error")
        agrees = any(name in predicted for name in expected.exceptions)
        agrees = agrees and (not expected.kernel or "kernel" in predicted)
        agrees = agrees and (error is None or f"error={int(error, 0):#x}" in predicted)
        for name, value in foretold_places(explanation).items():
            if name in expected.fields and not places.fits(value, expected.fields[name]):
                predicted.append(f"{name}={value:#x}")
                agrees = False
    elif expected.kind == "delivered":
        agrees = predicted[:1] == ["int80"]
    else:
        agrees = predicted == [expected.kind]
    said = " ".join(predicted) or "nothing"
    return None if agrees else f"the architecture: expected {expected.text}, the model says {said}"


def judge_diagnosis(result):
    expected = result.row.diagnoses
    if expected and result.diagnosis not in expected:
        result.problems.append(f"diagnosis: expected {' or '.join(sorted(expected))}, explain says {result.diagnosis}")
    elif expected and result.confidence == "guess":
        result.problems.append(f"diagnosis: {result.diagnosis} is no more than a guess")
