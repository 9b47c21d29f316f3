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
    guard let opcode = opcode(at: frame.rip) else { return false }
    let isKernel = frame.cs & 3 == 0
    switch opcode.byte {
    case 0xfa where isKernel: frame.rflags &= ~RFlags.interruptEnable.rawValue
    case 0xfb where isKernel: frame.rflags |= RFlags.interruptEnable.rawValue
    // Interrupts are out of the step, so nothing would ever end the wait.
    case 0xf4 where isKernel: break
    case 0x9c: guard pushFlags(byteCount: opcode.operandSize) else { return false }
    case 0x9d: guard popFlags(byteCount: opcode.operandSize, isKernel) else { return false }
    case 0xcf where opcode.isWide: return returnFromInterrupt(isKernel)
    case 0x8e: return moveToStackSegment(opcode)
    case 0x0f where opcode.isWide && isKernel: return returnFromSystemCall(opcode)
    default: return false
    }
    frame.rip &+= opcode.length
    return true
  }

  /// Where `int n` or `syscall`, which leave Ring 3, come back to; nil for any other instruction.
  mutating func systemCallReturn() -> UInt64? {
    guard frame.cs & 3 == 3, let opcode = opcode(at: frame.rip) else { return nil }
    switch opcode.byte {
    case 0xcd: break
    case 0x0f where byte(at: frame.rip &+ opcode.length) == 0x05: break
    default: return nil
    }
    return frame.rip &+ opcode.length &+ 1
  }

  /// `sysretq`, which takes RFLAGS from R11 and with it TF away: what it would load becomes the frame. The way out of the
  /// debugger takes GS along, whichever base was in it here. SDM Vol. 2B, SYSRET.
  private mutating func returnFromSystemCall(_ opcode: Opcode) -> Bool {
    guard byte(at: frame.rip &+ opcode.length) == 0x07, frame.rcx < UserRange.limit else { return false }
    frame.rip = frame.rcx
    frame.rflags = frame.r11 & 0x3c_7fd7 | RFlags.fixedOne.rawValue
    frame.cs = UInt64(DescriptorTables.userCode.rawValue)
    frame.ss = UInt64(DescriptorTables.userData.rawValue)
    return true
  }

  private mutating func opcode(at address: UInt64) -> Opcode? {
    var opcode = Opcode()
    while opcode.length < Opcode.longest, let byte = byte(at: address &+ opcode.length) {
      if opcode.takes(byte) { return opcode }
    }
    return nil
  }

  private mutating func pushFlags(byteCount: UInt64) -> Bool {
    let place = frame.rsp &- byteCount
    guard store(frame.rflags & ~RFlags.resume.rawValue, byteCount: byteCount, at: place) else { return false }
    frame.rsp = place
    return true
  }

  private mutating func popFlags(byteCount: UInt64, _ isKernel: Bool) -> Bool {
    var image: UInt64 = 0
    for position in 0..<byteCount {
      guard let byte = byte(at: frame.rsp &+ position) else { return false }
      image |= UInt64(byte) << (position * 8)
    }
    loadFlags(image, byteCount: byteCount, isKernel)
    frame.rsp &+= byteCount
    return true
  }

  /// What the privilege level may change: all but IF and IOPL in Ring 3 (SDM Vol. 2, POPF).
  private mutating func loadFlags(_ image: UInt64, byteCount: UInt64, _ isKernel: Bool) {
    var kept =
      RFlags.virtual8086.rawValue | RFlags.resume.rawValue | RFlags.trap.rawValue | RFlags.reservedMask
    if !isKernel { kept |= RFlags.interruptEnable.rawValue | RFlags.ioPrivilegeMask }
    if byteCount == 2 { kept |= ~0xffff }
    frame.rflags = frame.rflags & kept | image & ~kept | RFlags.fixedOne.rawValue
  }

  /// `mov REGISTER, %ss`, behind which the processor holds #DB back for one more instruction (SDM Vol. 3A, 6.8.3). Only with
  /// what is there already: nothing else can be, or the processor has to check it.
  private mutating func moveToStackSegment(_ opcode: Opcode) -> Bool {
    guard let form = byte(at: frame.rip &+ opcode.length), form & 0xf8 == 0xd0,
      let register = Self.encoded(form & 7, isExtended: opcode.isExtended),
      let value = general(register, of: currentThread)
    else { return false }
    guard value & 0xffff == frame.ss else { return false }
    frame.rip &+= opcode.length &+ 1
    return true
  }

  /// A register as instructions number it. SDM Vol. 2A, table 2-4.
  private static func encoded(_ number: UInt8, isExtended: Bool) -> Register? {
    switch (number, isExtended) {
    case (0, false): .rax
    case (1, false): .rcx
    case (2, false): .rdx
    case (3, false): .rbx
    case (4, false): .rsp
    case (5, false): .rbp
    case (6, false): .rsi
    case (7, false): .rdi
    case (0, true): .r8
    case (1, true): .r9
    case (2, true): .r10
    case (3, true): .r11
    case (4, true): .r12
    case (5, true): .r13
    case (6, true): .r14
    case (7, true): .r15
    default: nil
    }
  }

  /// The frame that `iretq` would load becomes the one that the way out of the debugger loads.
  ///
  /// Ring 3 may only go on in Ring 3, and moves of the flags what POPF moves there. The rest faults, as it should.
  private mutating func returnFromInterrupt(_ isKernel: Bool) -> Bool {
    var window = PhysicalWindow()
    guard
      let image = InterruptFrame.read(
        at: VirtualAddress(frame.rsp), root: table.root, mode: .building, memory: &window)
    else { return false }
    if isKernel {
      frame.rflags = image.rflags.rawValue
    } else {
      guard image.cs == frame.cs, image.ss == frame.ss, image.rip < UserRange.limit,
        image.rsp < UserRange.limit
      else { return false }
      loadFlags(image.rflags.rawValue, byteCount: 8, isKernel)
    }
    frame.rip = image.rip
    frame.cs = image.cs
    frame.rsp = image.rsp
    frame.ss = image.ss
    return true
  }

  private mutating func byte(at address: UInt64) -> UInt8? {
    guard case .place(let place) = translate(address, in: .linear(currentThread)) else { return nil }
    var window = PhysicalWindow()
    let word = window.load(PhysicalAddress(truncating: place.rawValue & ~7))
    return word.map { UInt8(truncatingIfNeeded: $0 >> (place.rawValue % 8 * 8)) }
  }

  private mutating func store(_ value: UInt64, byteCount: UInt64, at address: UInt64) -> Bool {
    for position in 0..<byteCount {
      guard case .place(let place) = translate(address &+ position, in: .linear(currentThread)) else {
        return false
      }
      var window = PhysicalWindow()
      window.patchByte(UInt8(truncatingIfNeeded: value >> (position * 8)), at: place)
    }
    return true
  }
}

/// An instruction as far as its opcode. SDM Vol. 2A, 2.1 and 2.2.1.
private struct Opcode {
  /// Bytes of the longest instruction there is.
  static let longest: UInt64 = 15

  private(set) var byte: UInt8 = 0
  /// Bytes up to and with the opcode.
  private(set) var length: UInt64 = 0
  private var isShort = false
  /// REX.W: an operand of 64 bits.
  private(set) var isWide = false
  /// REX.B: a register from R8 on.
  private(set) var isExtended = false

  /// Of PUSHF and POPF, in bytes.
  var operandSize: UInt64 { isShort && !isWide ? 2 : 8 }

  /// Takes the next byte; true when it was the opcode and no prefix.
  mutating func takes(_ next: UInt8) -> Bool {
    length &+= 1
    switch next {
    case 0x40...0x4f:
      isWide = next & 8 != 0
      isExtended = next & 1 != 0
      return false
    // LOCK makes what follows undefined.
    case 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x67, 0xf2, 0xf3: break
    case 0x66: isShort = true
    default:
      byte = next
      return true
    }
    // REX counts only right before the opcode.
    isWide = false
    isExtended = false
    return false
  }
}
