import Inspect
import Report
import X86

/// A model-specific register that has a name here. SDM Vol. 4, table 2-2; AMD APM Vol. 2, appendix A.
public enum ModelSpecificName: UInt32, CaseIterable, Sendable {
  case apicBase = 0x1b
  case sysenterCS = 0x174
  case sysenterESP = 0x175
  case sysenterEIP = 0x176
  case pat = 0x277
  case efer = 0xc000_0080
  case star = 0xc000_0081
  case lstar = 0xc000_0082
  case cstar = 0xc000_0083
  case sfmask = 0xc000_0084
  case fsBase = 0xc000_0100
  case gsBase = 0xc000_0101
  case kernelGSBase = 0xc000_0102

  public var name: String {
    switch self {
    case .apicBase: "apic_base"
    case .sysenterCS: "sysenter_cs"
    case .sysenterESP: "sysenter_esp"
    case .sysenterEIP: "sysenter_eip"
    case .pat: "pat"
    case .efer: "efer"
    case .star: "star"
    case .lstar: "lstar"
    case .cstar: "cstar"
    case .sfmask: "sfmask"
    case .fsBase: "fs_base"
    case .gsBase: "gs_base"
    case .kernelGSBase: "kernel_gs_base"
    }
  }

  /// By its name, in any case, also as `IA32_...` or `MSR_...` writes it.
  public init?(_ text: String) {
    var plain = text.lowercased()
    for prefix in ["ia32_", "msr_"] where plain.hasPrefix(prefix) { plain.removeFirst(prefix.count) }
    if plain == "fmask" { plain = "sfmask" }
    guard let found = Self.allCases.first(where: { $0.name == plain }) else { return nil }
    self = found
  }

  fileprivate func meaning(_ value: UInt64, _ names: any NameSource) -> String {
    switch self {
    case .apicBase:
      let bits = [(8, "BSP"), (10, "x2APIC"), (11, "enabled")].filter { value >> $0.0 & 1 == 1 }.map(\.1)
      return "registers at \((value & PageTableEntry.addressMask).hexadecimal)"
        + bits.map { ", " + $0 }.joined()
    case .pat:
      let types = [0: "UC", 1: "WC", 4: "WT", 5: "WP", 6: "WB", 7: "UC-"]
      return (0..<8).map { types[Int(value >> (8 * $0) & 7)] ?? "reserved" }.joined(separator: " ")
    case .efer: return words { $0.write(EFER(rawValue: value)) }
    case .star:
      let (call, back) = (value >> 32 & 0xffff, value >> 48 & 0xffff)
      return "SYSCALL: CS \((call & ~3).hexadecimal), SS \((call & ~3 &+ 8).hexadecimal); "
        + "SYSRET: CS \((back &+ 16 | 3).hexadecimal), SS \((back &+ 8 | 3).hexadecimal)"
    case .sfmask: return "SYSCALL clears " + words { $0.write(RFlags(rawValue: value)) }
    case .lstar, .cstar, .sysenterEIP, .gsBase, .kernelGSBase, .fsBase, .sysenterESP:
      return names.name(of: VirtualAddress(value))?.text ?? ""
    case .sysenterCS: return ""
    }
  }
}

/// `msr`.
public struct ModelSpecificAnswer: Answer {
  public struct Row: Sendable {
    public let number: UInt32
    /// Nil where the processor has no such register.
    public let value: UInt64?

    public init(number: UInt32, value: UInt64?) {
      self.number = number
      self.value = value
    }

    fileprivate var known: ModelSpecificName? { ModelSpecificName(rawValue: number) }
  }

  private let rows: [Row]

  public init(_ rows: [Row]) { self.rows = rows }

  public func write(to page: inout TextPage, names: any NameSource) {
    var table = TextTable()
    for row in rows {
      let label = TextTable.Cell(row.known?.name ?? "")
      let number = TextTable.Cell(UInt64(row.number).hexadecimal, .quiet)
      guard let value = row.value else {
        table.row(number, label, .init("the processor has no such register", .warning))
        continue
      }
      table.row(
        number, label, .init(value.hexadecimal), .init(row.known?.meaning(value, names) ?? "", .symbol))
    }
    page.table(table, indent: 0)
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    [
      "registers": .array(
        rows.map { row in
          [
            "number": .hexadecimal(UInt64(row.number)),
            "name": .optional(row.known) { .string($0.name) },
            "value": .optional(row.value, JSONValue.hexadecimal),
            "meaning": .optional(row.value) { .string(row.known?.meaning($0, names) ?? "") },
          ]
        })
    ]
  }
}
