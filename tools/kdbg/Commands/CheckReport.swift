import Inspect
import Render
import RingTransition
import Session

/// What a whole check came to: the verdict, why it ended, and what was counted.
struct CheckReport: Answer {
  /// Why the check ended, without counts.
  let stop: StopAnswer
  let summary: CheckSummary
  /// From where the machine was let go.
  let duration: Duration
  /// Every processor that made returns, by its number, with how many.
  let processors: [(Int, Int)]
  /// What was asked for and did not come.
  let shortfall: String?
  /// True where the check went on after violations, each of which was told when it was met.
  let wentOn: Bool

  /// So many violations are listed.
  private static let mostListed = 20

  func write(to page: inout TextPage, names: any NameSource) {
    if case .violation = stop.reason {
      stop.write(to: &page, names: names)
      summary.write(to: &page, names: names, .verdict)
    } else {
      summary.write(to: &page, names: names, .verdict)
      if let shortfall { page.line(shortfall.sentence, .bad) }
      stop.write(to: &page, names: names)
    }
    if wentOn { writeViolations(to: &page, names) }
    summary.writeDetails(to: &page, names: names, after: duration, processors: processors)
  }

  private func writeViolations(to page: inout TextPage, _ names: any NameSource) {
    let violations = summary.checker.violations
    for entry in violations.entries.prefix(Self.mostListed) {
      let place = names.name(of: entry.place)?.text ?? entry.place.rawValue.hexadecimal
      page.line(
        "  \(page.paint(entry.finding.rule.identifier, .bad)) \(entry.finding.rule.name): "
          + "\(entry.count == 1 ? "once" : "\(entry.count) times"), first at return \(entry.firstReturn), in "
          + page.paint(place, .symbol) + " under \(entry.root.hexadecimal)"
          + (entry.process.map { ", process \($0.number)" } ?? ""))
    }
    let rest = violations.entries.count - Self.mostListed
    if rest > 0 { page.line("  and \(rest) distinct violations more") }
    if violations.others > 0 { page.line("  and \(violations.others) that are not told apart any more") }
  }

  func members(names: any NameSource) -> [String: JSONValue] {
    var members = stop.members(names: names)
    var check = summary.members(names: names)
    check["milliseconds"] = .number(Int(duration / .milliseconds(1)))
    check["rate"] = .number(duration.rate(of: summary.checker.count))
    check["processors"] = .array(
      processors.map { ["processor": .number($0.0), "returns": .number($0.1)] })
    check["rules"] = .array(summary.checker.tally.rules.map(\.json))
    check["shortfall"] = .optional(shortfall, JSONValue.string)
    members["check"] = .object(check)
    return members
  }
}

extension CheckTally.RuleCount {
  fileprivate var json: JSONValue {
    [
      "rule": .string(rule.identifier), "held": .number(held), "violated": .number(violated),
      "notChecked": .number(unknown), "skipped": .number(skipped),
      "reason": .optional(doubt ?? skip) { .string($0.missingWords) },
    ]
  }
}

extension String {
  /// With a capital and a full stop.
  fileprivate var sentence: String { prefix(1).uppercased() + dropFirst() + "." }
}
