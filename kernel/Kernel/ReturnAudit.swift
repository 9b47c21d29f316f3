import Boot
import Core
import DebuggerTable
import Machine
import Report
import RingTransition
import X86

/// How the assembly goes back to Ring 3 from now on. A pending fault needs the long way.
func chooseReturnPath(_ options: CommandLine) {
  ReturnPath.set(options.provocation.isProvocation ? .full : ReturnPath.Mode(options.audit))
}

extension ReturnPath.Mode {
  fileprivate init(_ audit: AuditMode) {
    switch audit {
    case .off: self = .plain
    case .fast: self = .fast
    case .full: self = .full
    }
  }
}

/// Runs on the exit stack, after all other work, right before the `iretq`: injects the fault that is pending, then
/// audits. In that order, so that the audit meets what the processor would meet.
///
/// - Returns: 1 when the assembly must still make the fast comparison, else 0.
@c(kernel_before_return)
public func kernelBeforeReturn(_ frame: UInt) -> UInt32 {
  let (progress, options) = Cell.withState { ($0.provocation, $0.options) }
  var exit = FaultExit.usual
  if progress != .done {
    let next = Provocation.advance(progress, options.provocation, to: frame, by: &exit)
    Cell.withState { $0.provocation = next }
    if next == .done { ReturnPath.set(ReturnPath.Mode(options.audit)) }
  }
  if options.audit == .full { withTrapFrame(at: frame) { auditWhole($0) } }
  exit.leave(frame)
  return options.audit == .fast ? 1 : 0
}

/// The fast comparison saw a difference. If the stack can still take an entry, the new path is what is compared
/// from now on; if not, the finding is the kernel's last word.
@c(kernel_audit_failed)
public func kernelAuditFailed(_ frame: UInt) {
  var machine = LiveMachine()
  let registers = machine.registers
  let rsp0 = DescriptorTables.rsp0
  guard rsp0 != 0 else { refuseReturn(Finding(.rsp0Initialised, .violated(.value(.rsp0, 0))), to: frame) }
  let stack = auditStack(
    rsp0: rsp0, root: registers.cr3.root, mode: registers.pagingMode, memory: &machine)
  if let finding = stack.violation { refuseReturn(finding, to: frame) }
  guard rsp0 == ExportedTable.currentStackTop else {
    refuseReturn(
      Finding(
        .rsp0BelongsToCurrent,
        .violated(.mismatch(.rsp0, actual: rsp0, expected: ExportedTable.currentStackTop))), to: frame)
  }
  let walk = machine.walk(VirtualAddress(rsp0) - 8, root: registers.cr3.root, mode: registers.pagingMode)
  ReturnPath.expect(table: registers.cr3, rsp0: rsp0, walk: walk)
}

/// Every rule that can be decided here. The kernel halts with the violation that the others follow from.
private func auditWhole(_ frame: trap_frame) {
  var machine = LiveMachine()
  machine.registers.prepareForRingThree()
  var options = AuditOptions()
  declare(&options)
  var tally = FindingTally()
  auditEntryStack(&machine, frame: frame.interruptFrame, options: options, sink: &tally)
  if let finding = tally.root { refuseReturn(finding, rip: frame.rip) }
}

private func refuseReturn(_ finding: Finding, to frame: UInt) -> Never {
  let rip = withTrapFrame(at: frame) { $0.rip }
  refuseReturn(finding, rip: rip)
}

private func refuseReturn(_ finding: Finding, rip: UInt64) -> Never {
  var console = Console()
  console.write("✗ RETURN TO RING 3 REFUSED: process ")
  console.write(decimal: ExportedTable.currentProcess)
  console.write(", RIP ")
  console.write(hex: rip)
  console.newline()
  console.write(finding)
  console.newline()
  Debugger.stop(.refusedReturn)
  MachineEnd.exit(RINGSIDE_EXIT_AUDIT_FAILED)
}
