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
  /// True for a frame that was interrupted and called nobody: RIP is the next instruction there, not a return address.
  let isSignalFrame: Bool
}

/// The caller's side of one frame.
public struct UnwoundFrame: Equatable, Sendable {
  /// The caller's registers.
  public let registers: FrameRegisters
  /// The canonical frame address of the callee: the stack pointer before the call.
  public let frameAddress: UInt64
  /// True when the caller was interrupted and did not call.
  public let isInterrupted: Bool
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
    caller.cs = selector ?? registers.cs
    caller.rip = caller[returnAddress]
    guard caller.rip != nil else { throw .outermost }
    return UnwoundFrame(registers: caller, frameAddress: frame, isInterrupted: isSignalFrame)
  }

  private func value(
    of number: Int, _ rule: Register, _ registers: FrameRegisters, _ frame: UInt64,
    _ read: (VirtualAddress) -> UInt64?
  ) throws(UnwindFailure) -> UInt64? {
    switch rule {
    case .unchanged: return registers[number]
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
