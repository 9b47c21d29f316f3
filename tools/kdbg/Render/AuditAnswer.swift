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
    var table = TextTable()
    for run in findings.runs(where: { $0.sharesLine(with: $1) }) {
      let first = run[run.startIndex]
      let last = run[run.endIndex - 1]
      guard run.count > 1 else {
        table.row(
          .init(first.rule.identifier), .init(first.mark, first.tone), .init("\(first.rule.name)"),
          .init(first.remark, first.isViolated ? .plain : .quiet))
        continue
      }
      table.row(
        .init("\(first.rule.identifier) to \(last.rule.identifier)"), .init(first.mark, first.tone),
        .init("\(run.count) rules"), .init(first.remark, .quiet))
    }
    page.table(table)
    let held = findings.count { $0.isHeld }
    page.line(
      "\(held) held, \(violations.count) violated, \(unchecked.count) not checked",
      !violations.isEmpty ? .bad : held == 0 ? .warning : .good)
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
      "findings": .array(findings.map(\.json)),
    ]
  }
}

extension Finding {
  /// Neighbours that could not be checked for the same reason are one line.
  fileprivate func sharesLine(with next: Finding) -> Bool {
    guard case .unknown(let mine) = verdict, case .unknown(let other) = next.verdict else { return false }
    return mine == other
  }

  fileprivate var mark: String { isHeld ? "held" : isViolated ? "VIOLATED" : "not checked" }

  fileprivate var tone: Tone {
    if isHeld { return .good }
    guard isViolated else { return .quiet }
    return severity == .hygiene ? .warning : .bad
  }

  fileprivate var remark: String {
    isViolated ? Render.words { $0.write(severity) } + ": " + words : missingWords
  }

  fileprivate var json: JSONValue {
    [
      "rule": .string(rule.identifier),
      "name": .string("\(rule.name)"),
      "severity": .string(Render.words { $0.write(severity) }),
      "verdict": isHeld ? "held" : isViolated ? "violated" : "notChecked",
      "text": .string(isViolated ? words : missingWords),
    ]
  }
}
