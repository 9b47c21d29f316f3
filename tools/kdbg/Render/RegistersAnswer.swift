import Inspect
import Report
import X86

/// `info registers`: all, or those asked for.
public struct RegistersAnswer: Answer {
  public let registers: RegisterFile
  /// Names as gdb writes them; empty for all.
  public let selection: [String]

  /// What the target does not give, whatever `registers` holds.
  public let unknown: Set<RegisterName>

  public init(_ registers: RegisterFile, selection: [String] = [], hiding unknown: Set<RegisterName> = []) {
    self.registers = registers
    self.selection = selection
    self.unknown = unknown
  }

  private func value(_ name: RegisterName) -> UInt64? {
    unknown.contains(name) ? nil : name.value(in: registers)
  }

  private var rows: [RegisterName] {
    selection.isEmpty ? RegisterName.allCases : selection.compactMap(RegisterName.init(rawValue:))
  }

  public func write(to page: inout TextPage, names: any NameSource) {
    var table = TextTable()
    for name in rows {
      guard let value = value(name) else {
        table.row(.init(name.rawValue), .init("not known", .warning))
        continue
      }
      table.row(.init(name.rawValue), .init(value.hexadecimal), .init(meaning(name, value, names), .symbol))
    }
    for (name, words) in tableRows { table.row(.init(name), .init(words.0), .init(words.1, .symbol)) }
    page.table(table, indent: 0)
  }

  private func meaning(_ name: RegisterName, _ value: UInt64, _ names: any NameSource) -> String {
    switch name {
    case .rip, .rsp: names.name(of: VirtualAddress(value))?.text ?? ""
    case .eflags: Render.words { $0.write(RFlags(rawValue: value)) }
    case .cr0: Render.words { $0.write(CR0(rawValue: value)) }
    case .cr4: Render.words { $0.write(CR4(rawValue: value)) }
    case .efer: Render.words { $0.write(EFER(rawValue: value)) }
    case .cr3: registers.cr3.words(registers.cr4)
    case .dr6: ControlRegistersAnswer.debugStatus(value)
    case .dr7: ControlRegistersAnswer.debugControl(value)
    // Without descriptors a selector is a sixteenth of a base, and has no parts.
    case .cs where hasBases: base(registers.csCache)
    case .ss where hasBases: base(registers.ssCache)
    case .ds where hasBases, .es where hasBases, .fs where hasBases, .gs where hasBases: ""
    case .cs, .ss: selector(value) + (attributes(name).map { ", " + $0.words } ?? "")
    case .ds, .es, .fs, .gs: selector(value)
    default: ""
    }
  }

  /// Real mode, and virtual-8086 mode. SDM Vol. 3B, 20.1.
  private var hasBases: Bool {
    guard RegisterName.control.isDisjoint(with: unknown) else { return false }
    return !registers.cr0.contains(.protectionEnable) || registers.rflags.rawValue >> 17 & 1 == 1
  }

  private func base(_ cache: SegmentCache?) -> String {
    cache.map { "base \($0.base.hexadecimal), limit \($0.limit.hexadecimal)" } ?? ""
  }

  private func selector(_ value: UInt64) -> String {
    SegmentSelector(rawValue: UInt16(truncatingIfNeeded: value)).words
  }

  /// The hidden part, where the target gives it.
  private func attributes(_ name: RegisterName) -> SegmentAttributes? {
    (name == .cs ? registers.csCache : registers.ssCache)?.attributes
  }

  /// TR, LDTR, GDTR and IDTR are more than one number.
  private var tableRows: [(String, (String, String))] {
    guard selection.isEmpty else { return [] }
    func cache(_ cache: SegmentCache?) -> (String, String) {
      cache.map {
        ($0.selector.rawValue.hexadecimal, "base \($0.base.hexadecimal), limit \($0.limit.hexadecimal)")
      } ?? ("not known", "")
    }
    func table(_ table: TableRegister?) -> (String, String) {
      table.map { ($0.base.rawValue.hexadecimal, "limit \($0.limit.hexadecimal)") } ?? ("not known", "")
    }
    return [
      ("tr", cache(registers.taskRegister)), ("ldtr", cache(registers.localTable)),
      ("gdtr", table(registers.globalTable)), ("idtr", table(registers.interruptTable)),
    ]
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    var values: [String: JSONValue] = [:]
    for name in rows { values[name.rawValue] = .optional(value(name), JSONValue.hexadecimal) }
    if selection.isEmpty {
      values["tr"] = .optional(registers.taskRegister, \.json)
      values["ldtr"] = .optional(registers.localTable, \.json)
      values["gdtr"] = .optional(registers.globalTable, \.json)
      values["idtr"] = .optional(registers.interruptTable, \.json)
    }
    var meanings: [String: JSONValue] = [:]
    for name in rows {
      guard let value = value(name) else { continue }
      let words = meaning(name, value, names)
      if !words.isEmpty { meanings[name.rawValue] = .string(words) }
    }
    return ["registers": .object(values), "meanings": .object(meanings)]
  }
}

extension SegmentCache {
  fileprivate var json: JSONValue {
    [
      "selector": .hexadecimal(UInt64(selector.rawValue)), "base": .hexadecimal(base),
      "limit": .hexadecimal(UInt64(limit)),
      "attributes": .optional(attributes) { .hexadecimal(UInt64($0.rawValue)) },
    ]
  }
}

extension TableRegister {
  fileprivate var json: JSONValue {
    ["base": .hexadecimal(base.rawValue), "limit": .hexadecimal(UInt64(limit))]
  }
}
