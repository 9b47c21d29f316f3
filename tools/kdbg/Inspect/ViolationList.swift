import RingTransition
import X86

/// The violations that a check has met, each distinct one once: the rule, the instruction that returns and the address
/// space are what a person tells them apart by.
public struct ViolationList: Sendable {
  public struct Entry: Sendable {
    /// As it was found first.
    public let finding: Finding
    /// The return instruction.
    public let place: VirtualAddress
    /// The physical address of the root table.
    public let root: UInt64
    public let process: CurrentProcess?
    /// The number of the first return that broke it, from 1.
    public let firstReturn: Int
    public fileprivate(set) var count = 1
  }

  private struct Key: Hashable {
    let rule: UInt16
    let place: UInt64
    let root: UInt64
  }

  /// More are counted and not told apart.
  public static let limit = 256

  public private(set) var entries: [Entry] = []
  /// Violations behind the limit.
  public private(set) var others = 0
  /// Returns that broke a rule or more.
  public private(set) var returns = 0
  /// The number of the last one of them; 0 for none.
  public private(set) var lastReturn = 0
  private var places: [Key: Int] = [:]

  /// All of them, with those that are not told apart.
  public var count: Int { entries.reduce(others) { $0 + $1.count } }

  /// Takes the violations of `audit` that weigh as much as `least` and follow from no other. `number` is the return's.
  mutating func take(_ audit: ReturnAudit, from least: Severity, return number: Int) {
    returns += 1
    lastReturn = number
    let root = audit.registers.cr3.root.address.rawValue
    let weighing = audit.violations.filter { $0.severity.isAtLeast(least) }
    let causes = audit.causes.filter { $0.severity.isAtLeast(least) }
    for finding in causes.isEmpty ? weighing : causes {
      let key = Key(rule: finding.rule.number, place: audit.registers.rip, root: root)
      if let known = places[key] {
        entries[known].count += 1
      } else if entries.count < Self.limit {
        places[key] = entries.count
        entries.append(
          Entry(
            finding: finding, place: VirtualAddress(audit.registers.rip), root: root, process: audit.process,
            firstReturn: number))
      } else {
        others += 1
      }
    }
  }
}
