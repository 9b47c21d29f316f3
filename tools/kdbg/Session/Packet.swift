import RemoteProtocol

/// The payload of one request, built piece by piece.
struct Request {
  private(set) var bytes: [UInt8]

  init(_ text: String) { bytes = Array(text.utf8) }

  mutating func append(_ text: String) { bytes += text.utf8 }

  mutating func append(_ byte: UInt8) { bytes.append(byte) }

  /// The number's digits, without leading zeros.
  mutating func append(hexadecimal number: UInt64) {
    var shift = (63 - (number | 1).leadingZeroBitCount) & ~3
    while shift >= 0 {
      bytes.append(Hexadecimal.digit(of: UInt8(truncatingIfNeeded: number >> UInt64(shift))))
      shift -= 4
    }
  }

  /// Two digits per byte.
  mutating func append(hexadecimal data: some Sequence<UInt8>) {
    for byte in data {
      bytes.append(Hexadecimal.digit(of: byte >> 4))
      bytes.append(Hexadecimal.digit(of: byte))
    }
  }

  mutating func append(_ thread: ThreadIdentifier) { append(thread.wireText) }

  /// `m ADDRESS,COUNT`, or the same with another letter.
  static func read(_ address: UInt64, _ byteCount: Int, _ letter: String = "m") -> [UInt8] {
    var request = Request(letter)
    request.append(hexadecimal: address)
    request.append(UInt8(ascii: ","))
    request.append(hexadecimal: UInt64(byteCount))
    return request.bytes
  }
}

extension ThreadIdentifier {
  /// As packets spell it.
  var wireText: String {
    func text(_ number: ThreadNumber) -> String {
      switch number {
      case .all: "-1"
      case .any: "0"
      case .number(let value): String(value, radix: 16)
      }
    }
    guard let process else { return text(thread) }
    return "p\(text(process)).\(text(thread))"
  }
}

/// A reply's payload, and the reading of it.
struct Reply {
  let bytes: [UInt8]

  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// A stub answers what it does not know with nothing.
  var isEmpty: Bool { bytes.isEmpty }

  var isOK: Bool { bytes == [UInt8(ascii: "O"), UInt8(ascii: "K")] }

  /// The number of `E NN`.
  var errorCode: UInt8? {
    guard bytes.count == 3, bytes[0] == UInt8(ascii: "E") else { return nil }
    return Hexadecimal.byte(bytes[1], bytes[2])
  }

  /// The bytes that `digits` spell from `start` on; nil when they do not.
  func hexadecimalBytes(from start: Int = 0) -> [UInt8]? {
    guard (bytes.count - start).isMultiple(of: 2) else { return nil }
    var decoded: [UInt8] = []
    decoded.reserveCapacity((bytes.count - start) / 2)
    var position = start
    while position < bytes.count {
      guard let byte = Hexadecimal.byte(bytes[position], bytes[position + 1]) else { return nil }
      decoded.append(byte)
      position += 2
    }
    return decoded
  }

  /// Appends the little-endian qwords that the digits spell. False when they do not spell whole ones.
  func appendQwords(to qwords: inout [UInt64]) -> Bool {
    guard bytes.count.isMultiple(of: 16) else { return false }
    let values = Self.digitValues
    var seen: UInt8 = 0
    var position = 0
    while position < bytes.count {
      var qword: UInt64 = 0
      for shift in 0..<8 {
        let high = values[Int(bytes[position])]
        let low = values[Int(bytes[position + 1])]
        seen |= high | low
        qword |= UInt64(high << 4 | low & 0xf) << UInt64(shift * 8)
        position += 2
      }
      qwords.append(qword)
    }
    return seen < 16
  }

  /// The value of each byte as a digit; 255 for what is none.
  private static let digitValues = (0...255).map { Hexadecimal.value(of: UInt8($0)) ?? 255 }

  /// Throws what a reply other than OK means.
  func requireOK(_ operation: String) throws(SessionError) {
    if isOK { return }
    throw failure(operation)
  }

  /// What this reply means when it is not the one that was asked for.
  func failure(_ operation: String) -> SessionError {
    if isEmpty { return .unsupported(operation: operation) }
    if let errorCode { return .refused(operation: operation, code: errorCode) }
    if text.hasPrefix("E.") {
      return .refusedInWords(operation: operation, reason: String(text.dropFirst(2)))
    }
    return .unexpectedReply(operation: operation, reply: String(text.prefix(40)))
  }
}
