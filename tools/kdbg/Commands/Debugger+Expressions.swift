import Inspect
import Render
import X86

extension Debugger: ExpressionScope {
  public func register(_ name: String) throws(CommandFailure) -> UInt64? {
    if let part = RegisterPart(name: name) {
      return try register(part.whole.rawValue).map { $0 & part.mask }
    }
    guard let register = RegisterName(alias: name) else { return nil }
    try requireStopped()
    guard let value = register.value(in: target.coreRegisters) else { throw .unknownRegister(name) }
    return value
  }

  public func symbol(_ name: String) throws(CommandFailure) -> UInt64? {
    let addresses = program?.addresses(named: name) ?? []
    guard addresses.count <= 1 else { throw .ambiguousSymbol(name, addresses.map(\.rawValue)) }
    return addresses.first?.rawValue
  }

  public func memory(_ unit: MemoryUnit, at address: UInt64) throws(CommandFailure) -> UInt64 {
    try requireStopped()
    var machine = target
    let bytes: [UInt8]
    switch unit.space {
    case .linear: bytes = machine.bytes(at: VirtualAddress(address), count: unit.byteCount)
    case .physical:
      guard let physical = PhysicalAddress(exactly: address) else { throw .notAPhysicalAddress(address) }
      bytes = machine.bytes(at: physical, count: unit.byteCount)
    }
    guard bytes.count == unit.byteCount else {
      if let failure = loss() { throw .session(failure) }
      throw .unreadable(address &+ UInt64(bytes.count), unit.space)
    }
    return unit.value(of: bytes)
  }

  /// The address that `text` means.
  func address(_ text: String) throws(CommandFailure) -> VirtualAddress {
    VirtualAddress(try Expression.value(of: text, in: self))
  }
}

/// The low part of a general register under its own name: `eax`, `r8d`, `ax`, `r8w`, `al`, `r8b`.
struct RegisterPart: Equatable {
  let whole: RegisterName
  let byteCount: Int

  /// What remains of the register.
  var mask: UInt64 { 1 << UInt64(byteCount * 8) - 1 }

  init?(name: String) {
    guard let found = Self.all[name] else { return nil }
    self = found
  }

  private init(_ whole: RegisterName, byteCount: Int) {
    self.whole = whole
    self.byteCount = byteCount
  }

  private static let all: [String: RegisterPart] = {
    var all: [String: RegisterPart] = [:]
    let named: [RegisterName] = [.rax, .rbx, .rcx, .rdx, .rsi, .rdi, .rbp, .rsp]
    for register in named {
      let letters = register.rawValue.dropFirst()
      all["e\(letters)"] = RegisterPart(register, byteCount: 4)
      // gdb's name for the whole stack pointer.
      if register != .rsp { all["\(letters)"] = RegisterPart(register, byteCount: 2) }
      let low = letters.hasSuffix("x") ? "\(letters.dropLast())l" : "\(letters)l"
      all[low] = RegisterPart(register, byteCount: 1)
    }
    let numbered: [RegisterName] = [.r8, .r9, .r10, .r11, .r12, .r13, .r14, .r15]
    for register in numbered {
      for (letter, byteCount) in [("d", 4), ("w", 2), ("b", 1)] {
        all[register.rawValue + letter] = RegisterPart(register, byteCount: byteCount)
      }
    }
    return all
  }()
}
