/// Pages by `xp` of the human monitor, for a QEMU before 4.1.
struct MonitorPageFetcher: PageFetcher {
  /// `xp` reads devices too, and a read can change one.
  let map: GuestMemoryMapCache
  let monitor: (String) throws(SessionError) -> String

  func fetch(pages: [UInt64]) throws(SessionError) -> [[UInt64]?] {
    var fetched: [[UInt64]?] = []
    for page in pages {
      let size = UInt64(Self.pageByteCount)
      guard try map.covers(page * size, count: Self.pageByteCount) else {
        fetched.append(nil)
        continue
      }
      let text = try monitor("xp /\(size / 8)gx 0x\(String(page * size, radix: 16))")
      fetched.append(Self.qwords(parsing: text))
    }
    return fetched
  }

  func extent(at address: UInt64) throws(SessionError) -> MemoryExtent? { try map.extent(at: address) }

  /// Reads lines such as `0000000000001000: 0x0000000000000001 0x0000000000000002`. Nil unless they make a
  /// whole page: the monitor says "Cannot access memory" where it ends.
  static func qwords(parsing text: String) -> [UInt64]? {
    var qwords: [UInt64] = []
    qwords.reserveCapacity(pageByteCount / 8)
    for line in text.split(whereSeparator: \.isNewline) {
      guard let colon = line.firstIndex(of: ":") else { return nil }
      for word in line[line.index(after: colon)...].split(separator: " ") {
        guard word.hasPrefix("0x"), let value = UInt64(word.dropFirst(2), radix: 16) else { return nil }
        qwords.append(value)
      }
    }
    return qwords.count == pageByteCount / 8 ? qwords : nil
  }
}
