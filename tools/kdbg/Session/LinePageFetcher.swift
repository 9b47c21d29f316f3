import RemoteProtocol

/// Pieces of pages over a slow line, from a stub that takes physical addresses as QEMU's does, and that refuses what is
/// not memory. Small pieces, because a walk needs a qword of each table and every byte takes its time; but pieces that
/// follow each other are asked for together, because every request does too.
struct LinePageFetcher: PageFetcher {
  static var pageByteCount: Int { 64 }
  let client: GDBClient

  func fetch(pages: [UInt64]) throws(SessionError) -> [[UInt64]?] {
    try switchMode(.physical)
    var fetched: [[UInt64]?] = []
    fetched.reserveCapacity(pages.count)
    while fetched.count < pages.count {
      let first = fetched.count
      var next = first + 1
      while next < pages.count, pages[next] == pages[next - 1] &+ 1 { next += 1 }
      try fetch(pages[first], count: next - first, into: &fetched)
    }
    try switchMode(.virtual)
    return fetched
  }

  private func switchMode(_ mode: PhysicalMode) throws(SessionError) {
    try client.request(mode.request, "read physical memory").requireOK("read physical memory")
  }

  /// Appends `count` pages from `first` on. One by one: a serial line has no buffer for what comes early.
  private func fetch(_ first: UInt64, count: Int, into fetched: inout [[UInt64]?]) throws(SessionError) {
    let size = Self.pageByteCount
    var bytes: [UInt8] = []
    var done = 0
    while done < count {
      let wanted = (count - done) * size - bytes.count
      let address = (first &+ UInt64(done)) &* UInt64(size) &+ UInt64(bytes.count)
      let part = try read(address, min(wanted, client.packetSize))
      // Of a page that ends in the middle nothing can be kept.
      if part.isEmpty {
        fetched.append(nil)
        bytes.removeAll()
        done += 1
        continue
      }
      bytes += part.prefix(wanted)
      let whole = bytes.count / size
      for page in 0..<whole { fetched.append(Self.qwords(bytes[page * size..<(page + 1) * size])) }
      bytes.removeFirst(whole * size)
      done += whole
    }
  }

  private static func qwords(_ bytes: ArraySlice<UInt8>) -> [UInt64] {
    stride(from: bytes.startIndex, to: bytes.endIndex, by: 8).map { start in
      bytes[start..<(start + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
  }

  /// As much of the memory at `address` as one reply carries; nothing where there is none. GDB manual, E.2, `m`, `x`.
  private func read(_ address: UInt64, _ byteCount: Int) throws(SessionError) -> [UInt8] {
    if client.features?.has("binary-upload") == true {
      let reply = try client.request(Request.read(address, byteCount, "x"), "read physical memory")
      return reply.bytes.first == UInt8(ascii: "b") ? Array(reply.bytes.dropFirst()) : []
    }
    let most = max(client.packetSize / 2, 1)
    let reply = try client.request(Request.read(address, min(byteCount, most)), "read physical memory")
    return reply.errorCode == nil ? reply.hexadecimalBytes() ?? [] : []
  }
}
