import Inspect
import Render

/// What a check in another mode than `every` left out, and what the machine was stopped at instead.
public struct CheckModeReport: Sendable {
  let mode: CheckMode
  /// Returns to Ring 3 at which the mode `sample` stopped and did not audit.
  let passed: Int
  let counts: ChangeWatch.Counts
  let coverage: (watched: Int, unwatched: Int)?
  let restlessReturns: Int

  /// Nil where every return was audited.
  init?(_ control: RunControl) {
    guard control.mode != .every else { return nil }
    mode = control.mode
    passed = control.passedReturns
    counts = control.changes?.counts ?? ChangeWatch.Counts()
    coverage = control.changes?.coverage
    restlessReturns = control.changes?.restlessReturns ?? 0
  }

  func write(to page: inout TextPage) {
    switch mode {
    case .every: break
    case .sample:
      page.line("mode \(mode.text): \(plural(passed, "return")) passed without an audit")
    case .changes: writeChanges(to: &page)
    }
  }

  private func writeChanges(to page: inout TextPage) {
    page.line(
      "mode changes: also stopped at \(plural(counts.rootTable, "load")) of CR3, "
        + "\(plural(counts.register, "load")) of other registers, \(plural(counts.write, "write")) to what audits stood "
        + "on, and \(plural(counts.idle, "time")) at what changed nothing that counts")
    if let coverage {
      let missing =
        coverage.unwatched == 0
        ? "" : ", \(coverage.unwatched) not (no mapping of the kernel's, or no watchpoint left)"
      page.line(
        "  the last audit stood on \(coverage.watched + coverage.unwatched) qwords: \(coverage.watched) watched\(missing)"
      )
    }
    if restlessReturns > 0 {
      page.line(
        "  \(plural(restlessReturns, "audit")) with remarks left nothing to rely on: the next return was audited too",
        .warning)
    }
    page.line(
      "  not seen: frames and registers of the returns in between, writes by devices or through mappings made since"
    )
  }

  private func plural(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

  var json: JSONValue {
    var members: [String: JSONValue] = ["name": .string(mode.text), "passed": .number(passed)]
    if mode == .changes {
      members["rootTableLoads"] = .number(counts.rootTable)
      members["registerLoads"] = .number(counts.register)
      members["writes"] = .number(counts.write)
      members["idleStops"] = .number(counts.idle)
      members["restlessReturns"] = .number(restlessReturns)
      members["watched"] = .number(coverage?.watched ?? 0)
      members["unwatched"] = .number(coverage?.unwatched ?? 0)
    }
    return .object(members)
  }
}
