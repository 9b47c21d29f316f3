/// A segment selector: 13 bits of index, one table bit, two bits of privilege. SDM Vol. 3A, 3.4.2.
public struct SegmentSelector: Equatable, Sendable {
  public let rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue }

  public var index: Int { Int(rawValue >> 3) }
  /// TI: the descriptor is in the LDT instead of the GDT.
  public var isLocal: Bool { rawValue & 4 != 0 }
  public var requestedPrivilege: UInt8 { UInt8(truncatingIfNeeded: rawValue & 3) }
  /// Index 0 of the GDT, whatever the RPL.
  public var isNull: Bool { rawValue & 0xfffc == 0 }
  /// The descriptor's byte offset in its table.
  public var tableOffset: UInt64 { UInt64(rawValue & 0xfff8) }
}

/// The hidden part of a segment register: what the processor really uses. SDM Vol. 3A, 3.4.3.
public struct SegmentCache: Equatable, Sendable {
  public var selector: SegmentSelector
  public var base: UInt64
  public var limit: UInt32
  /// Nil where they are not known.
  public var attributes: SegmentAttributes?

  public init(selector: SegmentSelector, base: UInt64, limit: UInt32, attributes: SegmentAttributes?) {
    self.selector = selector
    self.base = base
    self.limit = limit
    self.attributes = attributes
  }
}

/// GDTR or IDTR. SDM Vol. 3A, 2.4.
public struct TableRegister: Equatable, Sendable {
  public var base: VirtualAddress
  /// The last valid byte's offset, not the size.
  public var limit: UInt16

  public init(base: VirtualAddress, limit: UInt16) {
    self.base = base
    self.limit = limit
  }

  /// True when bytes `offset ..< offset + count` lie inside the table.
  public func holds(offset: UInt64, count: UInt64) -> Bool {
    offset <= UInt64(limit) && count <= UInt64(limit) - offset + 1
  }
}
