/// One 64-bit entry of any paging structure. SDM Vol. 3A, tables 4-14 to 4-20.
public struct PageTableEntry: Equatable, Sendable {
  /// The bits that have a meaning of their own, and the words that `walk` prints for them.
  public struct Flags: RegisterBits {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    public static let present = Flags(rawValue: 1 << 0)
    public static let writable = Flags(rawValue: 1 << 1)
    public static let user = Flags(rawValue: 1 << 2)
    public static let writeThrough = Flags(rawValue: 1 << 3)
    public static let cacheDisable = Flags(rawValue: 1 << 4)
    public static let accessed = Flags(rawValue: 1 << 5)
    public static let dirty = Flags(rawValue: 1 << 6)
    /// PS: a leaf in a PDPTE or PDE. The same bit is PAT in a PTE.
    public static let pageSize = Flags(rawValue: 1 << 7)
    public static let global = Flags(rawValue: 1 << 8)
    public static let noExecute = Flags(rawValue: 1 << 63)
  }

  /// Bits 51:12, the address field of an entry that points at a table or a 4 KiB page.
  public static let addressMask: UInt64 = 0x000f_ffff_ffff_f000
  /// Accessed and dirty: written by the processor, so never part of a comparison. SDM Vol. 3A, 4.8.
  public static let processorWritten: Flags = .accessed | .dirty
  /// PAT of a 2 MiB or 1 GiB leaf, bit 12.
  public static let largePagePAT: UInt64 = 1 << 12

  public let rawValue: UInt64

  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// An entry that points at `frame` (a table or a 4 KiB page) with `flags`.
  public init(frame: PhysicalFrame, flags: Flags) {
    rawValue = (frame.address.rawValue & Self.addressMask) | flags.rawValue
  }

  public var flags: Flags { Flags(rawValue: rawValue & ~Self.addressMask) }
  public var isPresent: Bool { flags.contains(.present) }

  /// The 4 KiB frame that bits 51:12 name.
  public var frame: PhysicalFrame {
    PhysicalFrame(containing: PhysicalAddress(truncating: rawValue & Self.addressMask))
  }

  /// True when a present entry at `level` maps a page instead of pointing at a table.
  public func isLeaf(at level: PagingLevel) -> Bool {
    switch level {
    case .pageTable: true
    case .pageDirectory, .pageDirectoryPointer: flags.contains(.pageSize)
    case .pml4, .pml5: false
    }
  }

  /// The first byte of the page that a leaf at `level` maps.
  public func leafBase(_ size: PageSize) -> PhysicalAddress {
    PhysicalAddress(truncating: rawValue & Self.addressMask & ~(size.bytes - 1))
  }

  /// The bits of this present entry that are set and must be zero. SDM Vol. 3A, 4.5 ("reserved").
  public func reservedBits(at level: PagingLevel, in mode: PagingMode) -> UInt64 {
    rawValue & Self.reservedMask(at: level, isLeaf: isLeaf(at: level), in: mode)
  }

  /// The bits that must be zero in a present entry at `level`, in one that maps a page or in one that points at a table.
  public static func reservedMask(at level: PagingLevel, isLeaf: Bool, in mode: PagingMode) -> UInt64 {
    var reserved = addressMask & ~((1 << UInt64(mode.physicalAddressBits)) - 1)
    if !mode.noExecuteEnabled { reserved |= Flags.noExecute.rawValue }
    switch level {
    case .pml4, .pml5:
      reserved |= Flags.pageSize.rawValue
    case .pageDirectoryPointer where isLeaf:
      reserved |= mode.hasGigabytePages ? leafPadding(.size1GiB) : Flags.pageSize.rawValue
    case .pageDirectory where isLeaf:
      reserved |= leafPadding(.size2MiB)
    default:
      break
    }
    return reserved
  }

  /// The address bits below a large page's own size, without PAT: bits 29:13 or 20:13.
  private static func leafPadding(_ size: PageSize) -> UInt64 {
    (size.bytes - 1) & addressMask & ~largePagePAT
  }
}
