"""One row: the verdict before the return, then what the machine does, then the explanation."""

from . import verdict
from .debugger import Debugger, Lost
from .machine import Happened, Machine

ANSWER_SECONDS = 120
HANG_SECONDS = 4
# Entries that may come before the one that a row is about: interrupts, and whatever leads to the fault in the kernel.
MOST_PASSED = 2000
SYSTEM_CALL = 0x80
# Acts of the program /provoke whose instruction itself raises the event. They lie behind a computed jump.
ACTS = {"ud2": 2, "push": 6}
FIRST_ACT = 0x10000120
ACT_BYTES = 64


def run(row, paths, symbols):
    result = verdict.Result(row)
    options = ["--cpus", "2"] if row.fault.startswith("smp-") else []
    try:
        with Debugger(paths.kdbg, paths.kernel, paths.initrd, row.fault, ANSWER_SECONDS, options) as debugger:
            follow(result, debugger, symbols)
    except Lost as lost:
        if row.tcg.kind == "abort" and result.violated:
            result.happened = Happened("abort")
        else:
            result.problems.append(str(lost))
    conclude(result)
    return result


def follow(result, debugger, symbols):
    row = result.row
    verdict.note_findings(result, debugger.ask("audit"))
    if row.rules and not row.rules & set(result.violated):
        # The fault is in a later return, or is done by the first system call.
        later = debugger.go_on(ANSWER_SECONDS)
        if later.get("stop") == "violation":
            verdict.note_findings(result, debugger.ask("audit"))
        elif later.get("stop") != "counted":
            conclude_early(result, debugger, symbols, later)
            return
    verdict.judge_rules(result)
    # An instruction that was executed before the return is out of the model's sight.
    is_modelled = row.tcg is not row.hardware and row.tcg.kind != "abort"
    foretold = debugger.ask("explain --engine architecture" if is_modelled else "explain")
    debugger.ask("check off")
    machine = Machine(debugger, symbols)
    if is_modelled and not foretold.get("returnFault"):
        foretold = foretell_at_act(row, debugger) or foretold
    machine.watch_entries()
    if "nmi" in row.modifiers:
        debugger.ask("stepi")
        debugger.ask("monitor nmi")
    result.happened = go_to_outcome(row, debugger, machine)
    problem = verdict.outcome_problem(row.tcg, result.happened, machine)
    if problem:
        result.problems.append(problem)
    if is_modelled:
        judge_model(result, debugger, foretold, verdict.Places(machine, result.happened))
    if row.diagnoses and result.happened.kind not in ("exited", "abort"):
        explained = debugger.ask("explain")
        result.diagnosis, result.confidence = explained.get("cause"), explained.get("confidence")
        if result.happened.kind in ("delivered", "works"):
            # What no machine here shows, or not yet, is explained where it is foretold.
            result.diagnosis = (foretold.get("foreseen") or {}).get("cause")
            result.confidence = "foretold"
    verdict.judge_diagnosis(result)


def foretell_at_act(row, debugger):
    """Where Ring 3 stands at the instruction of the act, what it raises can be told from the instruction."""
    acts = [number for name, number in ACTS.items() if name in row.modifiers]
    if not acts:
        return None
    breakpoint = debugger.ask(f"break *{FIRST_ACT + ACT_BYTES * acts[0]:#x}")
    debugger.go_on(ANSWER_SECONDS)
    foretold = debugger.ask("explain --engine architecture")
    debugger.ask(f"delete {breakpoint['number']}")
    return foretold


def judge_model(result, debugger, foretold, places):
    """What the architecture would do: foretold before the return, or replayed where only what happened names the event."""
    problem = verdict.model_problem(result.row.hardware, foretold, places)
    if problem and result.happened.kind == "exception":
        foretold = debugger.ask("explain --engine architecture")
        problem = verdict.model_problem(result.row.hardware, foretold, places)
    result.model = verdict.describe_model(foretold)
    if problem:
        result.problems.append(problem)


def conclude_early(result, debugger, symbols, later):
    """The machine ended under the check: what it came to is all that can be judged."""
    explained = later.get("explanation") or {}
    if explained.get("rule"):
        # No return was left at which the audit could have named it.
        result.violated.append(explained["rule"])
    verdict.judge_rules(result)
    machine = Machine(debugger, symbols)
    result.happened = machine.happened(later)
    problem = verdict.outcome_problem(result.row.tcg, result.happened, machine)
    if problem:
        result.problems.append(problem)
    result.diagnosis, result.confidence = explained.get("cause"), explained.get("confidence")
    verdict.judge_diagnosis(result)


def go_to_outcome(row, debugger, machine):
    limit = HANG_SECONDS if row.tcg.kind == "hang" else ANSWER_SECONDS
    for _ in range(MOST_PASSED):
        happened = machine.happened(debugger.go_on(limit))
        if not is_passed(row, happened):
            break
    return happened


def is_passed(row, happened):
    """True for an entry that is not the one that the row is about."""
    if happened.kind not in ("exception", "delivered", "works"):
        return False
    if happened.vector is not None and happened.vector >= 32 and happened.vector != SYSTEM_CALL:
        return "irq" not in row.modifiers
    if row.tcg.kind == "works" and happened.kind == "works" and row.tcg.fields:
        # What came of it shows in the next frame.
        return True
    if "evict" in row.modifiers and happened.kind == "delivered":
        # The TLB still helps.
        return True
    if happened.cpl == 3:
        # The handler's address, and nothing has been fetched there yet.
        return True
    if not row.tcg.kernel:
        return False
    from_kernel = happened.kind == "exception" and len(happened.frame) > 1 and happened.frame[1] & 3 == 0
    return not (from_kernel and happened.name in row.tcg.exceptions)


def is_foretold(row):
    """True where processors do one thing that is not what this machine does: the model is held to that."""
    return row.tcg is not row.hardware and row.hardware.kind not in ("depends", "unsettled")


def conclude(result):
    if result.problems or result.happened is None:
        result.verdict = "wrong"
    elif is_foretold(result.row) and result.happened.kind in ("delivered", "works"):
        result.verdict = "model"
        if not result.row.note:
            result.problems.append("the table does not say why this machine cannot show it")
            result.verdict = "wrong"
    else:
        result.verdict = "right"
