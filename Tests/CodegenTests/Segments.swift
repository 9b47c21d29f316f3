/// One PT_LOAD entry of an executable.
struct Segment: Equatable, CustomStringConvertible {
  let address: UInt64
  let physicalAddress: UInt64
  let byteCount: UInt64
  /// R, W and E, in readelf's order.
  let rights: String

  var end: UInt64 { address + byteCount }
  var description: String { "\(String(address, radix: 16)) \(rights)" }

  /// The segments of the file at `path`, as readelf prints them:
  /// `LOAD offset virtual physical file-size memory-size R E alignment`.
  static func all(_ path: String) throws -> [Segment] {
    try Tool.lines("readelf", ["-lW", path]).compactMap { line in
      let words = line.split(separator: " ")
      guard words.first == "LOAD", words.count >= 8 else { return nil }
      func number(_ position: Int) -> UInt64? { UInt64(words[position].dropFirst(2), radix: 16) }
      guard let address = number(2), let physical = number(3), let size = number(5) else { return nil }
      return Segment(
        address: address, physicalAddress: physical, byteCount: size,
        rights: words[6..<(words.count - 1)].joined())
    }
  }
}
