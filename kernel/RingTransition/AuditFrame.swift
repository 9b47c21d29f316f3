import X86

/// RT-001...RT-005 and RT-009...RT-012: the frame as five words.
extension Auditor {
  /// RT-001. `iretq` pops five qwords with supervisor reads.
  mutating func frameReadable<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    probe(registers.rsp, count: InterruptFrame.byteCount, .supervisorRead, &memory).verdict
  }

  /// RT-002. Without REX.W the same opcode pops five dwords.
  mutating func opcodeIsIretq<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    guard let bytes = codeBytes(registers.rip, &memory) else { return .unknown(.codeBytes) }
    return bytes == Auditor.iretq ? .held : .violated(.value(.opcode, UInt64(bytes)))
  }

  /// The two bytes 48 CF, as a little-endian word.
  static let iretq: UInt16 = 0xcf48

  /// The two bytes at `address`, the second of which may be on another page.
  func codeBytes<Memory: PhysicalMemory & ~Copyable>(
    _ address: UInt64, _ memory: inout Memory
  ) -> UInt16? {
    guard let first = codeByte(address, &memory), let second = codeByte(address &+ 1, &memory) else {
      return nil
    }
    return UInt16(first) | UInt16(second) << 8
  }

  func codeByte<Memory: PhysicalMemory & ~Copyable>(_ address: UInt64, _ memory: inout Memory) -> UInt8? {
    guard let aligned = load(address & ~7, &memory) else { return nil }
    return UInt8(truncatingIfNeeded: aligned >> ((address & 7) * 8))
  }

  /// RT-003. `iretq` with NT set is #GP(0) in IA-32e mode.
  mutating func kernelNestedTaskClear() -> Verdict {
    registers.rflags.contains(.nestedTask)
      ? .violated(
        .bits(.currentRFlags, registers.rflags.rawValue, wrong: RFlags.nestedTask.rawValue)) : .held
  }

  /// RT-004.
  mutating func returnsToUser(_ frame: InterruptFrame) -> Verdict {
    frame.isUser ? .held : .violated(.value(.frameCS, frame.cs))
  }

  /// RT-005. The emulator lets it through and faults in Ring 3; processors fault at the `iretq`.
  mutating func ripCanonical(_ frame: InterruptFrame) -> Verdict {
    VirtualAddress(frame.rip).isCanonical(mode.depth) ? .held : .violated(.value(.frameRIP, frame.rip))
  }

  /// RT-009. The processor ignores these bits; a frame that has them wrong is not the frame it should be.
  mutating func rflagsImageFixedBits(_ frame: InterruptFrame) -> Verdict {
    let mustBeClear =
      RFlags.reservedMask | RFlags.virtual8086.rawValue | RFlags.virtualInterrupt.rawValue
      | RFlags.virtualInterruptPending.rawValue
    let wrong =
      frame.rflags.rawValue & mustBeClear | ~frame.rflags.rawValue & RFlags.fixedOne.rawValue
    return wrong == 0 ? .held : .violated(.bits(.frameRFlags, frame.rflags.rawValue, wrong: wrong))
  }

  /// RT-010. The last page below the hole is refused too: a `syscall` at its end would make RCX
  /// non-canonical.
  mutating func ripInUserHalf(_ frame: InterruptFrame, _ subject: Subject) -> Verdict {
    let end = userEnd - PageSize.size4KiB.bytes
    return frame.rip < end ? .held : .violated(.value(subject, frame.rip))
  }

  /// RT-011. `iretq` does not check RSP; the first push in Ring 3 would fault.
  mutating func rspImageUser(_ frame: InterruptFrame, _ subject: Subject) -> Verdict {
    frame.rsp < userEnd ? .held : .violated(.value(subject, frame.rsp))
  }

  /// The first address above the user half.
  var userEnd: UInt64 { 1 << UInt64(mode.depth.addressBits - 1) }

  /// RT-012. DF and AC are Ring 3's own and are not judged: a timer may interrupt a copy that runs downwards.
  mutating func rflagsImagePolicy(_ frame: InterruptFrame, _ subject: Subject) -> Verdict {
    var mustBeClear = RFlags.ioPrivilegeMask | RFlags.nestedTask.rawValue
    if options.tracing == .notTraced { mustBeClear |= RFlags.trap.rawValue }
    let wrong =
      frame.rflags.rawValue & mustBeClear | ~frame.rflags.rawValue & RFlags.interruptEnable.rawValue
    return wrong == 0 ? .held : .violated(.bits(subject, frame.rflags.rawValue, wrong: wrong))
  }
}
