import X86

/// What kind of return an audit saw.
public enum AuditedReturn: UInt8, Equatable, Sendable {
  /// Ring 3, or a frame that could not be read: all rules were asked.
  case toRingThree
  /// A return inside the kernel: six rules apply, and the next entry is not judged.
  case toRingZero
}

/// Audits a machine that stands at an `iretq`, RIP at it and RSP at its frame: can the next entry from Ring 3
/// be delivered with the state that is now in registers and memory? Every rule that applies gives exactly one
/// finding, in catalogue order.
@discardableResult
public func auditReturn<Machine: MachineView & ~Copyable, Sink: FindingSink & ~Copyable>(
  _ machine: inout Machine, options: AuditOptions, sink: inout Sink
) -> AuditedReturn {
  var auditor = Auditor(registers: machine.registers, options: options)
  return auditor.audit(site: .instruction, memory: &machine, sink: &sink)
}

/// Audits the same from inside the kernel: `frame` is about to be returned to, and the machine's registers are
/// those that will be live in Ring 3. The rules about the `iretq` itself (RT-001, RT-002, RT-017) do not apply
/// and give no finding.
@discardableResult
public func auditEntryStack<Machine: MachineView & ~Copyable, Sink: FindingSink & ~Copyable>(
  _ machine: inout Machine, frame: InterruptFrame, options: AuditOptions, sink: inout Sink
) -> AuditedReturn {
  var auditor = Auditor(registers: machine.registers, options: options)
  auditor.frame = frame
  return auditor.audit(site: .frameValue, memory: &machine, sink: &sink)
}

extension Auditor {
  /// Where the frame comes from.
  enum Site: UInt8 {
    /// Memory at RSP, with an `iretq` at RIP.
    case instruction
    /// The caller.
    case frameValue
  }

  /// True when RPL 0 is allowed here and the frame has it.
  func isReturnToKernel(_ frame: InterruptFrame) -> Bool {
    options.destination == .any && frame.codeSelector.requestedPrivilege == 0
  }

  mutating func audit<Memory: PhysicalMemory & ~Copyable, Sink: FindingSink & ~Copyable>(
    site: Site, memory: inout Memory, sink: inout Sink
  ) -> AuditedReturn {
    if site == .instruction {
      frame = InterruptFrame.read(
        at: VirtualAddress(registers.rsp), root: root, mode: mode, memory: &memory)
    }
    var toKernel = false
    if let frame { toKernel = isReturnToKernel(frame) }
    guard registers.isLongMode else {
      reportUnknown(site, .longMode, toKernel, &sink)
      return toKernel ? .toRingZero : .toRingThree
    }
    if site == .instruction {
      sink.record(Finding(.frameReadable, frameReadable(&memory)))
      sink.record(Finding(.opcodeIsIretq, opcodeIsIretq(&memory)))
    }
    sink.record(Finding(.kernelNestedTaskClear, kernelNestedTaskClear()))
    if let frame, toKernel {
      auditKernelFrame(frame, &memory, &sink)
      return .toRingZero
    }
    if !toKernel { readTaskState(&memory) }
    if let frame { auditUserFrame(frame, &memory, &sink) } else { reportFrameUnknown(&sink) }
    sink.record(Finding(.noKernelPointers, noKernelPointers(&memory)))
    if site == .instruction { sink.record(Finding(.frameAtExpectedSlot, frameAtExpectedSlot())) }
    auditTaskState(&memory, &sink)
    auditKernelStack(&memory, &sink)
    sink.record(Finding(.doubleFaultHasInterruptStack, doubleFaultHasInterruptStack(&memory)))
    sink.record(Finding(.interruptStackUsable, interruptStackUsable(&memory)))
    sink.record(Finding(.noReservedBits, reserved?.verdict ?? .held))
    return .toRingThree
  }

  /// A return inside the kernel. SS may be null there.
  private mutating func auditKernelFrame<Memory: PhysicalMemory & ~Copyable, Sink: FindingSink & ~Copyable>(
    _ frame: InterruptFrame, _ memory: inout Memory, _ sink: inout Sink
  ) {
    let segments = fetchSegments(frame, &memory)
    sink.record(Finding(.ripCanonical, ripCanonical(frame)))
    sink.record(Finding(.codeDescriptorValid, codeDescriptorValid(frame, segments)))
    sink.record(Finding(.rflagsImageFixedBits, rflagsImageFixedBits(frame)))
  }

  private mutating func auditUserFrame<Memory: PhysicalMemory & ~Copyable, Sink: FindingSink & ~Copyable>(
    _ frame: InterruptFrame, _ memory: inout Memory, _ sink: inout Sink
  ) {
    let segments = fetchSegments(frame, &memory)
    sink.record(Finding(.returnsToUser, returnsToUser(frame)))
    sink.record(Finding(.ripCanonical, ripCanonical(frame)))
    sink.record(Finding(.codeDescriptorValid, codeDescriptorValid(frame, segments)))
    sink.record(Finding(.stackDescriptorValid, stackDescriptorValid(frame, segments)))
    sink.record(Finding(.accessedBitsSettable, accessedBitsSettable(frame, segments, &memory)))
    sink.record(Finding(.rflagsImageFixedBits, rflagsImageFixedBits(frame)))
    sink.record(Finding(.ripInUserHalf, ripInUserHalf(frame)))
    sink.record(Finding(.rspImageUser, rspImageUser(frame)))
    sink.record(Finding(.rflagsImagePolicy, rflagsImagePolicy(frame)))
    sink.record(Finding(.compatibilityReturn, compatibilityReturn(frame, segments)))
    sink.record(Finding(.userInstructionPage, userInstructionPage(frame, &memory)))
    sink.record(Finding(.userStackPage, userStackPage(frame, &memory)))
  }

  private mutating func auditTaskState<Memory: PhysicalMemory & ~Copyable, Sink: FindingSink & ~Copyable>(
    _ memory: inout Memory, _ sink: inout Sink
  ) {
    sink.record(Finding(.taskRegisterLoaded, taskRegisterLoaded()))
    sink.record(Finding(.taskStateLimit, taskStateLimit()))
    sink.record(Finding(.taskStateMapped, taskStateMapped(&memory)))
    sink.record(Finding(.taskStateDescriptorAgrees, taskStateDescriptorAgrees(&memory)))
  }

  private mutating func auditKernelStack<Memory: PhysicalMemory & ~Copyable, Sink: FindingSink & ~Copyable>(
    _ memory: inout Memory, _ sink: inout Sink
  ) {
    sink.record(Finding(.rsp0Canonical, rsp0Canonical()))
    sink.record(Finding(.rsp0Initialised, rsp0Initialised()))
    sink.record(Finding(.rsp0FramePagesWritable, rsp0FramePagesWritable(&memory)))
    let pages = kernelStackPages(&memory)
    sink.record(Finding(.rsp0NotUserAccessible, rsp0NotUserAccessible(pages, &memory)))
    sink.record(Finding(.handlerHeadroom, handlerHeadroom(pages)))
    sink.record(Finding(.rsp0Aligned, rsp0Aligned()))
    sink.record(Finding(.rsp0BelongsToCurrent, rsp0BelongsToCurrent()))
    sink.record(Finding(.rsp0Exclusive, rsp0Exclusive(pages, &memory)))
    sink.record(Finding(.rsp0FramesSane, rsp0FramesSane(pages, &memory)))
    sink.record(Finding(.guardBelowStack, guardBelowStack(pages, &memory)))
  }

  /// The frame's own rules when RT-001 could not read it.
  private func reportFrameUnknown<Sink: FindingSink & ~Copyable>(_ sink: inout Sink) {
    for number: UInt16 in 4...15 { recordUnknown(number, .returnFrame, &sink) }
  }

  private func reportUnknown<Sink: FindingSink & ~Copyable>(
    _ site: Site, _ missing: Missing, _ toKernel: Bool, _ sink: inout Sink
  ) {
    for position in 0..<Rule.auditedCount {
      guard let rule = Rule.audited(position) else { continue }
      if site == .frameValue, rule == .frameReadable || rule == .opcodeIsIretq || rule == .frameAtExpectedSlot
      {
        continue
      }
      if toKernel, !rule.appliesToKernelReturns { continue }
      sink.record(Finding(rule, .unknown(missing)))
    }
  }

  private func recordUnknown<Sink: FindingSink & ~Copyable>(
    _ number: UInt16, _ missing: Missing, _ sink: inout Sink
  ) {
    for position in 0..<Rule.auditedCount {
      guard let rule = Rule.audited(position), rule.number == number else { continue }
      sink.record(Finding(rule, .unknown(missing)))
    }
  }
}

extension Rule {
  /// The rules that are asked of a return inside the kernel too.
  public var appliesToKernelReturns: Bool {
    switch number {
    case 1, 2, 3, 5, 6, 9: true
    default: false
    }
  }
}
