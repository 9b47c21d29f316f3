import X86

/// How the registers of a caller are found while one instruction of the callee is next. DWARF 5, 6.4.
struct CallFrameRules: Equatable, Sendable {
  enum Register: Equatable, Sendable {
    /// The callee has not touched it.
    case unchanged
    /// Its value is lost.
    case undefined
    case saved([DwarfExpression.Operation])
    /// The table contradicts itself here.
    case damaged
  }

  /// The expression of the canonical frame address.
  let frameAddress: [DwarfExpression.Operation]
  /// By DWARF number, RIP the last.
  let registers: [Register]
  let codeSelector: Register
  /// The number of the register that holds the caller's RIP.
  let returnAddress: Int
  /// What the table says: a frame that was interrupted and called nobody.
  let isSignalFrame: Bool

  /// True where the caller was interrupted: its RIP is the next instruction there, not a return address. LLVM's assembler
  /// leaves the mark of a signal frame out of .debug_frame; no call saves CS.
  fileprivate var isInterruption: Bool {
    if case .saved = codeSelector { return true }
    return isSignalFrame
  }

  /// True where RIP is in a register, as `syscall` leaves it.
  fileprivate var isSystemCall: Bool {
    guard registers.indices.contains(returnAddress), case .saved(let rule) = registers[returnAddress] else {
      return false
    }
    return rule.count == 1 && rule[0].isRegister
  }
}

/// The caller's side of one frame.
public struct UnwoundFrame: Equatable, Sendable {
  /// The caller's registers.
  public let registers: FrameRegisters
  /// The canonical frame address of the callee: the stack pointer before the call.
  public let frameAddress: UInt64
  /// True when the caller was interrupted and did not call.
  public let isInterrupted: Bool

  public init(registers: FrameRegisters, frameAddress: UInt64, isInterrupted: Bool) {
    self.registers = registers
    self.frameAddress = frameAddress
    self.isInterrupted = isInterrupted
  }
}

/// Why call-frame information gives no caller.
public enum UnwindFailure: Error, Equatable, Sendable {
  /// No entry covers the address.
  case noInformation
  /// The entry says that nobody called.
  case outermost
  /// This qword of the stack cannot be read.
  case unreadable(VirtualAddress)
  /// A rule needs a register that no frame saved.
  case unknownRegister(Int)
  case damaged
}

extension CallFrameRules {
  /// The caller of the frame with `registers`; `read` gives a qword of memory.
  func caller(
    of registers: FrameRegisters, read: (VirtualAddress) -> UInt64?
  ) throws(UnwindFailure) -> UnwoundFrame {
    let frame: UInt64
    switch try DwarfExpression.evaluate(frameAddress, registers, frameAddress: nil, read: read) {
    case .memory(let address), .value(let address): frame = address
    case .register(let number):
      guard let address = registers[number] else { throw .unknownRegister(number) }
      frame = address
    }
    var caller = FrameRegisters()
    for (number, rule) in self.registers.enumerated() {
      do {
        caller[number] = try value(of: number, rule, registers, frame, read)
      } catch {
        // A caller is worth showing without some of its registers, but not without this one.
        if number == returnAddress { throw error }
      }
    }
    // What no rule names is as it was: the ring changes by an exception alone.
    let selector = try value(of: FrameRegisters.codeSelector, codeSelector, registers, frame, read)
    caller.cs = selector ?? (isSystemCall ? nil : registers.cs)
    caller.rip = caller[returnAddress]
    guard caller.rip != nil else { throw .outermost }
    return UnwoundFrame(registers: caller, frameAddress: frame, isInterrupted: isInterruption || isSystemCall)
  }

  /// True for what a function gives back as it found it, where its table says nothing else: RBX, RBP, RSP, R12 to R15 and CS.
  /// System V ABI, 3.2.1.
  private static func isPreserved(_ number: Int) -> Bool {
    switch number {
    case 3, 6, 7, 12...15, FrameRegisters.codeSelector: true
    default: false
    }
  }

  private func value(
    of number: Int, _ rule: Register, _ registers: FrameRegisters, _ frame: UInt64,
    _ read: (VirtualAddress) -> UInt64?
  ) throws(UnwindFailure) -> UInt64? {
    switch rule {
    case .unchanged: return isInterruption || Self.isPreserved(number) ? registers[number] : nil
    case .undefined: return nil
    case .damaged: throw .damaged
    case .saved(let operations):
      switch try DwarfExpression.evaluate(operations, registers, frameAddress: frame, read: read) {
      case .value(let value): return value
      case .register(let other): return registers[other]
      case .memory(let place):
        let address = VirtualAddress(place)
        guard let value = read(address) else { throw .unreadable(address) }
        return value
      }
    }
  }
}
