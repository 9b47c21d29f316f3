import Foundation

/// Transcripts of two builds, made comparable: what a build decides, and nothing else, is replaced.
///
/// Addresses in the kernel's image become K1, K2, ..., physical frames F1, F2, ..., each number the same wherever it comes
/// again, so that a wrong one shows; the bits beside a frame stay. Offsets behind a symbol, line numbers and times
/// lose their value. Runs of spaces count as one.
struct TranscriptForm {
  private var images: [UInt64: Int] = [:]
  private var frames: [UInt64: Int] = [:]

  private static let image: Range<UInt64> = 0xffff_ffff_8010_0000..<0xffff_ffff_8100_0000
  private static let window: Range<UInt64> = 0xffff_8000_0010_0000..<0xffff_8000_1000_0000
  /// Below 1 MiB nothing is the kernel's, and programs begin at 256 MiB.
  private static let memory: Range<UInt64> = 0x10_0000..<0x1000_0000
  private static let frameBits: UInt64 = 0x000f_ffff_ffff_f000

  /// `lines` in the comparable form.
  static func lines(_ lines: [String]) -> [String] {
    var form = TranscriptForm()
    return lines.map { form.line($0) }
  }

  private mutating func line(_ text: String) -> String {
    var line = text.replacing(/\ +/, with: " ").trimmingCharacters(in: .whitespaces)
    line = line.replacing(/\+(0x[0-9a-f]+)/, with: "+O")
    line = line.replacing(/(\.swift|\.S|\.c|\.h):[0-9]+/) { "\($0.1):L" }
    line = line.replacing(/[0-9]+(\.[0-9]+)? (ms|s|us|ns)\b/, with: "T")
    var out = ""
    var rest = line[...]
    while let match = rest.firstMatch(of: /0x([0-9a-f]+)/) {
      out += rest[..<match.range.lowerBound]
      out += UInt64(match.1, radix: 16).map { replaced($0) } ?? String(match.0)
      rest = rest[match.range.upperBound...]
    }
    return out + rest
  }

  private mutating func replaced(_ value: UInt64) -> String {
    if Self.image.contains(value) { return "K\(Self.number(value, in: &images))" }
    if Self.window.contains(value) {
      return "window+F\(Self.number(value & 0xffff_f000, in: &frames)):\(String(value & 0xfff, radix: 16))"
    }
    let frame = value & Self.frameBits
    guard Self.memory.contains(frame) else { return "0x" + String(value, radix: 16) }
    return "F\(Self.number(frame, in: &frames)):\(String(value & ~Self.frameBits, radix: 16))"
  }

  private static func number(_ value: UInt64, in known: inout [UInt64: Int]) -> Int {
    if let number = known[value] { return number }
    known[value] = known.count + 1
    return known.count
  }
}

extension TranscriptForm {
  /// True when `lines` are what `pattern` shows, where a line of three dots stands for any that are left out.
  static func matches(_ lines: ArraySlice<String>, _ pattern: ArraySlice<String>) -> Bool {
    guard let first = pattern.first else { return lines.isEmpty }
    let rest = pattern.dropFirst()
    if first == "..." { return lines.indices.contains { matches(lines[$0...], rest) } || rest.isEmpty }
    guard lines.first == first else { return false }
    return matches(lines.dropFirst(), rest)
  }
}
