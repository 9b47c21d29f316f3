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

  /// How much is said.
  enum Extent {
    /// The sentence and the remarks.
    case verdict
    case withSites
  }

  public func write(to page: inout TextPage, names: any NameSource) {
    write(to: &page, names: names, .withSites)
  }

  func write(to page: inout TextPage, names: any NameSource, _ extent: Extent) {
    page.line(page.paint(sentence, tone))
    mode?.write(to: &page)
    let active = checker.activeSites
    if active.count > 1, extent == .withSites {
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
    for words in checker.unwatchedWords { page.line("  \(words)", .warning) }
  }

  private var tone: Tone {
    if checker.violation != nil { return .bad }
    return checker.count == 0 ? .warning : .good
  }

  /// `214 returns to Ring 3 checked at 1 site, all held`.
  public var sentence: String {
    let sites = checker.activeSites.count
    guard checker.count > 0 else {
      let known = checker.watchedSites.count
      guard known > 0 else {
        return
          "no return to Ring 3 was checked: no iretq and no sysretq was found in what Ring 0 could execute"
      }
      return
        "no return to Ring 3 was checked: none of the \(known) return instructions of the kernel led there"
    }
    let returns = checker.count == 1 ? "1 return" : "\(checker.count) returns"
    let head = "\(returns) to Ring 3 checked at \(sites == 1 ? "1 site" : "\(sites) sites")"
    let violations = checker.violations
    if violations.returns > 0 {
      guard violations.returns == 1, violations.lastReturn == checker.count else {
        let distinct = violations.entries.count
        let words = distinct == 1 ? "1 distinct violation" : "\(distinct) distinct violations"
        return head
          + ", \(violations.returns) of them \(violations.returns == 1 ? "breaks" : "break") a rule: "
          + words + (violations.others > 0 ? " and more" : "")
      }
      return head + ", the last one violates a rule"
    }
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
        checker.sites.map { $0.members(names: names) }),
      "remarks": .array(checker.remarks.map { .string($0.rule.identifier) }),
      "hygiene": .array(
        checker.remarks.filter { $0.severity == .hygiene }.map { .string($0.rule.identifier) }),
      "unchecked": .array(checker.unchecked.map { .string($0.rule.identifier) }),
      "spaces": .array(
        busiestSpaces.map { ["cr3": .hexadecimal($0.key), "returns": .number($0.value)] }),
      "spaceCount": .number(checker.tally.spaces.count),
      "otherStops": .number(checker.otherStops),
      "violations": .array(checker.violations.entries.map { $0.members(names: names) }),
      "violatingReturns": .number(checker.violations.returns),
    ]
    if let mode { members["mode"] = mode.json }
    return members
  }

  /// Root tables with the returns under them, those with most first.
  private var busiestSpaces: [(key: UInt64, value: Int)] {
    Array(
      checker.tally.spaces.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(Self.mostSpaces))
  }

  /// So many address spaces are listed.
  private static let mostSpaces = 4
}

// MARK: In full

extension CheckSummary {
  /// What was counted, on a screen: by place, processor and address space; the rules by what they came to. `processors`
  /// are the numbers of those that made returns.
  func writeDetails(
    to page: inout TextPage, names: any NameSource, after duration: Duration, processors: [(Int, Int)]
  ) {
    var fields = TextTable()
    func field(_ name: String, _ text: String) { fields.row(.init(name, .quiet), .init(text)) }
    let inside = checker.sites.reduce(0) { $0 + $1.kernelReturns }
    field(
      "time",
      "\(duration.secondsWords), \(duration.rate(of: checker.count)) returns a second; other stops: "
        + "\(inside) at returns inside the kernel, \(checker.otherStops) elsewhere")
    for (index, site) in checker.activeSites.enumerated() {
      let name = names.name(of: site.address)?.text ?? site.address.rawValue.hexadecimal
      field(index == 0 ? "sites" : "", "\(site.returns) by \(site.instruction) in \(name)")
    }
    if !processors.isEmpty {
      field("processors", processors.map { "\($0.1) on \($0.0)" }.joined(separator: ", "))
    }
    if checker.count > 0 { field("spaces", spaceWords) }
    field("rules", ruleWords)
    page.table(fields)
    page.reasons("not checked", checker.unchecked)
    page.reasons("skipped", checker.tally.rules(.skipped).compactMap(\.skip))
  }

  private var spaceWords: String {
    let shown = busiestSpaces
    var words = shown.map { "\($0.value) under \($0.key.hexadecimal)" }.joined(separator: ", ")
    let rest = checker.tally.spaces.count - shown.count
    let returns = checker.count - shown.reduce(0) { $0 + $1.value }
    if rest > 0 { words += ", \(returns) in \(rest) others" }
    return words
  }

  private var ruleWords: String {
    let tally = checker.tally
    return [
      (CheckTally.Outcome.held, "held"), (.violated, "violated"), (.unknown, "not checked"),
      (.skipped, "skipped"),
    ].map { "\(tally.rules($0.0).count) \($0.1)" }.joined(separator: ", ")
  }
}

extension ViolationList.Entry {
  fileprivate func members(names: any NameSource) -> JSONValue {
    [
      "rule": .string(finding.rule.identifier), "name": .string("\(finding.rule.name)"),
      "severity": .string(finding.severityWord), "text": .string(finding.words),
      "fix": .string(finding.fixWords), "count": .number(count), "firstReturn": .number(firstReturn),
      "rip": .hexadecimal(place.rawValue), "cr3": .hexadecimal(root),
      "symbol": .optional(names.name(of: place)) { .string($0.text) },
      "process": .optional(process) { .number(Int($0.number)) },
    ]
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
