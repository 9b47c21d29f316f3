import Inspect
import Session
import X86

/// Why the machine stands still, as the user sees it.
public enum StopReason {
  /// A breakpoint or watchpoint of the user.
  case breakpoint(BreakpointHit)
  /// The handler of one of these vectors, which is caught.
  case caught([UInt8])
  /// The first instruction in this ring, which is caught.
  case caughtRing(UInt8)
  /// The instruction behind a load of CR3, which is caught.
  case caughtRootTable(from: CR3, to: CR3)
  /// The steps that were asked for are done.
  case stepped
  /// Another line of the source begins.
  case steppedLine
  /// The machine came where it was sent.
  case arrived
  /// The function has returned, with this in RAX.
  case returned(UInt64)
  /// Ctrl-C, or the end of the patience.
  case interrupted
  /// A return to Ring 3 that breaks a rule, before it executes.
  case violation(ReturnAudit)
  /// The check has counted as many returns as it was asked for.
  case counted
  /// The check has come to an end that was asked for and that the machine knows nothing of.
  case reached(CheckEnd)
  /// A signal of the stub that none of kdbg's own breakpoints explains.
  case signal(UInt8)
  /// The machine ended by its own will.
  case exited(MachineEnding)
  /// The connection ended while the machine ran, and the machine's own end was awaited: nothing says more about it.
  case disconnected
  /// QEMU holds a machine that shut down.
  case shutdown(ShutdownCause)
}
