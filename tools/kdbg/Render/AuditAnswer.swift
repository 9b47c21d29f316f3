import Inspect
import Report
import RingTransition
import X86

/// `audit`: every rule and what it came to.
extension ReturnAudit: Answer {
  public func write(to page: inout TextPage, names: any NameSource) {
    var heading = page.paint("audit at \(registers.rip.hexadecimal)", .heading)
    if let name = names.name(of: VirtualAddress(registers.rip)) {
      heading += " " + page.paint("<\(name.text)>", .symbol)
    }
    page.line(heading)
    writeViolations(to: &page)
    page.reasons("not checked", unchecked)
    page.reasons("skipped", skipped)
    let held = findings.count { $0.isHeld }
    page.line(
      "\(held) held, \(violations.count) violated, \(unchecked.count) not checked"
        + (skipped.isEmpty ? "" : ", \(skipped.count) skipped"),
      !violations.isEmpty ? .bad : held == 0 ? .warning : .good)
  }

  /// What is wrong, each with what follows from it.
  private func writeViolations(to page: inout TextPage) {
    guard !violations.isEmpty else { return }
    page.line("violated", .heading)
    var table = TextTable()
    for finding in causes + violations.filter({ finding in !causes.contains { $0.rule == finding.rule } }) {
      let above = violations.filter { finding.follows($0) }.map(\.rule.identifier)
      table.row(
        .init(finding.rule.identifier, finding.tone), .init("\(finding.rule.name)", finding.tone),
        .init(
          (above.isEmpty ? "" : "follows from \(above.joined(separator: ", ")): ") + finding.remark))
    }
    page.table(table)
  }

  public func members(names: any NameSource) -> [String: JSONValue] {
    [
      "rip": .hexadecimal(registers.rip),
      "symbol": .optional(names.name(of: VirtualAddress(registers.rip))) { .string($0.text) },
      "cr3": .hexadecimal(registers.cr3.rawValue),
      "root": .optional(root) { .string($0.rule.identifier) },
      "frame": .optional(frame) {
        [
          "rip": .hexadecimal($0.rip), "cs": .hexadecimal($0.cs), "rflags": .hexadecimal($0.rflags.rawValue),
          "rsp": .hexadecimal($0.rsp), "ss": .hexadecimal($0.ss),
        ]
      },
      "findings": .array(findings.map { $0.json(among: violations) }),
    ]
  }
}

extension TextPage {
  /// The rules that gave no answer, by the reason why.
  public mutating func reasons(_ title: String, _ findings: [Finding]) {
    guard !findings.isEmpty else { return }
    line(title, .heading)
    var rows = TextTable()
    var told: Set<String> = []
    for reason in findings.map(\.missingWords) where told.insert(reason).inserted {
      let rules = findings.filter { $0.missingWords == reason }.map(\.rule)
      rows.row(.init(reason), .init(Self.list(rules), .quiet))
    }
    table(rows)
  }

  /// `RT-001..RT-017 RT-020`: three numbers in a row and more are a range.
  private static func list(_ rules: [Rule]) -> String {
    var words: [String] = []
    var rest = rules[...]
    while let first = rest.first {
      let run = rest.enumerated().prefix { $1.number == first.number + UInt16($0) }.map(\.element)
      rest = rest.dropFirst(run.count)
      words +=
        run.count < 3 ? run.map(\.identifier) : ["\(first.identifier)..\(run[run.count - 1].identifier)"]
    }
    return words.joined(separator: " ")
  }
}

extension Finding {
  /// `fatal`, `security` or `hygiene`.
  public var severityWord: String { Render.words { $0.write(severity) } }

  /// The verdict in JSON.
  fileprivate var key: String {
    switch verdict {
    case .held: "held"
    case .violated: "violated"
    case .unknown: "notChecked"
    case .skipped: "skipped"
    }
  }

  fileprivate var tone: Tone {
    if isHeld { return .good }
    guard isViolated else { return .quiet }
    return severity == .hygiene ? .warning : .bad
  }

  fileprivate var remark: String {
    isViolated ? Render.words { $0.write(severity) } + ": " + words : missingWords
  }

  /// `follows` names the violations that this one follows from: it is listed under them, and not counted.
  fileprivate func json(among violations: [Finding]) -> JSONValue {
    let causes = isViolated ? violations.filter { $0.rule != rule && follows($0) } : []
    return [
      "rule": .string(rule.identifier),
      "name": .string("\(rule.name)"),
      "severity": .string(Render.words { $0.write(severity) }),
      "verdict": .string(key),
      "text": .string(isViolated ? words : missingWords),
      "follows": .array(causes.map { .string($0.rule.identifier) }),
    ]
  }
}
