import RemoteProtocol
import Report
import X86

/// The words of a command line.
struct WordCursor {
  private var position = 0

  /// Passes over one word; true when it is `name`.
  mutating func take(_ name: StaticString, in text: Span<UInt8>) -> Bool {
    let start = next(text)
    let end = wordEnd(start, text)
    guard end - start == name.utf8CodeUnitCount else { return false }
    for offset in 0..<(end - start) where text[start + offset] != name.byte(offset) { return false }
    position = end
    return true
  }

  /// A number of 64 bits, `0x` for hexadecimal.
  mutating func number(in text: Span<UInt8>) -> UInt64? {
    let start = next(text)
    let end = wordEnd(start, text)
    let isHexadecimal =
      end - start > 2 && text[start] == UInt8(ascii: "0") && text[start + 1] | 0x20 == UInt8(ascii: "x")
    var value: UInt64 = 0
    var here = isHexadecimal ? start + 2 : start
    guard here < end else { return nil }
    while here < end {
      guard let digit = Hexadecimal.value(of: text[here]), isHexadecimal || digit < 10 else { return nil }
      let (shifted, isTooLarge) = value.multipliedReportingOverflow(by: isHexadecimal ? 16 : 10)
      let (next, isTooLargeNow) = shifted.addingReportingOverflow(UInt64(digit))
      guard !isTooLarge, !isTooLargeNow else { return nil }
      value = next
      here += 1
    }
    position = end
    return value
  }

  /// True when no word is left.
  func isAtEnd(of text: Span<UInt8>) -> Bool { next(text) >= text.count }

  private func next(_ text: Span<UInt8>) -> Int {
    var here = position
    while here < text.count, text[here] == UInt8(ascii: " ") { here += 1 }
    return here
  }

  private func wordEnd(_ start: Int, _ text: Span<UInt8>) -> Int {
    var here = start
    while here < text.count, text[here] != UInt8(ascii: " ") { here += 1 }
    return here
  }
}
