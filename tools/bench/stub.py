"""What single packets to the stub take."""

from machine import symbol, stub
from record import repeated
from wire import Wire


def measure(table):
    """Milliseconds of each; the limits are what kgdb takes over the same line of the same emulator."""
    text = symbol("kernel_trap")
    with stub() as path:
        wire = Wire(path)
        wire.ask("qSupported:swbreak+")
        wire.ask("?")
        table.add("stub.m8.milliseconds", repeated(lambda: wire.ask(f"m{text:x},8"), 100), "milliseconds", 0.33)
        table.add("stub.g.milliseconds", repeated(lambda: wire.ask("g"), 50), "milliseconds", 1.2)
        table.add("stub.step.milliseconds", repeated(lambda: wire.ask("s"), 50), "milliseconds", 0.24)
        wire.ask(f"Z0,{text:x},1")
        table.add("stub.breakpoint.milliseconds", repeated(lambda: wire.ask("c"), 20), "milliseconds", 6.1)
