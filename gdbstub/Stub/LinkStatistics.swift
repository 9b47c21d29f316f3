/// What happened on the line since the stub began. For `monitor stats` and for tests.
public struct LinkStatistics: Sendable {
  /// Good packets of the client's.
  public var packetsReceived: UInt64 = 0
  public var repliesSent: UInt64 = 0
  public var bytesReceived: UInt64 = 0
  public var bytesSent: UInt64 = 0
  /// Packets with a wrong checksum.
  public var rejected: UInt64 = 0
  /// Packets larger than the buffer.
  public var oversized: UInt64 = 0
  /// Frames sent again: because the client asked, because it repeated its request, or because it was silent.
  public var repeated: UInt64 = 0
  /// Packets whose end never came.
  public var unfinished: UInt64 = 0
  /// Clients that were given up.
  public var dropped: UInt64 = 0
  /// Clients that came.
  public var sessions: UInt64 = 0

  public init() {}
}
