import Inspect
import Render
import RingTransition
import X86

/// What the check came to so far: the last words of a session that checked.
public struct CheckSummary: Answer {
  public let checker: ReturnChecker
  /// Nil where every return was audited.
  let mode: CheckModeReport?

  public init(_ checker: ReturnChecker, mode: CheckModeReport? = nil) {
    self.checker = checker
    self.mode = mode
  }

  public func write(to page: inout TextPage, names: any NameSource) {
    page.line(page.paint(sentence, tone))
    mode?.write(to: &page)
    let active = checker.activeSites
    if active.count > 1 {
      var table = TextTable(.right, .left, .left)
      for site in active {
        table.row(
          .init(String(site.returns)), .init(site.instruction),
          .init(names.name(of: site.address)?.text ?? site.address.rawValue.hexadecimal, .symbol))
      }
      page.table(table)
    }
    for finding in checker.remarks {
      page.line("  \(finding.rule.identifier) \(finding.rule.name): \(finding.words)", .warning)
    }
  }

  private var tone: Tone {
    if checker.violation != nil { return .bad }
    return checker.count == 0 ? .warning : .good
  }

  /// `214 returns to Ring 3 checked at 1 site, all held`.
  public var sentence: String {
    let sites = checker.activeSites.count
    guard checker.count > 0 else {
      let known = checker.sites.count
      return
        "no return to Ring 3 was checked: none of the \(known) return instructions of the kernel led there"
    }
    let returns = checker.count == 1 ? "1 return" : "\(checker.count) returns"
    let head = "\(returns) to Ring 3 checked at \(sites == 1 ? "1 site" : "\(sites) sites")"
    if checker.violation != nil { return head + ", the last one violates a rule" }
    let remarks = checker.remarks.count
    guard remarks > 0 else { return head + ", all held" }
    let areHygiene = checker.remarks.allSatisfy { $0.severity == .hygiene }
    return head + ", all held, \(remarks) \(remarks == 1 ? "remark" : "remarks")"
      + (areHygiene ? " on hygiene" : "")
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    var members: [String: JSONValue] = [
      "returns": .number(checker.count),
      "held": .bool(checker.violation == nil && checker.count > 0),
      "sites": .array(
        checker.sites.map {
          [
            "address": .hexadecimal($0.address.rawValue),
            "instruction": .string($0.instruction),
            "symbol": .optional(names.name(of: $0.address)) { .string($0.text) },
            "returns": .number($0.returns), "kernelReturns": .number($0.kernelReturns),
          ]
        }),
      "remarks": .array(checker.remarks.map { .string($0.rule.identifier) }),
      "hygiene": .array(
        checker.remarks.filter { $0.severity == .hygiene }.map { .string($0.rule.identifier) }),
      "unchecked": .array(checker.unchecked.map { .string($0.rule.identifier) }),
    ]
    if let mode { members["mode"] = mode.json }
    return members
  }
}

/// `check status`.
struct CheckStatus: Answer {
  let isOn: Bool
  let checker: ReturnChecker?
  let mode: CheckModeReport?

  init(control: RunControl) {
    isOn = control.isChecking
    checker = control.checker
    mode = CheckModeReport(control)
  }

  func write(to page: inout TextPage, names: any NameSource) {
    page.line("The check is \(isOn ? "on" : "off")\(mode.map { ", mode \($0.mode.text)" } ?? "").")
    guard let checker else { return }
    var table = TextTable(.left, .left, .left, .right, .right)
    table.headings("return", "by", "in", "to Ring 3", "to Ring 0")
    for site in checker.sites {
      table.row(
        .init(site.address.fullHexadecimal), .init(site.instruction),
        .init(names.name(of: site.address)?.text ?? "", .symbol),
        .init(String(site.returns)), .init(String(site.kernelReturns)))
    }
    page.table(table)
    if checker.count > 0 { CheckSummary(checker, mode: mode).write(to: &page, names: names) }
    page.reasons("not checked", checker.unchecked)
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    var members = checker.map { CheckSummary($0, mode: mode).members(names: names) } ?? [:]
    members["on"] = .bool(isOn)
    return members
  }
}
