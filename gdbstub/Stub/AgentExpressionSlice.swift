import RemoteProtocol

/// Where one expression lies in a buffer of bytecode.
public struct AgentExpressionSlice: Equatable, Sendable {
  private let start: UInt16
  private let length: UInt16

  /// In bytes from the start of the buffer.
  public var offset: Int { Int(start) }
  public var count: Int { Int(length) }

  /// Nil outside of the first 64 KiB of a buffer.
  public init?(offset: Int, count: Int) {
    guard let start = UInt16(exactly: offset), let length = UInt16(exactly: count) else { return nil }
    self.start = start
    self.length = length
  }

  static let empty = AgentExpressionSlice()

  private init() {
    start = 0
    length = 0
  }
}

extension Span where Element == UInt8 {
  /// The byte at `position` of an expression, nil outside of it or of the buffer.
  @inline(__always)
  func byte(at position: Int, of expression: AgentExpressionSlice) -> UInt8? {
    position >= 0 && position < expression.count ? byte(at: expression.offset &+ position) : nil
  }
}
