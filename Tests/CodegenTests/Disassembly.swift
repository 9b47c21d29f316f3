import Foundation

/// What objdump makes of an executable's code.
struct Disassembly: Sendable {
  struct Instruction: Sendable {
    let address: UInt64
    /// The mnemonic, prefixes and operands included, as objdump prints them.
    let text: String
    /// The symbol that stands before it, nil in a stripped file.
    let symbol: String?
    let symbolAddress: UInt64?
  }

  private(set) var instructions: [Instruction] = []
  private(set) var symbolCount = 0
  /// The names of the sections that hold code.
  private(set) var sections: [String] = []

  /// Disassembles every section of code in the file at `path` but those in `skipping`.
  init(_ path: String, skipping: Set<String> = []) throws {
    var symbol: String?
    var symbolAddress: UInt64?
    for line in try Tool.lines("objdump", ["-d", "-w", "--no-show-raw-insn", path]) {
      if line.hasPrefix("Disassembly of section ") {
        sections.append(String(line.dropFirst(23).dropLast()))
        symbol = nil
        symbolAddress = nil
      } else if line.hasSuffix(">:"), let space = line.firstIndex(of: " ") {
        symbolAddress = UInt64(line[..<space], radix: 16)
        symbol = String(line[line.index(space, offsetBy: 2)...].dropLast(2))
        if !skipping.contains(sections.last ?? "") { symbolCount += 1 }
      } else if let tab = line.firstIndex(of: "\t"), !skipping.contains(sections.last ?? "") {
        // address: TAB instruction
        let digits = line[..<tab].drop { $0 == " " }.dropLast()
        guard let address = UInt64(digits, radix: 16) else { continue }
        instructions.append(
          Instruction(
            address: address, text: String(line[line.index(after: tab)...]), symbol: symbol,
            symbolAddress: symbolAddress))
      }
    }
  }
}

extension Disassembly.Instruction {
  private static let prefixes: Set<Substring> = [
    "addr32", "bnd", "cs", "data16", "ds", "es", "fs", "gs", "lock", "notrack", "rep", "repnz", "repz",
    "rex.W", "ss",
  ]

  /// The mnemonic without prefixes.
  var mnemonic: Substring {
    text.split(separator: " ").first { !Self.prefixes.contains($0) } ?? ""
  }

  /// True when the instruction uses registers that the kernel neither saves nor may touch: x87, MMX, SSE, AVX and
  /// the mask registers.
  var usesExtendedState: Bool {
    let mnemonic = mnemonic
    // Every mnemonic that begins with f belongs to x87; of those that begin with v, only vzeroupper and vzeroall
    // name no register.
    for start in ["f", "vzero", "xsave", "xrstor"] where mnemonic.hasPrefix(start) { return true }
    return ["emms", "ldmxcsr", "stmxcsr", "wait"].contains(mnemonic) || namesExtendedRegister
  }

  private var namesExtendedRegister: Bool {
    text.split(separator: "%").dropFirst().contains { operand in
      let name = operand.prefix { $0.isLowercase || $0.isNumber }
      // mm0, xmm0, ymm0, zmm0; st; k0
      return name.contains("mm") || name == "st" || name.count == 2 && name.first == "k"
    }
  }
}
