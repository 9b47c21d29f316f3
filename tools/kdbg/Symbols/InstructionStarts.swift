import X86

/// Whether an instruction begins at a byte of code whose functions nobody names.
///
/// Decoding x86 from anywhere falls into step after a few instructions. So decodings that begin at each byte before a true
/// instruction nearly all come to it, and those before bytes inside another one nearly all pass over it. Data is told from
/// code by the bytes that begin no instruction: one in ten of data does not, and next to none of code.
public struct InstructionStarts {
  /// How many decodings begin before a place.
  private static let runUp = 32
  /// How many bytes before a place are looked at.
  public static let window = 128
  /// A decoder may not know the newest instructions.
  private static let mostUnknown = 1

  /// How sure it is that an instruction begins somewhere.
  public enum Certainty: Comparable, Sendable {
    /// Fewer than a third of the decodings come there.
    case unlikely
    case plausible
    /// At least three in four.
    case sure
  }

  private let disassembler: Disassembler

  public init() throws(SymbolError) { disassembler = try Disassembler(detail: .off) }

  /// Judges the byte at `index`, by up to ``window`` bytes before it. Where nothing stands before it, it is plausible.
  public func certainty(of index: Int, in bytes: ArraySlice<UInt8>) -> Certainty {
    let first = max(bytes.startIndex, index - Self.runUp)
    guard first < index else { return .plausible }
    guard isCode(bytes[max(bytes.startIndex, index - Self.window)..<index]) else { return .unlikely }
    var arrivals = 0
    for start in first..<index {
      disassembler.identify(bytes[start...]) { _, place in
        if place.lowerBound == index { arrivals += 1 }
        return place.lowerBound < index ? .goOn : .stop
      }
    }
    let all = index - first
    if arrivals * 4 >= all * 3 { return .sure }
    return arrivals * 3 >= all ? .plausible : .unlikely
  }

  private func isCode(_ bytes: ArraySlice<UInt8>) -> Bool {
    var end = bytes.startIndex
    var unknown = 0
    disassembler.identify(bytes) { _, place in
      unknown += place.lowerBound - end
      end = place.upperBound
      return .goOn
    }
    // The last instruction may be cut off.
    return unknown <= Self.mostUnknown
  }
}
