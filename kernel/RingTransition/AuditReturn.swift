import X86

/// What kind of return an audit saw.
public enum AuditedReturn: UInt8, Equatable, Sendable {
  /// Ring 3, or a frame that could not be read: all rules were asked.
  case toRingThree
  /// A return inside the kernel: seven rules apply, and the next entry is not judged.
  case toRingZero
}

/// Audits a machine that stands at an `iretq` or a `sysretq`, RIP at it: can the next entry from Ring 3 be
/// delivered with the state that is now in registers and memory? Every rule of the scope that applies to this kind
/// of return gives exactly one finding, in catalogue order.
@discardableResult
public func auditReturn<Machine: MachineView & ~Copyable, Sink: FindingSink & ~Copyable>(
  _ machine: inout Machine, options: AuditOptions, sink: inout Sink
) -> AuditedReturn {
  var audit = ReturnAuditor(machine.registers, options)
  audit.site = audit.auditor.decodedSite(&machine)
  audit.prepare(&machine)
  audit.ask(&machine, &sink)
  return audit.isKernelReturn ? .toRingZero : .toRingThree
}

/// Audits the same from inside the kernel: `frame` is about to be returned to, and the machine's registers are
/// those that will be live in Ring 3, the bases of GS included. What is about the instruction itself and the place
/// of its frame is skipped.
@discardableResult
public func auditEntryStack<Machine: MachineView & ~Copyable, Sink: FindingSink & ~Copyable>(
  _ machine: inout Machine, frame: InterruptFrame, options: AuditOptions, sink: inout Sink
) -> AuditedReturn {
  var audit = ReturnAuditor(machine.registers, options)
  audit.auditor.frame = frame
  audit.prepare(&machine)
  audit.ask(&machine, &sink)
  return audit.isKernelReturn ? .toRingZero : .toRingThree
}

extension Auditor {
  /// True when RPL 0 is allowed here and the frame has it.
  func isReturnToKernel(_ frame: InterruptFrame) -> Bool {
    options.destination == .any && frame.codeSelector.requestedPrivilege == 0
  }

  /// Which instruction stands at RIP.
  mutating func decodedSite<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> ReturnAuditor.Site
  {
    switch options.instruction {
    case .iretq: return .interruptReturn
    case .sysretq: return .systemReturn
    case .asDecoded: break
    }
    guard registers.isLongMode, let bytes = codeBytes(registers.rip, &memory) else { return .interruptReturn }
    if bytes == Auditor.sysret { return .systemReturn }
    guard UInt8(truncatingIfNeeded: bytes) == 0x48, codeBytes(registers.rip &+ 1, &memory) == Auditor.sysret
    else { return .interruptReturn }
    return .systemReturn
  }

  /// The two bytes 0F 07, as a little-endian word: without REX.W a return to compatibility mode.
  static let sysret: UInt16 = 0x070f
}
