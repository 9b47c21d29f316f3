import RingTransition
import X86

/// The root table that others are held against: the one that should map every kernel stack.
public struct ReferenceTable: Equatable, Sendable {
  public let cr3: CR3
  public let source: Source

  public enum Source: Equatable, Sendable {
    /// The kernel names it in its table for debuggers.
    case kernel
    /// The configuration file names it.
    case configuration
    /// It was loaded at other stops of this session.
    case earlierStop
  }

  public init(cr3: CR3, source: Source) {
    self.cr3 = cr3
    self.source = source
  }
}

/// Remembers the root tables of a session, so that a kernel that says nothing about itself still has one to
/// compare with.
public struct ReferenceTables: Sendable {
  /// How often each root table was loaded at a stop, by the address of its frame.
  private var sightings: [UInt64: Int] = [:]
  private let limit = 256
  /// The table that the configuration names.
  public var declared: CR3?
  /// The tables that it pairs under page-table isolation.
  public var pairs: [TablePair] = []

  public init() {}

  /// Notes that `cr3` was loaded at a stop.
  public mutating func observe(_ cr3: CR3) {
    let root = cr3.root.address.rawValue
    guard sightings[root] != nil || sightings.count < limit else { return }
    sightings[root, default: 0] += 1
  }

  /// What was loaded at stops, and at how many, most often seen first.
  public var seen: [(cr3: CR3, stops: Int)] {
    sightings.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { (CR3(rawValue: $0.key), $0.value) }
  }

  /// The tables to hold `cr3` against, best first: the kernel's half of its pair, the declared one, the kernel's own, then those seen, most often
  /// seen first.
  /// `cr3` itself is never among them.
  public func candidates(for cr3: CR3, kernel: KernelTable?) -> [ReferenceTable] {
    var found: [ReferenceTable] = []
    // What the other half of a pair maps is what this one should have been given.
    if let pair = pairs.first(where: { $0.user == cr3.root }) {
      found.append(ReferenceTable(cr3: CR3(root: pair.kernel), source: .configuration))
    }
    if let declared { found.append(ReferenceTable(cr3: declared, source: .configuration)) }
    if let kernel { found.append(ReferenceTable(cr3: kernel.kernelCR3, source: .kernel)) }
    found += seen.map { ReferenceTable(cr3: $0.cr3, source: .earlierStop) }
    var roots: Set<UInt64> = [cr3.root.address.rawValue]
    return found.filter { roots.insert($0.cr3.root.address.rawValue).inserted }
  }

  /// The kernel's half of the pair that `cr3` is the user's half of, under page-table isolation: as declared or, where no
  /// pair is, the frame before it as Linux has it. Nil where it can be no such half.
  public func partner(of cr3: CR3) -> CR3? {
    if let pair = pairs.first(where: { $0.user == cr3.root }) { return CR3(root: pair.kernel) }
    let address = cr3.root.address.rawValue
    guard pairs.isEmpty, address & PhysicalFrame.byteCount != 0 else { return nil }
    return CR3(rawValue: address & ~PhysicalFrame.byteCount)
  }

  /// The table to compare `cr3` with as a whole.
  public func reference(for cr3: CR3, kernel: KernelTable?) -> ReferenceTable? {
    if let declared { return ReferenceTable(cr3: declared, source: .configuration) }
    if let kernel { return ReferenceTable(cr3: kernel.kernelCR3, source: .kernel) }
    return candidates(for: cr3, kernel: nil).first
  }

  /// The first candidate under which `address` is mapped, and its translation.
  public func reference(
    mapping address: VirtualAddress, for cr3: CR3, kernel: KernelTable?, in machine: inout some Debuggee
  ) -> (table: ReferenceTable, translation: AddressTranslation)? {
    for candidate in candidates(for: cr3, kernel: kernel) {
      let translation = AddressTranslation(of: address, in: &machine, under: candidate.cr3)
      if translation.walk.physicalAddress != nil { return (candidate, translation) }
    }
    return nil
  }
}
