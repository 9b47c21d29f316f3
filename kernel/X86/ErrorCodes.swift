/// The error code of #PF. SDM Vol. 3A, 4.7, figure 4-12.
public struct PageFaultErrorCode: RegisterBits {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// P: set when the translation was present and forbade the access.
  public static let protectionViolation = PageFaultErrorCode(rawValue: 1 << 0)
  public static let write = PageFaultErrorCode(rawValue: 1 << 1)
  /// U/S: set for an access made at CPL 3 by an instruction; the processor's own accesses leave it clear.
  public static let user = PageFaultErrorCode(rawValue: 1 << 2)
  public static let reservedBit = PageFaultErrorCode(rawValue: 1 << 3)
  public static let instructionFetch = PageFaultErrorCode(rawValue: 1 << 4)
  public static let protectionKey = PageFaultErrorCode(rawValue: 1 << 5)
  public static let shadowStack = PageFaultErrorCode(rawValue: 1 << 6)
}

/// The error code of #TS, #NP, #SS and #GP. SDM Vol. 3A, 6.13, figure 6-7.
public struct SelectorErrorCode: Equatable, Sendable {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// EXT: the event being delivered came from outside the program.
  public var isExternal: Bool { rawValue & 1 != 0 }
  /// IDT: the index names a gate.
  public var isGate: Bool { rawValue & 2 != 0 }
  public var isLocal: Bool { !isGate && rawValue & 4 != 0 }
  public var index: Int { Int(truncatingIfNeeded: (rawValue >> 3) & 0x1fff) }

  /// The code of a fault on gate `vector`. SDM Vol. 3A, 6.13.
  public static func gate(_ vector: UInt8, external: Bool) -> SelectorErrorCode {
    SelectorErrorCode(rawValue: UInt64(vector) << 3 | 2 | (external ? 1 : 0))
  }

  /// The code of a fault on a descriptor.
  public static func selector(_ selector: SegmentSelector, external: Bool) -> SelectorErrorCode {
    SelectorErrorCode(rawValue: UInt64(selector.rawValue & 0xfffc) | (external ? 1 : 0))
  }
}
