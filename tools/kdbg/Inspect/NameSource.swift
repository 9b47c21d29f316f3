import X86

/// Where the names of addresses come from.
public protocol NameSource {
  /// The symbol that covers `address`, and how far into it the address lies.
  func name(of address: VirtualAddress) -> SymbolicName?
}

/// `name+offset`.
public struct SymbolicName: Equatable, Sendable {
  public let name: String
  /// In bytes.
  public let offset: UInt64

  public init(name: String, offset: UInt64) {
    self.name = name
    self.offset = offset
  }

  public var text: String { offset == 0 ? name : "\(name)+0x\(String(offset, radix: 16))" }
}

/// No symbols at all.
public struct NoNames: NameSource {
  public init() {}
  public func name(of address: VirtualAddress) -> SymbolicName? { nil }
}
