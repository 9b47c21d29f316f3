import X86

/// How a `syscall` of Ring 3 came out.
enum SystemCallOutcome: Sendable {
  /// The registers at the first instruction behind LSTAR.
  case entered(InterruptFrame)
  /// What it raised, and the registers at that point: Ring 3's own, or those at LSTAR in Ring 0.
  case faulted(DeliveryFailure, InterruptFrame)
  case unknown(Missing)
}

/// SYSCALL has no gate and pushes nothing: RIP comes from LSTAR, CS and SS from STAR, and RSP stays what Ring 3 made
/// it. So its first failure is the fetch at LSTAR, and that exception pushes to Ring 3's stack at CPL 0. SDM Vol. 2B,
/// SYSCALL.
extension DeliveryPipeline {
  mutating func enterSystemCall<Memory: PhysicalMemory & ~Copyable>(
    from context: InterruptFrame, _ memory: inout Memory
  ) -> SystemCallOutcome {
    let registers = auditor.registers
    guard registers.efer.contains(.syscallEnable) else {
      return .faulted(
        DeliveryFailure(
          step: .systemCallEnabled, exception: .invalidOpcode, errorCode: 0, faultAddress: nil,
          evidence: .value(.opcode, 0x050f)), context)
    }
    guard let target = registers.lstar else { return .unknown(.modelSpecificRegister) }
    // What is not known is taken to be right: STAR and SFMASK cannot make this step fail.
    let selector = UInt64((registers.star ?? 0) >> 32 & 0xfffc)
    let mask = RFlags(rawValue: registers.syscallMask ?? RFlags.trap.rawValue)
    let entry = InterruptFrame(
      rip: target, cs: selector, rflags: context.rflags.subtracting(mask | .resume), rsp: context.rsp,
      ss: selector &+ 8)
    if entry.rflags.contains(.trap) {
      return .faulted(
        .pendingTrap(.bits(.currentRFlags, entry.rflags.rawValue, wrong: RFlags.trap.rawValue)), entry)
    }
    guard VirtualAddress(target).isCanonical(auditor.mode.depth) else {
      return .faulted(
        DeliveryFailure(
          step: .handlerCanonical, exception: .generalProtection, errorCode: 0, faultAddress: nil,
          evidence: .value(.lstar, target)), entry)
    }
    do throws(DeliveryStop) {
      try fetchHandler(VirtualAddress(target), privilege: 0, &memory)
    } catch {
      switch error {
      case .fault(let failure): return .faulted(failure, entry)
      case .unknown(let missing): return .unknown(missing)
      }
    }
    return .entered(entry)
  }
}

extension DeliveryFailure {
  /// #DB before the handler's first instruction.
  static func pendingTrap(_ evidence: Evidence) -> DeliveryFailure {
    DeliveryFailure(
      step: .pendingTrap, exception: .debug, errorCode: 0, faultAddress: nil, evidence: evidence)
  }
}

extension ExceptionVector {
  /// A fault, for which the saved RIP is that of its own instruction; #DB counts as a trap here. SDM Vol. 3A,
  /// table 6-1.
  var isFault: Bool {
    switch self {
    case .debug, .nonMaskableInterrupt, .breakpoint, .overflow, .doubleFault, .machineCheck: false
    default: true
    }
  }
}
