import Inspect
import Report
import X86

/// `cr`: what each bit of the control registers is called, those that are set.
public struct ControlRegistersAnswer: Answer {
  private let registers: RegisterFile

  public init(_ registers: RegisterFile) { self.registers = registers }

  private var rows: [(name: String, value: UInt64?, meaning: String)] {
    var rows: [(String, UInt64?, String)] = [
      ("cr0", registers.cr0.rawValue, words { $0.write(registers.cr0) }),
      ("cr2", registers.cr2, "the address of the last page fault"),
      ("cr3", registers.cr3.rawValue, registers.cr3.words(registers.cr4)),
      ("cr4", registers.cr4.rawValue, words { $0.write(registers.cr4) }),
      (
        "cr8", registers.cr8,
        "interrupts of priority class above \(registers.cr8.map { $0 & 0xf } ?? 0) come in"
      ),
      ("efer", registers.efer.rawValue, words { $0.write(registers.efer) }),
    ]
    for index in 0..<4 {
      rows.append(("dr\(index)", registers.debugAddress.map { $0[index] }, ""))
    }
    rows.append(("dr6", registers.debugStatus, registers.debugStatus.map(Self.debugStatus) ?? ""))
    rows.append(("dr7", registers.debugControl, registers.debugControl.map(Self.debugControl) ?? ""))
    return rows
  }

  /// What raised the last #DB. SDM Vol. 3B, 17.2.3.
  static func debugStatus(_ value: UInt64) -> String {
    let bits: [(Int, String)] = [
      (0, "B0"), (1, "B1"), (2, "B2"), (3, "B3"), (13, "BD"), (14, "BS"), (15, "BT"),
    ]
    return bits.filter { value >> $0.0 & 1 == 1 }.map(\.1).joined(separator: " ")
  }

  /// Which breakpoints are on, each with what it watches and how many bytes. SDM Vol. 3B, 17.2.4.
  static func debugControl(_ value: UInt64) -> String {
    var parts: [String] = []
    for index in 0..<4 {
      let enabled = value >> (2 * index) & 3
      guard enabled != 0 else { continue }
      let kind = ["execution", "writes", "ports", "reads and writes"][Int(value >> (16 + 4 * index) & 3)]
      let length = [1, 2, 8, 4][Int(value >> (18 + 4 * index) & 3)]
      let scope = (enabled & 1 != 0 ? "L" : "") + (enabled & 2 != 0 ? "G" : "")
      parts.append("\(scope)\(index) \(kind), \(length) byte\(length == 1 ? "" : "s")")
    }
    if value >> 13 & 1 == 1 { parts.append("GD") }
    return parts.joined(separator: "; ")
  }

  public func write(to page: inout TextPage, names: any NameSource) {
    var table = TextTable()
    for row in rows {
      guard let value = row.value else {
        table.row(.init(row.name), .init("not known", .warning))
        continue
      }
      table.row(.init(row.name), .init(value.hexadecimal), .init(row.meaning, .symbol))
    }
    page.table(table, indent: 0)
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    [
      "registers": .array(
        rows.map { row in
          [
            "name": .string(row.name), "value": .optional(row.value, JSONValue.hexadecimal),
            "meaning": .string(row.value == nil ? "" : row.meaning),
          ]
        })
    ]
  }
}

extension CR3 {
  /// The root table, and the low bits by what CR4.PCIDE makes them.
  func words(_ cr4: CR4) -> String {
    let root = "root table \(self.root.address.rawValue.hexadecimal)"
    if cr4.contains(.processContextIdentifiers) { return root + ", PCID \(lowBits.hexadecimal)" }
    let bits = [(3, "PWT"), (4, "PCD")].filter { lowBits >> $0.0 & 1 == 1 }.map(\.1)
    return bits.isEmpty ? root : root + ", " + bits.joined(separator: " ")
  }
}

extension SegmentAttributes {
  /// `64-bit code, DPL 0`.
  var words: String {
    let kind: String
    if isCode {
      kind =
        (isLong ? "64-bit code" : isDefault32 ? "32-bit code" : "16-bit code")
        + (isConforming ? ", conforming" : "")
    } else if isData {
      kind = isWritableData ? "data, writable" : "data, read-only"
    } else {
      kind = SystemDescriptorType(rawValue: type)?.words ?? "system type \(UInt64(type).hexadecimal)"
    }
    return kind + ", DPL \(privilege)" + (isPresent ? "" : ", not present")
  }
}
