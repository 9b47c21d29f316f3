/// The attribute bits of a descriptor, bits 55:40, with base and limit taken out (bits 3:0 of the high half's
/// second byte are the limit's and read as zero here). SDM Vol. 3A, 3.4.5.
public struct SegmentAttributes: Equatable, Sendable {
  public let rawValue: UInt16
  public init(rawValue: UInt16) { self.rawValue = rawValue & 0xf0ff }

  /// Bits 3:0: the type field.
  public var type: UInt8 { UInt8(truncatingIfNeeded: rawValue & 0xf) }
  /// S: a code or data segment; clear for a system descriptor.
  public var isCodeOrData: Bool { rawValue & 1 << 4 != 0 }
  public var privilege: UInt8 { UInt8(truncatingIfNeeded: (rawValue >> 5) & 3) }
  public var isPresent: Bool { rawValue & 1 << 7 != 0 }
  public var isLong: Bool { rawValue & 1 << 13 != 0 }
  /// D/B: 32-bit default operand size; must be 0 where L=1.
  public var isDefault32: Bool { rawValue & 1 << 14 != 0 }
  /// G: the limit counts 4 KiB units.
  public var isPageGranular: Bool { rawValue & 1 << 15 != 0 }

  public var isCode: Bool { isCodeOrData && type & 8 != 0 }
  public var isData: Bool { isCodeOrData && type & 8 == 0 }
  public var isConforming: Bool { isCode && type & 4 != 0 }
  public var isWritableData: Bool { isData && type & 2 != 0 }
  public var isAccessed: Bool { isCodeOrData && type & 1 != 0 }
}

/// The system descriptor types of long mode. SDM Vol. 3A, table 3-2.
public enum SystemDescriptorType: UInt8, Equatable, Sendable {
  case ldt = 0x2
  case availableTSS = 0x9
  case busyTSS = 0xb
  case callGate = 0xc
  case interruptGate = 0xe
  case trapGate = 0xf
}

/// An 8-byte descriptor of the GDT or LDT, or the low half of a 16-byte one.
///
///     63    56 55  52 51  48 47        40 39      32 31        16 15         0
///     | base  | GDLA | limit| P DPL S type | base     | base       | limit    |
public struct SegmentDescriptor: Equatable, Sendable {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  public var attributes: SegmentAttributes {
    SegmentAttributes(rawValue: UInt16(truncatingIfNeeded: rawValue >> 40))
  }

  /// Bits 31:0 of the base; a 16-byte system descriptor has 63:32 in its upper half.
  public var base: UInt32 {
    UInt32(truncatingIfNeeded: (rawValue >> 16) & 0xff_ffff)
      | UInt32(truncatingIfNeeded: rawValue >> 56) << 24
  }

  /// The limit in bytes, granularity applied.
  public var limit: UInt32 {
    let field = UInt32(truncatingIfNeeded: (rawValue & 0xffff) | (rawValue >> 32) & 0xf_0000)
    return attributes.isPageGranular ? field << 12 | 0xfff : field
  }

  /// The system type, nil for code, data and what long mode does not define.
  public var systemType: SystemDescriptorType? {
    attributes.isCodeOrData ? nil : SystemDescriptorType(rawValue: attributes.type)
  }

  /// True for the descriptors that take two slots of the table.
  public var isSixteenBytes: Bool { systemType != nil }
}

/// A 16-byte gate of the IDT. SDM Vol. 3A, 6.14.1, figure 6-8.
public struct GateDescriptor: Equatable, Sendable {
  public let low: UInt64
  public let high: UInt64

  public init(low: UInt64, high: UInt64) {
    self.low = low
    self.high = high
  }

  /// A present gate of `type` to `offset`.
  public init(
    offset: VirtualAddress, selector: SegmentSelector, type: SystemDescriptorType, privilege: UInt8,
    interruptStack: UInt8
  ) {
    let raw = offset.rawValue
    low =
      raw & 0xffff | UInt64(selector.rawValue) << 16 | UInt64(interruptStack & 7) << 32
      | UInt64(type.rawValue) << 40 | UInt64(privilege & 3) << 45 | 1 << 47 | (raw >> 16 & 0xffff) << 48
    high = raw >> 32
  }

  public var offset: VirtualAddress {
    VirtualAddress(low & 0xffff | (low >> 48) << 16 | (high & 0xffff_ffff) << 32)
  }
  public var selector: SegmentSelector {
    SegmentSelector(rawValue: UInt16(truncatingIfNeeded: low >> 16))
  }
  /// 0: no IST, else the slot 1...7 of the TSS.
  public var interruptStack: UInt8 { UInt8(truncatingIfNeeded: low >> 32) & 7 }
  public var typeField: UInt8 { UInt8(truncatingIfNeeded: low >> 40) & 0xf }
  /// Bit 44, which must be zero.
  public var isCodeOrData: Bool { low & 1 << 44 != 0 }
  public var privilege: UInt8 { UInt8(truncatingIfNeeded: low >> 45) & 3 }
  public var isPresent: Bool { low & 1 << 47 != 0 }

  /// An interrupt or trap gate; nil for whatever else stands there.
  public var type: SystemDescriptorType? {
    guard !isCodeOrData, let type = SystemDescriptorType(rawValue: typeField) else { return nil }
    return type == .interruptGate || type == .trapGate ? type : nil
  }

  /// Bytes of the IDT that one gate takes.
  public static let byteCount: UInt64 = 16
}
