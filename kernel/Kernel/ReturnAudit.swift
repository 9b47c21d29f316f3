import Boot
import Core
import DebuggerTable
import Machine
import Report
import RingTransition
import X86

/// How the assembly goes back to Ring 3 from now on. A pending fault needs the long way, once.
func chooseReturnPath(_ options: CommandLine) {
  ReturnPath.set(options.fault == nil ? ReturnPath.Mode(options.audit) : .full)
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
  let (fault, options) = Cell.withState { state in
    let fault = state.pendingFault
    state.pendingFault = nil
    return (fault, state.options)
  }
  if let fault {
    inject(fault)
    ReturnPath.set(ReturnPath.Mode(options.audit))
  }
  switch options.audit {
  case .off: return 0
  case .fast: return 1
  case .full:
    withTrapFrame(at: frame) { auditWhole($0) }
    return 0
  }
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

/// Every rule that can be decided here.
private func auditWhole(_ frame: trap_frame) {
  var machine = LiveMachine()
  var options = AuditOptions()
  options.kernelStackSize = StackRegion.processes.stackBytes
  options.interruptStackSize = StackRegion.processor.stackBytes
  options.currentStackTop = ExportedTable.currentStackTop
  options.otherStacks[0] = StackInterval(
    top: ReturnPath.exitStackTop.rawValue, byteCount: StackRegion.processor.stackBytes)
  options.destination = .ringThree
  var sink = FirstViolation()
  auditEntryStack(&machine, frame: frame.interruptFrame, options: options, sink: &sink)
  if let finding = sink.finding { refuseReturn(finding, rip: frame.rip) }
}

/// Keeps the first violated rule: that is what the kernel halts with.
private struct FirstViolation: FindingSink {
  var finding: Finding?
  mutating func record(_ finding: Finding) {
    guard self.finding == nil, case .violated = finding.verdict else { return }
    self.finding = finding
  }
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
