import Render

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
