/// How accesses to a page are cached. SDM Vol. 3A, 11.3 and table 11-10.
public enum MemoryType: UInt8, Equatable, Sendable {
  case uncacheable = 0
  case writeCombining = 1
  case writeThrough = 4
  case writeProtected = 5
  case writeBack = 6
  /// UC-: an MTRR may make it write-combining.
  case uncached = 7

  /// The type in entry `index` of IA32_PAT, `table`. Nil when that is not known; entry 0 is write-back after every reset,
  /// and everybody's choice for ordinary memory.
  public init?(index: UInt8, of table: UInt64?) {
    guard let table else {
      guard index == 0 else { return nil }
      self = .writeBack
      return
    }
    self.init(rawValue: UInt8(truncatingIfNeeded: table >> (UInt64(index & 7) &* 8)) & 7)
  }
}
