import X86

/// A name that the linker kept for an address.
public struct Symbol: Equatable, Sendable {
  public let address: VirtualAddress
  /// Zero for a label in assembly that has no `.size`.
  public let byteCount: UInt64
  public let kind: Kind
  /// The linker's spelling, mangled where the language mangles.
  public let rawName: String
  /// What to show: ``SymbolName/qualified``, or the raw name of an unmangled symbol.
  public let name: String

  public enum Kind: Equatable, Sendable {
    case function
    case object
    /// A label without `.type`, or a symbol of the linker script.
    case untyped
  }

  /// The whole demangled text with argument and result types; the raw name when it is not mangled.
  public var demangledName: String { Demangler.demangle(rawName) ?? rawName }
}

/// An address as a debugger shows it: a symbol and the distance from it.
public struct SymbolOffset: Equatable, Sendable {
  public let symbol: Symbol
  /// In bytes.
  public let offset: UInt64
}

extension SymbolOffset: CustomStringConvertible {
  /// `name` or `name+0x1f`.
  public var description: String {
    offset == 0 ? symbol.name : "\(symbol.name)+0x\(String(offset, radix: 16))"
  }
}

/// The answer to a name that a user typed.
public enum SymbolMatch: Equatable, Sendable {
  case unique(Symbol)
  /// Several symbols at different addresses, in the order of their addresses; never empty.
  case ambiguous([Symbol])
  case unknown
}
