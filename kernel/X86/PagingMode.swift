/// How many levels a translation walks. CR4.LA57 decides. SDM Vol. 3A, 4.5.
public enum PagingDepth: UInt8, Equatable, Sendable {
  case four = 4
  case five = 5

  /// How many low bits of a linear address are translated.
  public var addressBits: Int { self == .five ? 57 : 48 }

  /// The table that CR3 points at.
  public var root: PagingLevel { self == .five ? .pml5 : .pml4 }
}

/// One level of the paging hierarchy, named after the table whose entry is read.
public enum PagingLevel: UInt8, Equatable, Sendable {
  case pageTable = 1
  case pageDirectory = 2
  case pageDirectoryPointer = 3
  case pml4 = 4
  case pml5 = 5

  /// The level below, nil under the page table.
  public var next: PagingLevel? { PagingLevel(rawValue: rawValue - 1) }

  /// The nine address bits that index this level's table.
  public func index(of address: VirtualAddress) -> Int {
    Int(truncatingIfNeeded: (address.rawValue >> (3 + 9 * UInt64(rawValue))) & 0x1ff)
  }

  /// The size of the page that a leaf at this level maps; nil where no leaf can stand.
  public var leafSize: PageSize? {
    switch self {
    case .pageTable: .size4KiB
    case .pageDirectory: .size2MiB
    case .pageDirectoryPointer: .size1GiB
    case .pml4, .pml5: nil
    }
  }

  /// The table's name as the manual's figures have it.
  public var tableName: StaticString {
    switch self {
    case .pageTable: "PT"
    case .pageDirectory: "PD"
    case .pageDirectoryPointer: "PDPT"
    case .pml4: "PML4"
    case .pml5: "PML5"
    }
  }
}

/// Everything outside the tables that decides what a translation means.
public struct PagingMode: Equatable, Sendable {
  public var depth: PagingDepth
  /// MAXPHYADDR, CPUID 8000_0008H:EAX[7:0]: 36 to 52 bits. 52 where it is not known, which finds fewer
  /// reserved bits and never a false one.
  public var physicalAddressBits: Int
  /// EFER.NXE: bit 63 means no-execute; without it bit 63 is reserved.
  public var noExecuteEnabled: Bool
  /// CR0.WP: supervisor writes honour read-only pages.
  public var writeProtect: Bool
  /// CR4.SMEP: no supervisor fetch from user pages.
  public var preventsSupervisorFetch: Bool
  /// CR4.SMAP: no supervisor data access to user pages (implicit accesses regardless of RFLAGS.AC).
  public var preventsSupervisorAccess: Bool
  /// CPUID 8000_0001H:EDX[26].
  public var hasGigabytePages: Bool

  public init(
    depth: PagingDepth = .four, physicalAddressBits: Int = 52, noExecuteEnabled: Bool = true,
    writeProtect: Bool = true, preventsSupervisorFetch: Bool = false,
    preventsSupervisorAccess: Bool = false, hasGigabytePages: Bool = true
  ) {
    self.depth = depth
    self.physicalAddressBits = min(max(physicalAddressBits, 32), 52)
    self.noExecuteEnabled = noExecuteEnabled
    self.writeProtect = writeProtect
    self.preventsSupervisorFetch = preventsSupervisorFetch
    self.preventsSupervisorAccess = preventsSupervisorAccess
    self.hasGigabytePages = hasGigabytePages
  }

  /// The mode that the control registers select.
  public init(cr0: CR0, cr4: CR4, efer: EFER, physicalAddressBits: Int = 52, hasGigabytePages: Bool = true) {
    self.init(
      depth: cr4.contains(.fiveLevelPaging) ? .five : .four, physicalAddressBits: physicalAddressBits,
      noExecuteEnabled: efer.contains(.noExecuteEnable), writeProtect: cr0.contains(.writeProtect),
      preventsSupervisorFetch: cr4.contains(.supervisorExecutionPrevention),
      preventsSupervisorAccess: cr4.contains(.supervisorAccessPrevention),
      hasGigabytePages: hasGigabytePages)
  }
}
