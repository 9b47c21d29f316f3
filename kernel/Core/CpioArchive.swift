import X86

/// The initrd: a cpio archive in the "new ASCII" format (magic 070701), as `cpio -o -H newc` writes it. Headers
/// are 110 bytes of ASCII, names and contents padded to four bytes. cpio(5).
public struct CpioArchive: Sendable {
  private static let headerBytes: UInt64 = 110
  private static let fileSizeField: UInt64 = 54
  private static let nameSizeField: UInt64 = 94

  private let bytes: PhysicalBytes

  public init(_ bytes: PhysicalBytes) { self.bytes = bytes }

  /// The contents of the file called `name`; a leading "/" or "./" counts on neither side. Nil when there is
  /// none, or when the archive is damaged before it.
  public func file<Memory: PhysicalMemory & ~Copyable>(
    named name: FileName, memory: inout Memory
  ) -> PhysicalBytes? {
    var offset: UInt64 = 0
    while bytes.matches("070701", at: offset, memory: &memory) {
      guard let size = hexField(offset + Self.fileSizeField, memory: &memory),
        let nameSize = hexField(offset + Self.nameSizeField, memory: &memory), nameSize > 0,
        let entryName = bytes.slice(offset: offset + Self.headerBytes, count: nameSize - 1)
      else { return nil }
      // The entry that ends every archive is no file.
      if entryName.isText("TRAILER!!!", memory: &memory) { return nil }
      let contents = Self.aligned(offset + Self.headerBytes + nameSize)
      guard let data = bytes.slice(offset: contents, count: size) else { return nil }
      if name.matches(entryName, memory: &memory) { return data }
      offset = Self.aligned(contents + size)
    }
    return nil
  }

  private func hexField<Memory: PhysicalMemory & ~Copyable>(
    _ offset: UInt64, memory: inout Memory
  ) -> UInt64? {
    var value: UInt64 = 0
    for position in 0..<UInt64(8) {
      guard let digit = bytes.byte(offset + position, memory: &memory) else { return nil }
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
      case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt64(digit - UInt8(ascii: "A") + 10)
      default: return nil
      }
    }
    return value
  }

  private static func aligned(_ offset: UInt64) -> UInt64 { (offset + 3) & ~3 }
}

/// A path of at most 127 bytes, copied out of wherever it came from.
public struct FileName: Sendable {
  public static let capacity = 127

  private var storage = InlineArray<127, UInt8>(repeating: 0)
  public private(set) var count = 0

  public init() {}

  public init(_ text: StaticString) {
    for position in 0..<text.utf8CodeUnitCount { append(text.byte(position)) }
  }

  /// False when there is no room left.
  @discardableResult
  public mutating func append(_ byte: UInt8) -> Bool {
    guard count < Self.capacity else { return false }
    storage[count] = byte
    count += 1
    return true
  }

  public subscript(position: Int) -> UInt8 { storage[position] }

  /// How many bytes of "/" and "./" come first.
  private var prefix: Int {
    var position = 0
    while position < count {
      if storage[position] == UInt8(ascii: "/") {
        position += 1
      } else if storage[position] == UInt8(ascii: "."), position + 1 < count,
        storage[position + 1] == UInt8(ascii: "/")
      {
        position += 2
      } else {
        break
      }
    }
    return position
  }

  func matches<Memory: PhysicalMemory & ~Copyable>(_ entry: PhysicalBytes, memory: inout Memory) -> Bool {
    var name = FileName()
    for position in 0..<entry.byteCount {
      guard let byte = entry.byte(position, memory: &memory), name.append(byte) else { return false }
    }
    let own = prefix
    let other = name.prefix
    guard count - own == name.count - other, count > own else { return false }
    for position in 0..<(count - own) where storage[own + position] != name.storage[other + position] {
      return false
    }
    return true
  }
}
