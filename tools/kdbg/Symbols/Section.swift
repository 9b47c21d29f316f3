import X86

/// A part of the program as the linker laid it out.
public struct Section: Equatable, Sendable {
  /// Its place in the section header table.
  public let index: Int
  public let name: String
  /// The linear address of its first byte.
  public let address: VirtualAddress
  public let byteCount: UInt64
  public let contents: Contents

  /// What the bytes are for; only sections that occupy memory are ever shown.
  public enum Contents: Equatable, Sendable {
    case code
    case data
    /// Occupies memory but no bytes of the file (.bss).
    case zeroes
  }

  /// True when the section's memory holds `location`.
  public func holds(_ location: VirtualAddress) -> Bool {
    location.rawValue &- address.rawValue < byteCount
  }
}
