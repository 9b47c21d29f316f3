import X86

/// RT-014...RT-017: what Ring 3 will find, and where the frame lies.
extension Auditor {
  /// RT-014.
  mutating func userInstructionPage<Memory: PhysicalMemory & ~Copyable>(
    _ frame: InterruptFrame, _ memory: inout Memory
  ) -> Verdict {
    let walk = memory.walk(VirtualAddress(frame.rip), root: root, mode: mode)
    if case .notPresent = walk.outcome, options.residency == .demandPaged { return .skipped(.demandPaging) }
    return Probe(walk: walk, access: .userFetch, result: walk.result(of: .userFetch, in: mode)).verdict
  }

  /// RT-015. The first push goes to RSP-8.
  mutating func userStackPage<Memory: PhysicalMemory & ~Copyable>(
    _ frame: InterruptFrame, _ memory: inout Memory
  ) -> Verdict {
    let walk = memory.walk(VirtualAddress(frame.rsp &- 8), root: root, mode: mode)
    if options.residency == .demandPaged {
      switch walk.outcome {
      case .notPresent: return .skipped(.demandPaging)
      case .mapped where walk.rights.isUser && !walk.rights.isWritable: return .skipped(.demandPaging)
      default: break
      }
    }
    return Probe(walk: walk, access: .userWrite, result: walk.result(of: .userWrite, in: mode)).verdict
  }

  /// RT-016. A value counts when it is in the kernel half, is no error result, and either names a page that
  /// Ring 3 cannot see, or stands in the registers of a thread that never ran in Ring 3. What Ring 3 itself
  /// brought in does not count; who did not watch its last entry cannot tell, and says so.
  mutating func noKernelPointers<Memory: PhysicalMemory & ~Copyable>(_ memory: inout Memory) -> Verdict {
    var isUncertain = false
    for number in 0..<16 where number != RegisterFile.rspNumber {
      let value = registers.general[number]
      guard isKernelPointer(value) else { continue }
      switch options.history {
      case .firstReturn: return .violated(.value(.general(number), value))
      case .entered(let values):
        if !Auditor.holds(values, value), isSupervisorPage(value, &memory) {
          return .violated(.value(.general(number), value))
        }
      case .unknown:
        if isSupervisorPage(value, &memory) { isUncertain = true }
      }
    }
    let selectors = dataSelectorsHarmless(&memory)
    guard case .held = selectors, isUncertain else { return selectors }
    return .unknown(.entryRegisters)
  }

  /// Values -4095...-1 are error results.
  private func isKernelPointer(_ value: UInt64) -> Bool {
    let address = VirtualAddress(value)
    return address.isUpperHalf && address.isCanonical(mode.depth) && value < 0xffff_ffff_ffff_f001
  }

  private static func holds(_ values: InlineArray<16, UInt64>, _ value: UInt64) -> Bool {
    for number in 0..<16 where values[number] == value { return true }
    return false
  }

  private func isSupervisorPage<Memory: PhysicalMemory & ~Copyable>(
    _ address: UInt64, _ memory: inout Memory
  ) -> Bool {
    let walk = memory.walk(VirtualAddress(address), root: root, mode: mode)
    return walk.physicalAddress != nil && !walk.rights.isUser
  }

  /// DS, ES, FS and GS: null, or of DPL 3. `iretq` clears the others, and with them the kernel's own state.
  mutating func dataSelectorsHarmless<Memory: PhysicalMemory & ~Copyable>(
    _ memory: inout Memory
  ) -> Verdict {
    for number in 0..<4 {
      let selector =
        switch number {
        case 0: registers.ds
        case 1: registers.es
        case 2: registers.fs
        default: registers.gs
        }
      guard !selector.isNull else { continue }
      switch descriptor(selector, &memory) {
      case .found(let descriptor, _):
        guard descriptor.attributes.privilege == 3 else {
          return .violated(.descriptor(selector, descriptor, .privilege))
        }
      case .problem(let problem): return .violated(.descriptor(selector, nil, problem))
      case .refused(let probe): return probe.verdict
      case .unknown(let missing): return .unknown(missing)
      }
    }
    return .held
  }

  /// RT-017. Without a declared slot the top of RSP0's stack is taken as good, and nothing as bad: a kernel may
  /// return from a trampoline.
  mutating func frameAtExpectedSlot() -> Verdict {
    let end = registers.rsp &+ InterruptFrame.byteCount
    if let expected = options.frameEnd {
      return end == expected
        ? .held : .violated(.mismatch(.frameAddress, actual: end, expected: expected))
    }
    if let rsp0, end == InterruptFrame.top(for: rsp0) { return .held }
    return .unknown(.frameSlot)
  }
}
