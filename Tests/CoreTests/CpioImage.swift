/// An archive in the "new ASCII" format of cpio(5), written byte by byte.
struct CpioImage {
  private(set) var bytes: [UInt8] = []
  /// The case of the digits a to f.
  var uppercaseDigits = false

  init(_ files: [(name: String, contents: [UInt8])] = [], uppercaseDigits: Bool = false) {
    self.uppercaseDigits = uppercaseDigits
    for file in files { append(file.name, file.contents) }
  }

  mutating func append(_ name: String, _ contents: [UInt8]) {
    bytes += "070701".utf8
    let nameBytes = name.utf8.count + 1
    // inode, mode, uid, gid, links, time, size, major, minor, device major and minor, name size, checksum
    for field in [1, 0o100755, 0, 0, 1, 0, contents.count, 0, 0, 0, 0, nameBytes, 0] {
      let digits = String(field, radix: 16, uppercase: uppercaseDigits)
      bytes += String(repeating: "0", count: 8 - digits.count).utf8
      bytes += digits.utf8
    }
    bytes += Array(name.utf8) + [0]
    pad()
    bytes += contents
    pad()
  }

  private mutating func pad() { while bytes.count % 4 != 0 { bytes.append(0) } }

  /// The same with the entry that ends every archive.
  var ended: [UInt8] {
    var copy = self
    copy.append("TRAILER!!!", [])
    return copy.bytes
  }
}
