import X86

/// What kind of return an audit saw.
public enum AuditedReturn: UInt8, Equatable, Sendable {
  /// Ring 3, or a frame that could not be read: all rules were asked.
  case toRingThree
  /// A return inside the kernel: seven rules apply, and the next entry is not judged.
  case toRingZero
  /// None: the machine runs Ring 3, or stands elsewhere in the kernel. What the rules about a return would judge is
  /// not there, and they are skipped.
  case nowhere
}

/// Audits a machine that stands at an `iretq` or a `sysretq`, RIP at it: can the next entry from Ring 3 be
/// delivered with the state that is now in registers and memory? Every rule of the scope that applies to this kind
/// of return gives exactly one finding, in catalogue order. Elsewhere the same is asked but for the return itself.
@discardableResult
public func auditReturn<Machine: MachineView & ~Copyable, Sink: FindingSink & ~Copyable>(
  _ machine: inout Machine, options: AuditOptions, sink: inout Sink
) -> AuditedReturn {
  var audit = ReturnAuditor(machine.registers, options)
  audit.site = audit.auditor.decodedSite(&machine)
  audit.prepare(&machine)
  audit.ask(&machine, &sink)
  if audit.site == .nowhere { return .nowhere }
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

  /// Which instruction stands at RIP. Where the kernel declares a return to Ring 3, whatever stands there is taken for
  /// one, and so is what cannot be read: RT-002 has the answer then.
  mutating func decodedSite<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> ReturnAuditor.Site
  {
    switch options.instruction {
    case .iretq: return .interruptReturn
    case .sysretq: return .systemReturn
    case .asDecoded: break
    }
    // Outside long mode no rule has a meaning. Ring 3 may have the bytes in its code; they return to nothing.
    guard registers.isLongMode else { return .interruptReturn }
    guard registers.cs.requestedPrivilege != 3 else { return .nowhere }
    guard let bytes = codeBytes(registers.rip, &memory) else { return .interruptReturn }
    if bytes == Auditor.sysret { return .systemReturn }
    if UInt8(truncatingIfNeeded: bytes) == 0x48, codeBytes(registers.rip &+ 1, &memory) == Auditor.sysret {
      return .systemReturn
    }
    return options.destination == .ringThree || Self.returnsFromInterrupt(bytes)
      ? .interruptReturn : .nowhere
  }

  /// IRETQ, and IRETD and IRETW, which a kernel may have written by mistake. SDM Vol. 2A, IRET.
  private static func returnsFromInterrupt(_ bytes: UInt16) -> Bool {
    bytes == iretq || UInt8(truncatingIfNeeded: bytes) == 0xcf || bytes == 0xcf66
  }

  /// The two bytes 0F 07, as a little-endian word: without REX.W a return to compatibility mode.
  static let sysret: UInt16 = 0x070f
}
