import Core
import Machine
import X86

/// FI-54...60: the ways of SYSCALL and SYSRET, and the GS base.
extension FaultInjection {
  mutating func injectIntoSystemCalls(_ fault: InjectedFault) {
    switch fault {
    case .entryUnmapped: unmap(VirtualAddress(Processor.read(.lstar)))
    case .entryZero: Processor.write(0, to: .lstar)
    case .maskZero: Processor.write(0, to: .syscallMask)
    case .starRing0: Processor.write(Processor.read(.star) & ~(3 << 48), to: .star)
    case .systemReturnNonCanonical: exit = .systemReturn(0x0000_8000_0000_0000)
    case .systemCallDisabled:
      let efer = EFER(rawValue: Processor.read(.efer)).subtracting(.syscallEnable)
      Processor.write(efer.rawValue, to: .efer)
    case .swapMissing: exit = .swaps(0)
    default: exit = .swaps(2)
    }
  }
}
