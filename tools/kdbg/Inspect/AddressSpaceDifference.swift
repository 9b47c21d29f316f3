import X86

/// Which addresses are compared.
public enum ComparedHalf: Equatable, Sendable {
  case both
  /// The upper one, which most kernels have the same everywhere.
  case kernel
}

/// Neighbouring addresses that two address spaces translate differently, in the same way.
public struct AddressSpaceDifference: Equatable, Sendable {
  public enum Kind: Equatable, Sendable {
    case onlyFirst
    case onlySecond
    /// Both map the same memory, with other rights, G or memory type.
    case otherRights
    case otherMemory
    /// An entry has reserved bits set on one side.
    case malformed
    /// A table cannot be read.
    case unreadable
    /// The same pair of tables as before, which came to this.
    case again(DifferenceTotals)
  }

  public let kind: Kind
  public let start: VirtualAddress
  public internal(set) var last: VirtualAddress
  public let first: PageAttributes?
  public let second: PageAttributes?
  /// Where the two part; nil where both go on to tables, which cannot be read, or were compared before.
  public let parting: Parting?

  func isLike(_ other: Self) -> Bool {
    kind == other.kind && first == other.first && second == other.second
      && (parting == other.parting || Parting.areAlike(parting, other.parting))
  }

  /// How many entries, from the parting one on, differ in this way; nil without one.
  public var partingEntries: Int? {
    parting.map { $0.isBetweenPages ? Int(truncatingIfNeeded: byteCount / $0.level.entryBytes) : 1 }
  }

  public var byteCount: UInt64 { last.rawValue &- start.rawValue &+ 1 }
}

/// The uppermost entries that do not both go on to tables.
public struct Parting: Equatable, Sendable {
  public let level: PagingLevel
  public let index: Int
  /// What stands there on either side; 0 where a large page's part is compared.
  public let first: PageTableEntry
  public let second: PageTableEntry

  /// True where neither side goes on to a table: the whole of what the entry stands for differs in one way.
  var isBetweenPages: Bool { [first, second].allSatisfy { !$0.isPresent || $0.isLeaf(at: level) } }

  static func areAlike(_ one: Self?, _ other: Self?) -> Bool {
    guard let one, let other else { return false }
    return one.level == other.level && one.isBetweenPages && other.isBetweenPages
  }
}

/// Everything about a page but where it lies.
public struct PageAttributes: Hashable, Sendable {
  let rightsBits: RightsBits
  public let isGlobal: Bool
  public let cacheIndex: UInt8

  init(rights: RightsBits, isGlobal: Bool, cacheIndex: UInt8) {
    rightsBits = rights
    self.isGlobal = isGlobal
    self.cacheIndex = cacheIndex
  }

  public var rights: PageRights { rightsBits.rights }
}

/// ``PageRights`` as something to look up by.
struct RightsBits: Hashable, Sendable {
  let bits: UInt8

  init(_ rights: PageRights) {
    bits = (rights.isWritable ? 1 : 0) | (rights.isUser ? 2 : 0) | (rights.isExecutable ? 4 : 0)
  }

  var rights: PageRights {
    PageRights(isWritable: bits & 1 != 0, isUser: bits & 2 != 0, isExecutable: bits & 4 != 0)
  }
}

/// How many bytes of addresses differ, and how.
public struct DifferenceTotals: Equatable, Sendable {
  public internal(set) var onlyFirst: UInt64 = 0
  public internal(set) var onlySecond: UInt64 = 0
  public internal(set) var otherRights: UInt64 = 0
  public internal(set) var otherMemory: UInt64 = 0
  /// Entries with reserved bits, and tables that cannot be read.
  public internal(set) var faulty: UInt64 = 0
  /// True when Ctrl-C or the loss of the target ended the comparison.
  public internal(set) var isCut = false

  public init() {}

  public var isEmpty: Bool {
    onlyFirst == 0 && onlySecond == 0 && otherRights == 0 && otherMemory == 0 && faulty == 0
  }

  mutating func count(_ difference: AddressSpaceDifference) {
    switch difference.kind {
    case .onlyFirst: onlyFirst &+= difference.byteCount
    case .onlySecond: onlySecond &+= difference.byteCount
    case .otherRights: otherRights &+= difference.byteCount
    case .otherMemory: otherMemory &+= difference.byteCount
    case .malformed, .unreadable: faulty &+= 1
    case .again(let totals): add(totals)
    }
  }

  /// Takes in what another comparison, or a part of this one, came to.
  public mutating func add(_ other: Self) {
    isCut = isCut || other.isCut
    onlyFirst &+= other.onlyFirst
    onlySecond &+= other.onlySecond
    otherRights &+= other.otherRights
    otherMemory &+= other.otherMemory
    faulty &+= other.faulty
  }

  func since(_ before: Self) -> Self {
    var since = Self()
    since.onlyFirst = onlyFirst &- before.onlyFirst
    since.onlySecond = onlySecond &- before.onlySecond
    since.otherRights = otherRights &- before.otherRights
    since.otherMemory = otherMemory &- before.otherMemory
    since.faulty = faulty &- before.faulty
    return since
  }
}
