/// Takes an expression apart from the left.
struct ExpressionScanner {
  let text: String
  private var rest: Substring

  init(_ text: String) {
    self.text = text
    rest = text[...]
  }

  private mutating func skipSpaces() { rest = rest.drop(while: \.isWhitespace) }

  var isAtEnd: Bool { rest.allSatisfy(\.isWhitespace) }

  /// What has not been taken, for a message.
  var remainder: String { String(rest).trimmingSpaces() }

  mutating func take(_ character: Character) -> Bool {
    skipSpaces()
    guard rest.first == character else { return false }
    rest.removeFirst()
    return true
  }

  /// Takes `operation`, unless what stands there is the beginning of a longer one.
  mutating func take(_ operation: Expression.Binary) -> Bool {
    skipSpaces()
    let spelling = operation.rawValue
    guard rest.hasPrefix(spelling) else { return false }
    let next = rest.dropFirst(spelling.count).first
    switch operation {
    case .bitAnd where next == "&", .bitOr where next == "|": return false
    case .less where next == "<", .greater where next == ">": return false
    default: break
    }
    rest = rest.dropFirst(spelling.count)
    return true
  }

  /// The text between two apostrophes.
  mutating func quoted() -> String? {
    skipSpaces()
    guard rest.first == "'", let end = rest.dropFirst().firstIndex(of: "'") else { return nil }
    let inner = String(rest.dropFirst()[..<end])
    rest = rest[rest.index(after: end)...]
    return inner
  }

  /// The longest run of characters that names and numbers are made of.
  mutating func word() -> String? {
    skipSpaces()
    let word = rest.prefix { $0.isLetter || $0.isNumber || "_.$@?".contains($0) }
    guard !word.isEmpty else { return nil }
    rest = rest[word.endIndex...]
    return String(word)
  }

  /// A type of one to three words, with `physical` behind it where it means physical memory. What is no type is left.
  mutating func unit() -> MemoryUnit? {
    let start = rest
    var words: [String] = []
    while let word = word() { words.append(word) }
    let isPhysical = words.count > 1 && words.last == "physical"
    if isPhysical { words.removeLast() }
    guard var unit = MemoryUnit(name: words.joined(separator: " ")) else {
      rest = start
      return nil
    }
    if isPhysical { unit.space = .physical }
    return unit
  }

  /// `(u32 *)`; nothing is taken where something else stands.
  mutating func pointerCast() -> MemoryUnit? {
    let start = rest
    guard take("("), let unit = unit(), take("*"), take(")") else {
      rest = start
      return nil
    }
    return unit
  }
}
