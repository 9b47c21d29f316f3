import RingTransition
import X86

/// The page-table entries that clean audits of earlier returns went through, each as it was then.
public struct ValidatedEntries: EarlierEntries, Sendable {
  /// For a session without such an audit.
  public static let none = ValidatedEntries([])

  private var entries: [UInt64: PageTableEntry] = [:]

  /// - Parameter sets: the latest last; it counts.
  init(_ sets: [ValidatedSet]) {
    for read in sets.lazy.flatMap(\.reads) where read.kind == .entry {
      if let value = read.value { entries[read.address.rawValue] = PageTableEntry(rawValue: value) }
    }
  }

  public func entry(at address: PhysicalAddress) -> PageTableEntry? { entries[address.rawValue] }
}
