import Foundation

/// Transcripts of two builds, made comparable: what a build decides, and nothing else, is replaced.
///
/// Addresses in the kernel's image become K1, K2, ..., physical frames F1, F2, ..., each number the same wherever it comes
/// again, so that a wrong one shows; the bits beside a frame stay, and those beside the base in the descriptor of a TSS.
/// Offsets behind a symbol, line numbers, times and how many instructions are of a kind lose their value. Runs of
/// spaces count as one.
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
    line = line.replacing(/^(=> )?[0-9]+\t/) { "\($0.1 ?? "")L\t" }
    line = line.replacing(/\b[0-9]+ instructions/, with: "N instructions")
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
    if let base = Self.taskStateBase(value) {
      let rest = String(value & ~0xff00_00ff_ffff_0000, radix: 16)
      return "K\(Self.number(base, in: &images)):\(rest)"
    }
    let frame = value & Self.frameBits
    guard Self.memory.contains(frame) else { return "0x" + String(value, radix: 16) }
    return "F\(Self.number(frame, in: &frames)):\(String(value & ~Self.frameBits, radix: 16))"
  }

  /// The base in the first word of a descriptor of a 64-bit TSS of 0x68 bytes in the kernel's image. SDM Vol. 3A, 7.2.3.
  private static func taskStateBase(_ word: UInt64) -> UInt64? {
    guard word & 0x00ff_fd00_0000_ffff == 0x0000_8900_0000_0067 else { return nil }
    return 0xffff_ffff_0000_0000 | (word >> 32 & 0xff00_0000) | (word >> 16 & 0x00ff_ffff)
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
