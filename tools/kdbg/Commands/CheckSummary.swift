import Inspect
import Render
import RingTransition
import X86

/// What the check came to so far: the last words of a session that checked.
public struct CheckSummary: Answer {
  public let checker: ReturnChecker

  public init(_ checker: ReturnChecker) { self.checker = checker }

  public func write(to page: inout TextPage, names: any NameSource) {
    page.line(page.paint(sentence, tone))
    if !checker.unaudited.isEmpty {
      let list = checker.unaudited.map { other in
        "\(other.mnemonic) at \(names.name(of: other.address)?.text ?? other.address.rawValue.hexadecimal)"
      }
      page.line("  not audited, because only iretq is: " + list.joined(separator: ", "), .warning)
    }
    for finding in checker.hygiene {
      page.line("  \(finding.rule.identifier) \(finding.rule.name): \(finding.words)", .warning)
    }
  }

  private var tone: Tone {
    if checker.violation != nil { return .bad }
    return checker.count == 0 ? .warning : .good
  }

  /// `214 returns to Ring 3 checked at 1 site, all held`.
  public var sentence: String {
    let sites = checker.activeSites
    guard checker.count > 0 else {
      let known = checker.sites.count
      return "no return to Ring 3 was checked: none of the \(known) iretq of the kernel returned there"
    }
    let returns = checker.count == 1 ? "1 return" : "\(checker.count) returns"
    let head = "\(returns) to Ring 3 checked at \(sites == 1 ? "1 site" : "\(sites) sites")"
    if checker.violation != nil { return head + ", the last one violates a rule" }
    let remarks = checker.hygiene.count
    return head + ", all held"
      + (remarks == 0 ? "" : ", \(remarks) \(remarks == 1 ? "remark" : "remarks") on hygiene")
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    [
      "returns": .number(checker.count),
      "held": .bool(checker.violation == nil && checker.count > 0),
      "sites": .array(
        checker.sites.map {
          [
            "address": .hexadecimal($0.address.rawValue),
            "symbol": .optional(names.name(of: $0.address)) { .string($0.text) },
            "returns": .number($0.returns), "kernelReturns": .number($0.kernelReturns),
          ]
        }),
      "unaudited": .array(
        checker.unaudited.map {
          ["address": .hexadecimal($0.address.rawValue), "instruction": .string($0.mnemonic)]
        }),
      "hygiene": .array(checker.hygiene.map { .string($0.rule.identifier) }),
      "unchecked": .array(checker.unchecked.map { .string($0.rule.identifier) }),
    ]
  }
}

/// `check status`.
struct CheckStatus: Answer {
  let isOn: Bool
  let checker: ReturnChecker?

  init(control: RunControl) {
    isOn = control.isChecking
    checker = control.checker
  }

  func write(to page: inout TextPage, names: any NameSource) {
    page.line("The check is \(isOn ? "on" : "off").")
    guard let checker else { return }
    var table = TextTable(.left, .left, .right, .right)
    table.headings("iretq", "in", "to Ring 3", "to Ring 0")
    for site in checker.sites {
      table.row(
        .init(site.address.fullHexadecimal), .init(names.name(of: site.address)?.text ?? "", .symbol),
        .init(String(site.returns)), .init(String(site.kernelReturns)))
    }
    page.table(table)
    if checker.count > 0 { CheckSummary(checker).write(to: &page, names: names) }
    if !checker.unchecked.isEmpty {
      page.line(
        "not checked: "
          + checker.unchecked.map { "\($0.rule.identifier) (\($0.missingWords))" }.joined(separator: ", "),
        .quiet)
    }
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    var members = checker.map { CheckSummary($0).members(names: names) } ?? [:]
    members["on"] = .bool(isOn)
    return members
  }
}
