import Boot
import Core
import Machine
import Stub
import X86

/// One instruction at a time. The processor's TF does the work, with interrupts kept out of the one step. The
/// instructions that move the flags or wait for an interrupt would see TF or never end: those are carried out here.
/// SDM Vol. 3B, 17.3.1.4.
struct Stepping: Sendable {
  enum Purpose: Equatable, Sendable {
    /// The client asked for it.
    case client
    /// To pass a breakpoint, and then run.
    case passing
  }

  /// Nil while TF is not the debugger's.
  private(set) var purpose: Purpose?
  /// The breakpoint that is left out for the step.
  private var suspended: Int?
  /// IF of whoever is stepped.
  private var interruptFlag: UInt64 = 0
  /// Where a stepped `int n` of Ring 3 comes back to, and in which thread.
  private(set) var awaitedReturn: (thread: TargetThread, rip: UInt64)?

  private static let trapFlag = RFlags.trap.rawValue
  private static let enableFlag = RFlags.interruptEnable.rawValue

  /// Makes the processor execute one instruction and come back with #DB.
  mutating func start(_ purpose: Purpose, _ frame: inout trap_frame) {
    self.purpose = purpose
    if let slot = KernelTarget.softwareSlot(at: frame.rip) {
      DebugHardware.suspendBreakpoint(slot, true)
      suspended = slot
    }
    interruptFlag = frame.rflags & Self.enableFlag
    frame.rflags = frame.rflags & ~Self.enableFlag | Self.trapFlag
  }

  /// A stepped `int n`: the kernel runs as usual, and the thread stops where it comes back.
  mutating func awaitReturn(of thread: TargetThread, to rip: UInt64) { awaitedReturn = (thread, rip) }

  /// The step is over: gives the flags back, and says what it was for.
  mutating func finish(_ frame: inout trap_frame) -> Purpose? {
    guard let purpose else { return nil }
    frame.rflags = frame.rflags & ~Self.trapFlag & ~Self.enableFlag | interruptFlag
    if let suspended { DebugHardware.suspendBreakpoint(suspended, false) }
    suspended = nil
    self.purpose = nil
    return purpose
  }

  mutating func forgetReturn() { awaitedReturn = nil }
}

extension KernelTarget {
  /// Carries out the instruction at RIP if it is one of those that TF does not step over as it should.
  mutating func emulate() -> Bool {
    guard let code = qword(at: frame.rip) else { return false }
    let isKernel = frame.cs & 3 == 0
    switch UInt8(truncatingIfNeeded: code) {
    case 0xfa where isKernel: frame.rflags &= ~RFlags.interruptEnable.rawValue
    case 0xfb where isKernel: frame.rflags |= RFlags.interruptEnable.rawValue
    // Interrupts are out of the step, so nothing would ever end the wait.
    case 0xf4 where isKernel: break
    case 0x9c: return pushFlags()
    case 0x9d: return popFlags(isKernel)
    case 0x48 where isKernel && code & 0xffff == 0xcf48: return returnFromInterrupt()
    default: return false
    }
    frame.rip &+= 1
    return true
  }

  /// True for `int n`, which leaves Ring 3 and comes back behind itself.
  mutating func isSystemCall() -> Bool {
    guard frame.cs & 3 == 3, let code = qword(at: frame.rip) else { return false }
    return code & 0xff == 0xcd
  }

  private mutating func pushFlags() -> Bool {
    let place = frame.rsp &- 8
    guard store(frame.rflags & ~RFlags.resume.rawValue, at: place) else { return false }
    frame.rsp = place
    frame.rip &+= 1
    return true
  }

  private mutating func popFlags(_ isKernel: Bool) -> Bool {
    guard let image = qword(at: frame.rsp) else { return false }
    // What the privilege level may change: all but IF and IOPL in Ring 3 (SDM Vol. 2, POPF).
    var kept =
      RFlags.virtual8086.rawValue | RFlags.resume.rawValue | RFlags.trap.rawValue | RFlags.reservedMask
    if !isKernel { kept |= RFlags.interruptEnable.rawValue | RFlags.ioPrivilegeMask }
    frame.rflags = frame.rflags & kept | image & ~kept | RFlags.fixedOne.rawValue
    frame.rsp &+= 8
    frame.rip &+= 1
    return true
  }

  /// The frame that `iretq` would load becomes the one that the way out of the debugger loads.
  private mutating func returnFromInterrupt() -> Bool {
    var window = PhysicalWindow()
    guard
      let image = InterruptFrame.read(
        at: VirtualAddress(frame.rsp), root: table.root, mode: .building, memory: &window)
    else { return false }
    frame.rip = image.rip
    frame.cs = image.cs
    frame.rflags = image.rflags.rawValue
    frame.rsp = image.rsp
    frame.ss = image.ss
    return true
  }

  private mutating func qword(at address: UInt64) -> UInt64? {
    var window = PhysicalWindow()
    return window.loadVirtual(VirtualAddress(address), root: table.root, mode: .building)
  }

  private mutating func store(_ value: UInt64, at address: UInt64) -> Bool {
    for position in 0..<UInt64(8) {
      guard case .place(let place) = translate(address &+ position, in: .linear(currentThread)) else {
        return false
      }
      var window = PhysicalWindow()
      window.patchByte(UInt8(truncatingIfNeeded: value >> (position * 8)), at: place)
    }
    return true
  }
}
