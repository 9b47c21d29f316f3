import X86

/// Words after the fault's name that change what surrounds it.
public struct FaultModifiers: RegisterBits {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// #PF gets an IST stack, so that the first fault is seen instead of the double fault.
  public static let pageFaultStack = FaultModifiers(rawValue: 1)
  /// #DF loses its IST stack, so that the machine shuts down.
  public static let noDoubleFaultStack = FaultModifiers(rawValue: 2)
  /// CR4.SMAP is set.
  public static let accessPrevention = FaultModifiers(rawValue: 4)
  /// CR4.SMEP is set.
  public static let executionPrevention = FaultModifiers(rawValue: 8)
  /// CR0.WP is clear from the injection on.
  public static let noWriteProtect = FaultModifiers(rawValue: 16)

  /// What the TLB still has of a path that was taken away goes at the return after the first entry.
  public static let eviction = FaultModifiers(rawValue: 32)

  /// How many there are; bit `number` is the modifier.
  public static let count: UInt8 = 6

  public static func name(_ number: UInt8) -> StaticString {
    switch number {
    case 0: "pfist"
    case 1: "dfnoist"
    case 2: "smap"
    case 3: "smep"
    case 4: "wp0"
    default: "evict"
    }
  }

  public static func summary(_ number: UInt8) -> StaticString {
    switch number {
    case 0: "#PF has a stack of its own, IST5: the first fault is seen, and not the double fault"
    case 1: "#DF has no stack of its own: the machine shuts down"
    case 2: "CR4.SMAP=1"
    case 3: "CR4.SMEP=1"
    case 4: "CR0.WP=0 from the injection on"
    default: "the TLB loses what it had kept, at the return after the first entry"
    }
  }
}
