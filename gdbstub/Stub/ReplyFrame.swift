import RemoteProtocol
import X86

/// The frame of a reply, kept until the next one, because the client may ask for it again. GDB manual, E.1.
///
///     $ payload # checksum        payload: bytes, `}` byte^0x20, byte `*` (repetitions + 29)
///
/// Runs are encoded while the payload grows, so a frame is never larger than its payload and five bytes more. What
/// does not fit is cut off, and ``isCut`` says so; most replies may be short.
struct ReplyFrame: ~Copyable {
  /// Payload bytes as the client counts them, escapes included, runs not shortened.
  static let payloadCapacity = 4096
  /// `$`, the payload, `#` and two digits.
  static let frameCapacity = 4100

  private(set) var bytes = InlineArray<4100, UInt8>(repeating: 0)
  /// How many of ``bytes`` are the frame.
  private(set) var count = 0
  private(set) var payloadCount = 0
  private(set) var isCut = false
  private var runByte: UInt8 = 0
  private var runLength = 0
  /// False where runs go over the line as they are.
  var shortensRuns = true
  var form = Form.escaped
  var window = DocumentWindow()

  /// What ``write(_:)`` makes of a byte.
  enum Form {
    case escaped
    case hexadecimal
    /// A part of a document: see ``DocumentWindow``.
    case document
    /// The same, with what is markup in XML replaced.
    case documentText
  }

  /// True when there is nothing to send again.
  var isEmpty: Bool { count == 0 }

  /// How many bytes of payload still fit.
  var room: Int { Self.payloadCapacity &- payloadCount }

  mutating func forget() { count = 0 }

  mutating func begin() {
    count = 0
    payloadCount = 0
    isCut = false
    runLength = 0
    form = .escaped
    window = DocumentWindow()
    put(UInt8(ascii: "$"))
  }

  mutating func end() {
    endRun()
    if window.hasMore { replaceFirst(UInt8(ascii: "m")) }
    var sum: UInt8 = 0
    var position = 1
    while position < count {
      sum &+= byte(at: position)
      position &+= 1
    }
    put(UInt8(ascii: "#"))
    put(Hexadecimal.digit(of: sum >> 4))
    put(Hexadecimal.digit(of: sum))
  }

  /// Replaces the first byte of the payload, which begins no run when ``endRun()`` followed it.
  private mutating func replaceFirst(_ byte: UInt8) {
    if count > 1 { bytes[1] = byte }
  }

  // MARK: Payload

  /// A byte that needs no escape.
  mutating func raw(_ byte: UInt8) {
    guard room >= 1, !isCut else {
      isCut = true
      return
    }
    payloadCount &+= 1
    if runLength > 0, byte == runByte, runLength < Self.longestRun {
      runLength &+= 1
    } else {
      endRun()
      runByte = byte
      runLength = 1
    }
  }

  /// Any byte, escaped where it must be. False, and nothing written, when it does not fit.
  @discardableResult
  mutating func escaped(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "}"), UInt8(ascii: "*"):
      guard room >= 2, !isCut else {
        isCut = true
        return false
      }
      payloadCount &+= 2
      // Neither half may be part of a run: a count would repeat the half, not the byte.
      endRun()
      put(UInt8(ascii: "}"))
      put(byte ^ 0x20)
    default:
      raw(byte)
    }
    return !isCut
  }

  /// The largest number of equal bytes that one count can say: the byte itself and 97 more.
  private static let longestRun = 98

  /// Writes the bytes that were held back to be counted.
  mutating func endRun() {
    while runLength > 0 {
      put(runByte)
      runLength &-= 1
      guard shortensRuns, runLength >= 3 else { continue }
      var repetitions = min(runLength, 97)
      while !Self.isSendable(repetitions) { repetitions &-= 1 }
      put(UInt8(ascii: "*"))
      put(UInt8(truncatingIfNeeded: repetitions &+ 29))
      runLength &-= repetitions
    }
  }

  /// A count must not look like the start or end of a frame, or like an acknowledgement; nor, for careless
  /// clients, like another run or an escape. 3 always is.
  private static func isSendable(_ repetitions: Int) -> Bool {
    switch UInt8(truncatingIfNeeded: repetitions &+ 29) {
    case UInt8(ascii: "#"), UInt8(ascii: "$"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "*"),
      UInt8(ascii: "}"):
      false
    default: true
    }
  }

  private mutating func put(_ byte: UInt8) {
    guard count >= 0, count < Self.frameCapacity else { return }
    bytes[count] = byte
    count &+= 1
  }

  private mutating func byte(at position: Int) -> UInt8 {
    guard position >= 0, position < Self.frameCapacity else { return 0 }
    return bytes[position]
  }
}
