import X86

/// The page-table entries that an audit without a violation went through, as they were then.
public protocol EarlierEntries: ~Copyable {
  /// The entry that stood at `address`; nil where none was read.
  borrowing func entry(at address: PhysicalAddress) -> PageTableEntry?
}

/// For a machine that was not audited before.
public struct NothingEarlier: EarlierEntries, Sendable {
  public init() {}
  public func entry(at address: PhysicalAddress) -> PageTableEntry? { nil }
}

/// A page-table entry that allows less than it did.
public struct EntryChange: Equatable, Sendable {
  public let level: PagingLevel
  public let address: PhysicalAddress
  public let before: PageTableEntry
  public let now: PageTableEntry
}

extension Diagnosis {
  /// Looks whether the refused path was whole before. The processor may have used a translation from its TLB in the
  /// meantime, so that the failure comes later than the change.
  mutating func compare<Earlier: EarlierEntries & ~Copyable>(with earlier: borrowing Earlier) {
    guard cause.isAboutMapping, case .access(let walk, _, let result) = evidence, result != .allowed else {
      return
    }
    for position in 0..<walk.count {
      let step = walk[position]
      guard let before = earlier.entry(at: step.entryAddress), step.entry.allowsLess(than: before) else {
        continue
      }
      change = EntryChange(level: step.level, address: step.entryAddress, before: before, now: step.entry)
      cause = .mappingRemoved
      rule = cause.rule
      return
    }
  }
}

extension Cause {
  /// True when a path through the tables is what is wrong.
  fileprivate var isAboutMapping: Bool {
    switch self {
    case .stackUnmapped, .stackReadOnly, .stackUserAccessible, .stackReservedBits, .interruptOnUnmappedStack,
      .interruptStackUnmapped, .interruptTableUnmapped, .tablesUnmapped, .handlerUnmapped,
      .handlerNotExecutable, .handlerOnUserPage, .stackPartlyMapped, .tablesLackKernel, .systemCallTarget:
      true
    default: false
    }
  }
}

extension PageTableEntry {
  /// True when a translation that worked through `before` may fail here: absent, another frame, or fewer rights.
  fileprivate func allowsLess(than before: PageTableEntry) -> Bool {
    guard before.isPresent, rawValue != before.rawValue else { return false }
    let taken = before.rawValue & ~rawValue & (Flags.present | .writable).rawValue
    let added = rawValue & ~before.rawValue & (Flags.user | .noExecute).rawValue
    let moved = (rawValue ^ before.rawValue) & Self.addressMask
    return taken | added | moved != 0
  }
}
