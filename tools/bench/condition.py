"""The cost of a false breakpoint condition: evaluated by gdb, and by the stub."""

import sys

from gdb import Gdb
from machine import stub
from record import ROUNDS, timed

# kernel_trap is where every trap arrives. rdi is the trap frame's address; its vector stands 120 bytes above.
PLACE = "*(char *) &kernel_trap"
VECTOR = "*(long *) ($rdi + 120)"
# False until the program calls exit(), the number of which is 0: after the thousand calls that init=/returns makes.
CALLS = 1000
TARGET = f"{VECTOR} == 0x80 && *(long *) ($rdi + 112) == 0"
# False for the first two hundred traps. gdb alone is so slow that the program would hardly come on between two ticks
# of the clock, so what is counted are traps.
TRAPS = 200
CLIENT = f"{VECTOR} == 0x1000 || $traps++ >= {TRAPS}"


def cost(evaluation, condition, count):
    """Milliseconds of one false condition, the one stop at the end included."""
    with stub() as path:
        gdb = Gdb()
        try:
            gdb.do(f"target remote {path}", f"set breakpoint condition-evaluation {evaluation}", "set $traps = 0")
            gdb.do(f"tbreak {PLACE}", "continue")
            gdb.do(f"break {PLACE} if {condition}")
            printed = []
            seconds = timed(lambda: printed.append(gdb.do("continue")))
            state = gdb.do(f'printf "traps %d vector %d call %d\\n", $traps, {VECTOR}, *(long *) ($rdi + 112)')
        finally:
            gdb.close()
    expected = "traps 0 vector 128 call 0" if evaluation == "target" else f"traps {count + 1} "
    if "Breakpoint 2" not in printed[0] or expected not in state:
        sys.exit(f"bench: the condition did not stop the kernel where it holds: {printed[0]}{state}")
    return 1000 * seconds / count


def measure(table):
    client, target = [], []
    for _ in range(ROUNDS):
        target.append(cost("target", TARGET, CALLS))
        client.append(cost("host", CLIENT, TRAPS))
    table.add("stub.condition.client.milliseconds", client, "milliseconds")
    table.add("stub.condition.target.milliseconds", target, "milliseconds")
    table.add("stub.condition.ratio", [slow / fast for slow, fast in zip(client, target)], "client / target",
              at_least=100)
