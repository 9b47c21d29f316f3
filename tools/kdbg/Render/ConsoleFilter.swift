/// Takes out of a guest's output what would change the terminal it is shown on: control characters and escape
/// sequences. Firmware clears the screen; a kernel's log must stay readable. ECMA-48, 5.4.
public struct ConsoleFilter: Sendable {
  private enum State {
    case text
    /// Behind ESC.
    case escape
    /// Inside a control sequence: parameters, until the final byte.
    case sequence
    /// Inside a string that BEL or ESC \ ends.
    case string
  }

  private var state = State.text

  public init() {}

  /// What is left of `bytes`; state is kept, because a sequence may be cut in two.
  public mutating func pass(_ bytes: [UInt8]) -> [UInt8] {
    var kept: [UInt8] = []
    kept.reserveCapacity(bytes.count)
    for byte in bytes where accepts(byte) { kept.append(byte) }
    return kept
  }

  private mutating func accepts(_ byte: UInt8) -> Bool {
    switch state {
    case .text:
      if byte == 0x1b { state = .escape }
      return byte >= 0x20 && byte != 0x7f || byte == 0x0a || byte == 0x09
    case .escape:
      switch byte {
      case UInt8(ascii: "["): state = .sequence
      case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
        state = .string
      // Intermediate bytes; the sequence goes on.
      case 0x20...0x2f: break
      default: state = .text
      }
    case .sequence:
      if (0x40...0x7e).contains(byte) { state = .text }
    case .string:
      if byte == 0x07 { state = .text } else if byte == 0x1b { state = .escape }
    }
    return false
  }
}
