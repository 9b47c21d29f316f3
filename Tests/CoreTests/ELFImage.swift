/// A 64-bit ELF executable, written byte by byte. Every field can be made wrong.
struct ELFImage {
  struct Segment {
    var type: UInt32 = 1
    var flags: UInt32
    var address: UInt64
    var contents: [UInt8]
    /// Nil for as many bytes as the file has.
    var memoryBytes: UInt64?
    /// Nil for the place where the contents really stand.
    var fileOffset: UInt64?
    /// Nil for as many bytes as there are contents.
    var fileBytes: UInt64?
  }

  static let readable: UInt32 = 4
  static let writable: UInt32 = 2
  static let executable: UInt32 = 1

  var magic: [UInt8] = [0x7f, 0x45, 0x4c, 0x46]
  var fileClass: UInt8 = 2
  var dataEncoding: UInt8 = 1
  var type: UInt16 = 2
  var machine: UInt16 = 62
  var entry: UInt64 = 0x1000_0000
  var headerOffset: UInt64 = 64
  var headerBytes: UInt16 = 56
  /// Nil for the number that there are.
  var headerCount: UInt16?
  var segments: [Segment] = []

  /// Text, constants and data with a tail of zeroes: what a small program has.
  static let program = ELFImage(segments: [
    Segment(flags: readable | executable, address: 0x1000_0000, contents: [0xcd, 0x80, 0xeb, 0xfc]),
    Segment(flags: readable, address: 0x1000_1000, contents: Array("constant".utf8)),
    Segment(
      flags: readable | writable, address: 0x1000_2000, contents: Array("data".utf8), memoryBytes: 0x1800),
  ])

  var bytes: [UInt8] {
    var file = magic + [fileClass, dataEncoding, 1] + [UInt8](repeating: 0, count: 9)
    file.append(little: type)
    file.append(little: machine)
    file.append(little: UInt32(1))
    file.append(little: entry)
    file.append(little: headerOffset)
    file.append(little: UInt64(0))  // no sections
    file.append(little: UInt32(0))
    file.append(little: UInt16(64))
    file.append(little: headerBytes)
    file.append(little: headerCount ?? UInt16(segments.count))
    file += [UInt8](repeating: 0, count: 6)
    var place = UInt64(file.count) + UInt64(segments.count) * 56
    for segment in segments {
      file.append(little: segment.type)
      file.append(little: segment.flags)
      file.append(little: segment.fileOffset ?? place)
      file.append(little: segment.address)
      file.append(little: segment.address)
      file.append(little: segment.fileBytes ?? UInt64(segment.contents.count))
      file.append(little: segment.memoryBytes ?? UInt64(segment.contents.count))
      file.append(little: UInt64(4096))
      place += UInt64(segment.contents.count)
    }
    for segment in segments { file += segment.contents }
    return file
  }
}

extension [UInt8] {
  mutating func append<T: FixedWidthInteger>(little value: T) {
    for position in 0..<(T.bitWidth / 8) {
      append(UInt8(truncatingIfNeeded: value >> T(position * 8)))
    }
  }
}
