import Foundation
import Testing

/// A line of the specification's table: what a boot option must come to.
struct SpecifiedFault: Sendable, CustomTestStringConvertible {
  let row: String
  let option: String
  let outcome: ExpectedOutcome

  var testDescription: String { "\(row) \(option)" }

  /// Every line.
  static func load() throws -> [SpecifiedFault] {
    let path = Repository.path("Tests/FaultMatrix/specification.tsv")
    return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      guard cells[0].hasPrefix("FI-") else { return nil }
      return SpecifiedFault(row: cells[0], option: cells[1], outcome: ExpectedOutcome(cells[3]))
    }
  }
}

/// The specification's words for what TCG does: see the head of the table.
struct ExpectedOutcome: Sendable {
  /// `#PF`, `int80`, `shutdown`, ...; several where any of them will do.
  let kinds: [String]
  let isKernel: Bool
  let isShifted: Bool
  let fields: [String: String]

  init(_ text: String) {
    var kinds: [String] = []
    var isKernel = false
    var isShifted = false
    var fields: [String: String] = [:]
    for word in text.split(separator: " ").map(String.init) {
      if word == "kernel" {
        isKernel = true
      } else if word == "shifted" {
        isShifted = true
      } else if let sign = word.firstIndex(of: "=") {
        fields[String(word[..<sign])] = String(word[word.index(after: sign)...])
      } else {
        kinds += word.split(separator: "|").map(String.init)
      }
    }
    self.kinds = kinds
    self.isKernel = isKernel
    self.isShifted = isShifted
    self.fields = fields
  }

  /// The vectors of the specification's names. SDM Vol. 3A, table 6-1.
  static let vectors: [String: UInt64] = [
    "#DB": 1, "#UD": 6, "#DF": 8, "#TS": 10, "#NP": 11, "#SS": 12, "#GP": 13, "#PF": 14, "int80": 0x80,
  ]
}

/// The kernel's line about what the processor pushed: docs/FAULTS.md, "The outcome".
struct PrintedOutcome: Sendable {
  let words: [String: String]

  /// All such lines of `output`, in order.
  static func all(in output: String) -> [PrintedOutcome] {
    output.split(whereSeparator: \.isNewline).filter { $0.hasPrefix("OUTCOME ") }.map { line in
      let pairs = line.split(separator: " ").dropFirst().map { $0.split(separator: "=", maxSplits: 1) }
      return PrintedOutcome(
        words: Dictionary(pairs.map { (String($0[0]), String($0[1])) }, uniquingKeysWith: { $1 }))
    }
  }

  subscript(name: String) -> UInt64? {
    guard let word = words[name], word.hasPrefix("0x") else { return nil }
    return UInt64(word.dropFirst(2), radix: 16)
  }
}
