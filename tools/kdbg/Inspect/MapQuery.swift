import X86

/// Which part of an address space is asked for, and how finely.
public struct MapQuery: Sendable {
  /// What makes two neighbouring pages one region.
  public enum Grouping: Equatable, Sendable {
    /// The same rights, G, memory type, page size, and memory or none behind both.
    case everything
    /// The same rights and G.
    case rights
    /// Nothing: each page stands for itself.
    case none
  }

  /// The root table; the loaded one unless given.
  public var cr3: CR3?
  /// The linear addresses, the last one included.
  public var addresses: ClosedRange<UInt64> = 0 ... .max
  /// Only what maps one of these physical addresses.
  public var physical: ClosedRange<UInt64>?
  /// Only pages of these sizes; all of them when empty.
  public var sizes: Set<PageSize> = []
  /// Only pages whose right is there, or is not.
  public var isWritable: Bool?
  public var isUser: Bool?
  public var isExecutable: Bool?
  public var isGlobal: Bool?
  public var grouping = Grouping.everything
  /// The tables are listed, instead of what they map.
  public var listsTables = false

  public init() {}

  /// True for pages that are asked for, as far as a whole run of them can be told.
  func takes(_ run: LeafRun) -> Bool {
    if let physical {
      let end = run.highest.rawValue &+ (run.size.bytes - 1)
      guard run.lowest.rawValue <= physical.upperBound, physical.lowerBound <= end else { return false }
    }
    return (sizes.isEmpty || sizes.contains(run.size)) && Self.fits(isWritable, run.rights.isWritable)
      && Self.fits(isUser, run.rights.isUser) && Self.fits(isExecutable, run.rights.isExecutable)
      && Self.fits(isGlobal, run.isGlobal)
  }

  private static func fits(_ wanted: Bool?, _ value: Bool) -> Bool { wanted == nil || wanted == value }
}
