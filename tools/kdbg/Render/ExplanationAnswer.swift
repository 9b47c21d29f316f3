import Inspect
import Report
import RingTransition
import X86

/// The verdict in the order in which a person needs it: the cause, the proof, what follows from it, the fix.
extension Explanation: Answer {
  public func write(to page: inout TextPage, names: any NameSource) {
    switch finding {
    case .violation(let audit): writeViolation(audit, to: &page, names)
    case .ready(let audit): writeReady(audit, to: &page, names)
    case .stop(let diagnosis): writeStop(diagnosis, to: &page, names)
    }
  }

  private func writeViolation(_ audit: ReturnAudit, to page: inout TextPage, _ names: any NameSource) {
    guard let root = audit.root else { return }
    page.line(
      (audit.endsCheck ? page.paint("VIOLATION", .bad) : page.paint("REMARK", .warning))
        + " before the return to Ring 3" + destination(audit, page, names))
    page.line(
      page.paint("\(root.rule.identifier) \(root.rule.name)", .heading)
        + ": \(headline(root.rule) ?? root.words).")
    writeNext("what happens next", to: &page, names)
    if refused != nil { page.line() }
    writeProof(to: &page)
    writeFix(root.fixWords, to: &page)
    for other in audit.causes where other.rule != root.rule {
      page.line(
        page.paint("also violated", .heading)
          + ": \(other.rule.identifier) \(other.rule.name): \(other.words)")
    }
    let follows = audit.violations.filter { other in other.rule != root.rule && other.follows(root) }
    if !follows.isEmpty {
      page.line(
        "it follows: " + follows.map { "\($0.rule.identifier) \($0.rule.name)" }.joined(separator: ", "),
        .quiet)
    }
  }

  private func writeReady(_ audit: ReturnAudit, to page: inout TextPage, _ names: any NameSource) {
    let held = audit.findings.count { $0.isHeld }
    page.line(
      page.paint("ready", .good) + " to return to Ring 3" + destination(audit, page, names)
        + ": \(held) rules held, \(audit.unchecked.count) not checked")
    writeNext("the next entry", to: &page, names)
  }

  private func writeStop(_ diagnosis: Diagnosis, to page: inout TextPage, _ names: any NameSource) {
    if nothingHappened(diagnosis) {
      if isInRingThree { return writeRunning(to: &page, names) }
      page.line(Self.nothingToExplain)
      return
    }
    page.line(
      page.paint(identifier(diagnosis.cause), .heading)
        + page.paint(words { $0.write(diagnosis.cause) }, diagnosis.rule == nil ? .plain : .bad)
        + (diagnosis.cause == .unexplained
          ? "" : page.paint(" (\(words { $0.write(diagnosis.confidence) }))", .quiet)))
    if let context = diagnosis.context {
      page.line(
        "it happened in Ring \(context.codeSelector.requestedPrivilege) at "
          + place(VirtualAddress(context.rip), page, names))
    }
    if let chain = diagnosis.chain {
      page.line(page.paint("what happened", .heading) + ": " + words { $0.write(chain) })
    }
    writeNext("the next entry", to: &page, names)
    if let proof = proof(of: diagnosis) { page.line(page.paint("the proof", .heading) + ": \(proof).") }
    if let change = diagnosis.change {
      page.line(
        "  \(change.level.name) entry at \(change.address.rawValue.hexadecimal) was "
          + "\(change.before.rawValue.hexadecimal(digits: 16)) when the last return was audited")
    }
    if refused != nil { page.line() }
    writeProof(to: &page)
    if let rule = diagnosis.rule {
      page.line(
        page.paint("how to catch it", .heading)
          + (rule.isAudited
            ? ": kdbg check stops before a return that breaks \(rule.identifier) \(rule.name)"
            : ": it breaks \(rule.identifier) \(rule.name)"))
    }
    writeFix(words { $0.writeFix(for: diagnosis.cause) }, to: &page)
  }

  private func writeRunning(to page: inout TextPage, _ names: any NameSource) {
    page.line(Self.running + " at " + place(VirtualAddress(registers.rip), page, names))
    writeNext("the next entry", to: &page, names)
  }

  /// Nothing was pushed that could be explained, and nothing else is wrong.
  func nothingHappened(_ diagnosis: Diagnosis) -> Bool {
    diagnosis.context == nil && diagnosis.cause == .unexplained
  }

  var isInRingThree: Bool { registers.isLongMode && registers.cs.requestedPrivilege == 3 }

  static let running = "nothing has happened: Ring 3 runs"
  static let nothingToExplain =
    "nothing to explain: the machine stands neither at an iretq to Ring 3 nor in the handler of an event"

  // MARK: The parts

  private func destination(
    _ audit: ReturnAudit, _ page: TextPage, _ names: any NameSource
  ) -> String {
    guard let frame = audit.frame else { return "" }
    return " at " + place(VirtualAddress(frame.rip), page, names)
      + (process.map { ", process \($0.number)" } ?? "")
  }

  private func place(_ address: VirtualAddress, _ page: TextPage, _ names: any NameSource) -> String {
    address.rawValue.hexadecimal
      + (names.name(of: address).map { " " + page.paint("<\($0.text)>", .symbol) } ?? "")
  }

  /// What is wrong with the refused page in one sentence, without its end; nil where the rule is about
  /// something else.
  func headline(_ rule: Rule) -> String? {
    guard let refused, let thing = rule.refusedThing else { return nil }
    let walk = refused.translation.walk
    let table = "CR3 \(refused.translation.cr3.root.address.rawValue.hexadecimal)" + owner
    let address = walk.address.pageBase().rawValue.hexadecimal
    if walk.physicalAddress == nil {
      return "\(thing) \(address) is not mapped in \(table): \(walk.reason)"
    }
    return "\(thing) \(address) is \(walk.rights.words) in \(table)"
  }

  /// The evidence in one sentence, without its end.
  func proof(of diagnosis: Diagnosis) -> String? {
    guard let evidence = diagnosis.evidence, let rule = diagnosis.rule else { return nil }
    return headline(rule) ?? words { $0.write(evidence, of: rule) }
  }

  private var owner: String { process.map { " of process \($0.number)" } ?? "" }

  /// The walk that ends, and beside it the same walk where it does not.
  private func writeProof(to page: inout TextPage) {
    guard let refused else { return }
    page.table(refused.comparison())
    switch refused.elsewhere {
    case .mapped: break
    case .nothingKnown:
      page.line("  No other table is known to compare with: none was loaded at a stop so far.", .quiet)
    case .nowhere(let tables):
      let list = tables.map { $0.cr3.root.address.rawValue.hexadecimal }.joined(separator: ", ")
      page.line("  It is not mapped in any other table that is known either: \(list).", .quiet)
    }
    page.line()
  }

  private func writeNext(_ title: String, to page: inout TextPage, _ names: any NameSource) {
    guard let next else { return }
    if case .returnFault(let fault, let kind) = next.source {
      page.line(page.paint("the return itself", .heading) + ": " + words { $0.write(fault, at: kind) })
    }
    page.line(page.paint(title, .heading) + ": " + words { $0.write(next.chain) })
    switch next.source {
    case .instruction(let instruction):
      page.line(
        "  the program comes to " + instruction.description + " at "
          + place(instruction.address, page, names)
          + (next.mayBeInterrupted ? "; an interrupt may come before" : ""),
        .quiet)
    case .returnFault: break
    case .interrupt: page.line("  or any other interrupt or exception; whatever comes first", .quiet)
    }
    if let foreseen {
      page.line("  explain will call it " + identifier(foreseen) + words { $0.write(foreseen) })
    }
  }

  private func identifier(_ cause: Cause) -> String { cause.identifier.map { "\($0): " } ?? "" }

  private func writeFix(_ fix: String, to page: inout TextPage) {
    guard !fix.isEmpty else { return }
    page.line(page.paint("how to fix it", .heading) + ": " + fix)
  }
}
