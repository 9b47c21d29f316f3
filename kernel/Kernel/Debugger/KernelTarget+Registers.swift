import Boot
import Core
import Machine
import RemoteProtocol
import Stub
import X86

extension KernelTarget {
  mutating func read(_ register: Register, of thread: TargetThread) -> RegisterValue? {
    if let value = general(register, of: thread) { return RegisterValue(value) }
    if let value = segment(register, of: thread) { return RegisterValue(value) }
    return system(register, of: thread).map { RegisterValue($0) }
  }

  mutating func write(
    _ value: RegisterValue, to register: Register, of thread: TargetThread
  ) throws(Refusal) {
    guard thread == currentThread else {
      throw Refusal(Refusal.notPermitted, "only registers of the thread that ran can be written")
    }
    switch register {
    case .rax: frame.rax = value.low
    case .rbx: frame.rbx = value.low
    case .rcx: frame.rcx = value.low
    case .rdx: frame.rdx = value.low
    case .rsi: frame.rsi = value.low
    case .rdi: frame.rdi = value.low
    case .rbp: frame.rbp = value.low
    case .rsp: frame.rsp = value.low
    case .r8: frame.r8 = value.low
    case .r9: frame.r9 = value.low
    case .r10: frame.r10 = value.low
    case .r11: frame.r11 = value.low
    case .r12: frame.r12 = value.low
    case .r13: frame.r13 = value.low
    case .r14: frame.r14 = value.low
    case .r15: frame.r15 = value.low
    case .rip:
      // `iretq` would fault on it, and the way out is no place for that.
      guard VirtualAddress(value.low).isCanonical(.four) else {
        throw Refusal(Refusal.invalid, "not canonical:", at: value.low)
      }
      frame.rip = value.low
    case .rflags: frame.rflags = value.low & ~RFlags.reservedMask | RFlags.fixedOne.rawValue
    default: throw Refusal(Refusal.notPermitted, "this register cannot be written")
    }
  }

  /// The thread that ran has all of them; another one has what its switch saved.
  mutating func general(_ register: Register, of thread: TargetThread) -> UInt64? {
    guard thread == currentThread else { return saved(register, of: thread) }
    switch register {
    case .rax: return frame.rax
    case .rbx: return frame.rbx
    case .rcx: return frame.rcx
    case .rdx: return frame.rdx
    case .rsi: return frame.rsi
    case .rdi: return frame.rdi
    case .rbp: return frame.rbp
    case .rsp: return frame.rsp
    case .r8: return frame.r8
    case .r9: return frame.r9
    case .r10: return frame.r10
    case .r11: return frame.r11
    case .r12: return frame.r12
    case .r13: return frame.r13
    case .r14: return frame.r14
    case .r15: return frame.r15
    case .rip: return frame.rip
    case .rflags: return frame.rflags
    default: return nil
    }
  }

  private func saved(_ register: Register, of thread: TargetThread) -> UInt64? {
    let index = Cell.inspect { $0.index(of: thread) ?? KernelContexts.bootThread }
    guard let context = index.flatMap({ KernelContexts.saved($0) }) else { return nil }
    switch register {
    case .rbx: return context.rbx
    case .rbp: return context.rbp
    case .r12: return context.r12
    case .r13: return context.r13
    case .r14: return context.r14
    case .r15: return context.r15
    case .rsp: return context.rsp
    case .rip: return context.rip
    // In the kernel, with interrupts off, as every switch is.
    case .rflags: return RFlags.fixedOne.rawValue
    default: return nil
    }
  }

  private func segment(_ register: Register, of thread: TargetThread) -> UInt64? {
    let isCurrent = thread == currentThread
    switch register {
    case .cs: return isCurrent ? frame.cs : UInt64(DescriptorTables.kernelCode.rawValue)
    case .ss: return isCurrent ? frame.ss : 0
    // Null from the kernel's first instructions on, and never loaded again.
    case .ds, .es, .fs, .gs: return 0
    default: return nil
    }
  }

  private func isRingThree(_ thread: TargetThread) -> Bool { thread == currentThread && frame.cs & 3 == 3 }

  private func system(_ register: Register, of thread: TargetThread) -> UInt64? {
    let registers = Processor.registers
    switch register {
    case .fsBase: return registers.fsBase
    // The way in from Ring 3 has swapped the two.
    case .gsBase: return isRingThree(thread) ? registers.kernelGSBase : registers.gsBase
    case .kernelGSBase: return isRingThree(thread) ? registers.gsBase : registers.kernelGSBase
    case .cr0: return registers.cr0.rawValue
    case .cr2: return registers.cr2
    case .cr3: return thread == currentThread ? table.rawValue : CR3(root: root(of: thread)).rawValue
    case .cr4: return registers.cr4.rawValue
    case .cr8: return registers.cr8
    case .efer: return registers.efer.rawValue
    case .tr: return registers.taskRegister.map { UInt64($0.selector.rawValue) }
    case .trBase: return registers.taskRegister?.base
    case .trLimit: return registers.taskRegister.map { UInt64($0.limit) }
    case .trAttributes: return registers.taskRegister?.attributes.map { UInt64($0.rawValue) }
    case .ldtr, .ldtrBase, .ldtrLimit, .ldtrAttributes: return 0
    case .gdtrBase: return registers.globalTable?.base.rawValue
    case .gdtrLimit: return registers.globalTable.map { UInt64($0.limit) }
    case .idtrBase: return registers.interruptTable?.base.rawValue
    case .idtrLimit: return registers.interruptTable.map { UInt64($0.limit) }
    case .star: return Processor.modelSpecificRegister(0xc000_0081)
    case .lstar: return Processor.modelSpecificRegister(0xc000_0082)
    case .sfmask: return Processor.modelSpecificRegister(0xc000_0084)
    case .dr0: return DebugHardware.address(ofWatch: 0)
    case .dr1: return DebugHardware.address(ofWatch: 1)
    case .dr2: return DebugHardware.address(ofWatch: 2)
    case .dr3: return DebugHardware.address(ofWatch: 3)
    case .dr6: return DebugHardware.status
    case .dr7: return DebugHardware.control
    default: return nil
    }
  }
}
