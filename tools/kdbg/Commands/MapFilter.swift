import Inspect
import X86

/// Takes the words apart that `map` and its kin have behind their names.
struct MapFilter {
  private(set) var query = MapQuery()
  private let debugger: Debugger

  init(_ words: [String], _ debugger: Debugger, _ misuse: CommandFailure) throws(CommandFailure) {
    self.debugger = debugger
    var rest = words[...]
    while let word = rest.popFirst() {
      switch word {
      case "--leaves": query.grouping = .none
      case "--rights": query.grouping = .rights
      case "--tables": query.listsTables = true
      case "--cr3":
        guard let value = rest.popFirst() else { throw misuse }
        query.cr3 = CR3(rawValue: try debugger.address(value).rawValue)
      case "--physical":
        guard let value = rest.popFirst() else { throw misuse }
        query.physical = try Self.physicalRange(value, debugger)
      case "--size":
        guard let value = rest.popFirst() else { throw misuse }
        guard let size = PageSize(word: value) else {
          throw .other("not a page size: \"\(value)\" (4k, 2m or 1g)")
        }
        query.sizes.insert(size)
      default:
        guard !word.hasPrefix("--") else { throw .other("no option of map: \"\(word)\"") }
        if takeRights(word) { continue }
        query.addresses = try Self.range(word, debugger, upTo: .max)
      }
    }
  }

  /// `w+x`, `user`, `r--` and the like. False for a word that is not made of these.
  private mutating func takeRights(_ word: String) -> Bool {
    let letters = Array(word)
    if letters.count == 3, letters[0] == "r", "w-".contains(letters[1]), "x-".contains(letters[2]) {
      query.isWritable = letters[1] == "w"
      query.isExecutable = letters[2] == "x"
      return true
    }
    let parts = word.split(separator: "+", omittingEmptySubsequences: false)
    let known = ["w", "x", "ro", "nx", "user", "supervisor", "kernel", "global"]
    guard parts.allSatisfy({ known.contains(String($0)) }) else { return false }
    for part in parts {
      switch part {
      case "w": query.isWritable = true
      case "ro": query.isWritable = false
      case "x": query.isExecutable = true
      case "nx": query.isExecutable = false
      case "user": query.isUser = true
      case "global": query.isGlobal = true
      default: query.isUser = false
      }
    }
    return true
  }

  /// `A` alone, `A..B` with B the first address behind, `A..` and `..B`.
  static func range(
    _ word: String, _ debugger: Debugger, upTo last: UInt64
  ) throws(CommandFailure) -> ClosedRange<UInt64> {
    guard let dots = word.firstRange(of: "..") else {
      let address = try debugger.address(word).rawValue
      return address...address
    }
    let (head, tail) = (String(word[..<dots.lowerBound]), String(word[dots.upperBound...]))
    let start = head.isEmpty ? 0 : try debugger.address(head).rawValue
    let end = tail.isEmpty ? last : try debugger.address(tail).rawValue &- 1
    guard start <= end else { throw .emptyRange(word) }
    return start...end
  }

  static func physicalRange(_ word: String, _ debugger: Debugger) throws(CommandFailure) -> ClosedRange<
    UInt64
  > {
    let range = try range(word, debugger, upTo: PhysicalAddress.architecturalMask)
    guard PhysicalAddress(exactly: range.lowerBound) != nil else {
      throw .notAPhysicalAddress(range.lowerBound)
    }
    return range
  }
}

extension PageSize {
  /// `4k`, `2m`, `1g`.
  fileprivate init?(word: String) {
    switch word.lowercased() {
    case "4k": self = .size4KiB
    case "2m": self = .size2MiB
    case "1g": self = .size1GiB
    default: return nil
    }
  }
}
