/// What the stub takes. All of its memory is in the `Stub` value: about 17 KiB.
public enum StubLimits {
  /// Bytes of a packet's payload, in either direction.
  public static let packet = 4096
  /// Bytes of a `qSearch:memory` pattern.
  static let searchPattern = 512
  /// Bytes that one `qSearch:memory` or `qCRC` reads.
  static let longRead: UInt64 = 1 << 30
  /// Entries of a memory map.
  static let memoryMapEntries = 256
}
