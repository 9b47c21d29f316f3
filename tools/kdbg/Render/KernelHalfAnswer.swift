import Inspect
import Session
import X86

/// Whether the kernel half is the same in every address space that is known: all against one of them.
public struct KernelHalfAnswer: GaugedAnswer {
  public let gauge = TableGauge()
  private let reference: KnownSpace
  private let others: [KnownSpace]
  /// Loaded at some stop, and none of those that the kernel lists: the table of its start, or one freed since.
  private let unlisted: [KnownSpace]
  private let isListComplete: Bool
  private let declaredPrivate: Set<Int>
  private let machine: any Debuggee
  private let interrupt: InterruptRequest?

  /// Differences of one space that are written out; `diff` of the two shows all.
  private static let mostLines = 16

  /// What one space came to, as far as it was compared.
  fileprivate struct Verdict {
    let space: KnownSpace
    let totals: DifferenceTotals
    let privateEntries: [Int]
  }

  /// Holds all `spaces` against the one whose table the configuration declares, or the kernel, else against the one that
  /// is loaded; `declaredPrivate` are the root table's entries that every process has for itself.
  public init(
    _ spaces: KnownSpaces, loaded: CR3, declaredPrivate: Set<Int>, of machine: any Debuggee,
    interrupt: InterruptRequest?
  ) {
    let all = spaces.spaces
    let named =
      all.first { $0.origins.contains(.configuration) } ?? all.first { $0.origins.contains(.kernel) }
    let reference =
      named ?? all.first { $0.root == loaded.root } ?? KnownSpace(root: loaded.root, origins: [.given])
    self.reference = reference
    let isListed = spaces.list?.end == .complete
    let rest = all.filter { $0.root != reference.root }
    others = rest.filter { !isListed || !$0.wasOnlySeen }
    unlisted = rest.filter { isListed && $0.wasOnlySeen }
    isListComplete = isListed || spaces.list == nil
    self.declaredPrivate = declaredPrivate
    self.machine = machine
    self.interrupt = interrupt
  }

  private func compare(_ space: KnownSpace, _ each: (AddressSpaceDifference) -> Void) -> Verdict {
    var comparison = AddressSpaceComparison(
      reference.cr3, space.cr3, half: .kernel, declaredPrivate: declaredPrivate, of: machine,
      interrupt: interrupt, gauge: gauge)
    comparison.run(each)
    return Verdict(space: space, totals: comparison.totals, privateEntries: comparison.privateEntries)
  }

  public func write(to page: inout TextPage, names: any NameSource) {
    ProcessorOperation(of: machine).write(to: &page)
    guard !others.isEmpty else {
      for space in unlisted { page.line(space.heading(page) + ": " + Self.unlistedWords) }
      return page.line(
        "\(reference.heading(page)): no other address space is known\(incompleteness), there is nothing to compare"
      )
    }
    page.line("the others' kernel half against that of " + reference.heading(page))
    var different = 0
    var hasPrivate = false
    for space in others {
      guard let verdict = write(space, to: &page, names) else {
        return page.line("the comparison ends before its time", .bad)
      }
      if !verdict.totals.isEmpty { different += 1 }
      if !verdict.privateEntries.isEmpty { hasPrivate = true }
    }
    for space in unlisted { page.line("  " + space.heading(page) + ": " + Self.unlistedWords) }
    let spare = hasPrivate ? ", but for what is declared private" : ""
    if different == 0 {
      return page.line(
        "the kernel half is the same in \(others.count + 1) address spaces\(spare)\(incompleteness)",
        .good)
    }
    page.line(
      "the kernel half differs in \(different) of \(others.count) others"
        + (hasPrivate ? ", in more than what is declared private" : "") + incompleteness, .bad)
  }

  private static let unlistedWords = "not among the kernel's processes now, not compared"

  private var incompleteness: String {
    isListComplete ? "" : " (the list of processes could not be read to its end)"
  }

  /// One line for a space that agrees; for another, what differs. Nil when the comparison was cut short.
  private func write(_ space: KnownSpace, to page: inout TextPage, _ names: any NameSource) -> Verdict? {
    var count = 0
    let verdict = compare(space) { difference in
      count += 1
      if count == 1 { page.line("  \(space.heading(page)): " + page.paint("differs", .bad)) }
      guard count <= Self.mostLines else { return }
      page.line("    " + difference.line(reference.cr3, space.cr3, page, names))
    }
    if verdict.totals.isCut { return nil }
    let entries = verdict.privateEntries
    let level = machine.coreRegisters.pagingMode.depth.root.name
    let own =
      entries.isEmpty ? "" : "\(level)[\(entries.rangeWords)] \(entries.count == 1 ? "is" : "are") its own"
    let remark = entries.isEmpty ? "" : own + page.paint(" (declared private)", .quiet)
    guard count > 0 else {
      page.line("  \(space.heading(page)): agrees" + (remark.isEmpty ? "" : "; " + remark))
      return verdict
    }
    if !remark.isEmpty { page.line("    " + remark) }
    let more = count - Self.mostLines
    if more > 0 {
      let command =
        "diff \(reference.cr3.rawValue.hexadecimal) \(space.cr3.rawValue.hexadecimal) --kernel-half"
      page.line("    \(more) more line\(more == 1 ? "" : "s"): \(command)", .quiet)
    }
    page.line("    " + verdict.totals.words(reference.cr3, space.cr3))
    return verdict
  }

  public func write(to object: inout JSONObjectStream, names: any NameSource) {
    object.member("first", .hexadecimal(reference.cr3.rawValue))
    object.member("half", "kernel")
    var verdicts: [Verdict] = []
    object.list("items") { each in
      for space in others where verdicts.last?.totals.isCut != true {
        verdicts.append(
          compare(space) { difference in
            var members = difference.members
            members["cr3"] = .hexadecimal(space.cr3.rawValue)
            each(.object(members))
          })
      }
    }
    var totals = DifferenceTotals()
    for verdict in verdicts { totals.add(verdict.totals) }
    let isKnown = !verdicts.isEmpty && !totals.isCut
    object.member("same", isKnown ? .bool(totals.isEmpty) : .null)
    object.member("second", .null)
    object.member("spaces", .array(verdicts.map { .object($0.members) }))
    object.member("totals", totals.json)
    object.member("unlisted", .array(unlisted.map(\.json)))
  }
}

extension KernelHalfAnswer.Verdict {
  fileprivate var members: [String: JSONValue] {
    var members: [String: JSONValue] = [:]
    if case .object(let known) = space.json { members = known }
    members["privateEntries"] = .array(privateEntries.map { .number($0) })
    members["same"] = totals.isCut ? .null : .bool(totals.isEmpty)
    members["totals"] = totals.json
    return members
  }
}

extension KnownSpace {
  fileprivate var wasOnlySeen: Bool {
    origins.allSatisfy { if case .seen = $0 { true } else { false } }
  }

  fileprivate func heading(_ page: TextPage) -> String {
    page.paint("CR3 \(cr3.rawValue.hexadecimal)", .heading) + page.paint(", " + words, .quiet)
  }
}

extension [Int] {
  /// `402, 404..407`, of numbers that rise.
  fileprivate var rangeWords: String {
    var ranges: [ClosedRange<Int>] = []
    for number in self {
      if let last = ranges.last, last.upperBound + 1 == number {
        ranges[ranges.count - 1] = last.lowerBound...number
      } else {
        ranges.append(number...number)
      }
    }
    return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)..\($0.upperBound)" }
      .joined(separator: ", ")
  }
}
