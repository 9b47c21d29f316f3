"""A kernel that is broken on purpose, through kdbg alone: the next check must name what was broken."""

from .machine import Failed
from .session import Session

RULE = "RT-026"


def corrupt(kdbg, arguments):
    """Takes RSP0's stack out of the table of a process that is about to return to Ring 3, while the machine stands.

    Gives what went wrong. kdbg finds all of it by itself: the return, the table, the entry.
    The machine is of no use afterwards.
    """
    with Session(kdbg, arguments) as session:
        sites = session.ask("check on")["sites"]
        session.ask("check off")
        # Linux leaves through SYSRET to Ring 3 only, and under the user's table.
        site = next((site["address"] for site in sites if site["instruction"] == "sysretq"), None)
        if site is None:
            raise Failed("kdbg found no sysretq")
        session.ask(f"tbreak *{site}")
        if session.ask("continue").get("stop") != "breakpoint":
            raise Failed("Linux did not come to its sysretq")
        stacks = session.ask("tss")["stacks"]
        top = int(next(stack["pointer"] for stack in stacks if stack["field"] == "RSP0"), 16)
        leaf = session.ask(f"walk {top - 8:#x}")["levels"][-1]
        value = int(leaf["entry"], 16) & ~1
        if value + 1 != int(leaf["entry"], 16):
            raise Failed(f"RSP0 {top:#x} was not mapped before it was to be unmapped")
        session.ask(f"set {{u64 physical}} {leaf['entryAddress']} = {value:#x}")
        answer = session.ask("check on")
    return problems(answer, leaf)


def problems(answer, leaf):
    if answer.get("stop") != "violation":
        return [f"the check did not stop: {answer.get('stop')}"]
    explanation = answer["explanation"]
    place = f"{leaf['level']}[{leaf['index']}] is not present"
    found = []
    if explanation["rule"] != RULE:
        found.append(f"the check named {explanation['rule']} and not {RULE}")
    if place not in explanation["text"]:
        found.append(f"the check did not say that {place}: {explanation['text']}")
    return found
