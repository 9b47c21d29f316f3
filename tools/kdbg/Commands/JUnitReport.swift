import Inspect
import Render
import RingTransition
import X86

/// A check in the XML that CI systems read: a test case for each rule that was asked, and one for the machine itself.
/// It is never green where the exit status is not 0.
public struct JUnitReport {
  private let machine: String
  private let outcome: CheckOutcome
  private let summary: CheckSummary?

  /// `machine` is what was checked: a kernel's file, or an endpoint. Without a `summary` the check never began.
  public init(of machine: String, _ outcome: CheckOutcome, _ summary: CheckSummary?) {
    self.machine = machine
    self.outcome = outcome
    self.summary = summary
  }

  private struct Case {
    enum Result { case passed, failed, skipped, error }

    let result: Result
    let node: XMLNode
  }

  /// The document.
  public func text(names: any NameSource) -> String {
    let rules = summary?.checker.tally.rules ?? []
    let cases = [ending] + rules.map { testCase($0, names) }
    func count(_ result: Case.Result) -> String { String(cases.count { $0.result == result }) }
    let counts = [
      ("tests", String(cases.count)), ("failures", count(.failed)), ("errors", count(.error)),
      ("skipped", count(.skipped)), ("time", outcome.duration.secondsInFull),
    ]
    var suite = XMLNode("testsuite", [("name", "kdbg check \(machine)")] + counts)
    suite.children = [properties(names)] + cases.map(\.node)
    var suites = XMLNode("testsuites", [("name", "kdbg check")] + counts)
    suites.children = [suite]
    return suites.document
  }

  private func properties(_ names: any NameSource) -> XMLNode {
    var properties: [(String, String)] = [
      ("machine", machine), ("exit-status", String(outcome.status.rawValue)),
    ]
    if let checker = summary?.checker {
      properties += [
        ("returns", String(checker.count)),
        ("returns-per-second", String(outcome.duration.rate(of: checker.count))),
        ("violating-returns", String(checker.violations.returns)),
        ("address-spaces", String(checker.tally.spaces.count)), ("other-stops", String(checker.otherStops)),
      ]
      for site in checker.activeSites {
        let place = names.name(of: site.address)?.text ?? site.address.rawValue.hexadecimal
        properties.append(("returns by \(site.instruction) in \(place)", String(site.returns)))
      }
    }
    var node = XMLNode("properties")
    node.children = properties.map { XMLNode("property", [("name", $0.0), ("value", $0.1)]) }
    return node
  }

  /// How the check ended, beside what the rules came to.
  private var ending: Case {
    let attributes = [
      ("classname", "kdbg.check"), ("name", "the check ends well"), ("time", outcome.duration.secondsInFull),
    ]
    var node = XMLNode("testcase", attributes)
    let words = outcome.failure ?? summary?.sentence ?? "the check did not begin"
    switch outcome.status {
    case .held: return Case(result: .passed, node: node)
    case .violated:
      guard let failure = outcome.failure else { return Case(result: .passed, node: node) }
      node.children = [XMLNode("failure", [("message", failure), ("type", "machine")], text: failure)]
      return Case(result: .failed, node: node)
    case .nothingChecked:
      let words = summary?.sentence ?? words
      node.children = [XMLNode("failure", [("message", words), ("type", "nothing checked")], text: words)]
      return Case(result: .failed, node: node)
    case .usage, .targetLost, .interrupted:
      let type = outcome.status == .targetLost ? "target lost" : "not carried out"
      node.children = [XMLNode("error", [("message", words), ("type", type)], text: words)]
      return Case(result: .error, node: node)
    }
  }

  private func testCase(_ count: CheckTally.RuleCount, _ names: any NameSource) -> Case {
    var node = XMLNode(
      "testcase",
      [
        ("classname", "kdbg.check.\(count.rule.severityWord)"),
        ("name", "\(count.rule.identifier) \(count.rule.name)"), ("time", "0"),
      ])
    let violations = summary?.checker.violations.entries.filter { $0.finding.rule == count.rule } ?? []
    if let first = violations.first {
      let text = violations.map { $0.paragraph(names) }.joined(separator: "\n")
      node.children = [
        XMLNode(
          "failure", [("message", first.finding.words), ("type", first.finding.severityWord)], text: text)
      ]
      return Case(result: .failed, node: node)
    }
    switch count.outcome {
    case .held: return Case(result: .passed, node: node)
    case .violated:
      // Too light to end the check, or the consequence of another violation.
      let remark = count.violation.map { "violated at \(count.violated) returns: \($0.words)" } ?? ""
      node.children = [XMLNode("system-out", text: remark)]
      return Case(result: .passed, node: node)
    case .unknown, .skipped:
      let reason = (count.outcome == .unknown ? count.doubt : count.skip)?.missingWords ?? ""
      let word = count.outcome == .unknown ? "not checked" : "not applicable"
      node.children = [XMLNode("skipped", [("message", "\(word): \(reason)")])]
      return Case(result: .skipped, node: node)
    }
  }
}

extension ViolationList.Entry {
  /// What is wrong, where and how often, and what to do about it.
  fileprivate func paragraph(_ names: any NameSource) -> String {
    let place = names.name(of: self.place).map { " <\($0.text)>" } ?? ""
    let line = names.sourceLineText(at: self.place).map { " at \($0)" } ?? ""
    let fix = finding.fixWords
    return finding.words + "\nbefore the return at \(self.place.rawValue.hexadecimal)\(place)\(line), CR3 "
      + root.hexadecimal + (process.map { ", process \($0.number)" } ?? "")
      + ": \(count == 1 ? "once" : "\(count) times"), first at return \(firstReturn)"
      + (fix.isEmpty ? "" : "\nhow to fix it: \(fix)") + "\n"
  }
}

extension NameSource {
  fileprivate func sourceLineText(at address: VirtualAddress) -> String? {
    (self as? any Program)?.sourceLine(at: address)
  }
}
