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
    for finding in findings {
      table.row(
        .init(finding.rule.identifier), .init(finding.mark, finding.tone),
        .init("\(finding.rule.name)"), .init(finding.remark, finding.isViolated ? .plain : .quiet))
    }
    page.table(table)
    page.line(
      "\(findings.count { $0.isHeld }) held, \(violations.count) violated, \(unchecked.count) not checked",
      violations.isEmpty ? .good : .bad)
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
  fileprivate var mark: String { isHeld ? "held" : isViolated ? "VIOLATED" : "not checked" }

  fileprivate var tone: Tone {
    if isHeld { return .good }
    guard isViolated else { return .quiet }
    return severity == .hygiene ? .warning : .bad
  }

  fileprivate var remark: String { isViolated ? Render.words { $0.write(severity) } + ": " + words : missingWords }

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
