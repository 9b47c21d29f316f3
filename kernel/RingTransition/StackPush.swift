import X86

/// What the pushes of one entry to a given stack pointer come to.
enum StackPush: Sendable {
  case accepted
  /// The stack pointer, or a byte of the frame below it, is not canonical: #SS, CR2 unchanged.
  case nonCanonical
  /// The first push that the tables refuse.
  case refused(Auditor.Probe)
}

extension Auditor {
  /// Tries the 48 bytes of a frame with error code below `stackPointer`, in the processor's order: downwards
  /// from the aligned top. SDM Vol. 3A, 6.14.2.
  mutating func push<Memory: PhysicalMemory & ~Copyable>(
    below stackPointer: UInt64, _ memory: inout Memory
  ) -> StackPush {
    let top = InterruptFrame.top(for: stackPointer)
    let lowest = top &- InterruptFrame.byteCountWithErrorCode
    guard isCanonicalStack(stackPointer) else { return .nonCanonical }
    let first = probe(top &- 8, .supervisorWrite, &memory)
    guard first.isAllowed else { return .refused(first) }
    let upperPage = VirtualAddress(top &- 8).pageBase().rawValue
    guard lowest < upperPage else { return .accepted }
    let second = probe(upperPage &- 8, .supervisorWrite, &memory)
    return second.isAllowed ? .accepted : .refused(second)
  }

  /// True when `stackPointer` and every byte that an entry pushes below it are canonical.
  func isCanonicalStack(_ stackPointer: UInt64) -> Bool {
    let top = VirtualAddress(InterruptFrame.top(for: stackPointer))
    return VirtualAddress(stackPointer).isCanonical(mode.depth) && (top - 8).isCanonical(mode.depth)
      && (top - InterruptFrame.byteCountWithErrorCode).isCanonical(mode.depth)
  }
}
