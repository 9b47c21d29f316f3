/// A demangled name without the types that make it long, and the shorter spellings that a user may type.
///
///     (extension in Core):Core.AddressSpace<A>.(map in _29A2)(_: X86.VirtualAddress, to: Swift.Int) -> ()   full
///     Core.AddressSpace.map(_:to:)                                                                     qualified
///     AddressSpace.map(_:to:)   AddressSpace.map   map(_:to:)   map   Core.AddressSpace.map            spellings
struct SymbolName: Equatable {
  let qualified: String
  /// Every distinct spelling, the qualified name first.
  let spellings: [String]

  /// Simplifies what ``Demangler`` gave.
  init(demangled: String) {
    let text = Array(demangled.utf8)[...]
    let isSwift = text.firstRange(of: "::") == nil
    let (path, arguments) = isSwift ? Self.simplifySwift(text) : (Self.simplifyCpp(text), [])
    qualified = Self.string(path + arguments)
    var all = [qualified]
    for suffix in Self.suffixes(of: path[...], separator: isSwift ? "." : "::") {
      for spelling in [Self.string(suffix + arguments), Self.string(suffix)] where !all.contains(spelling) {
        all.append(spelling)
      }
    }
    spellings = all
  }

  /// What to show for a linker name.
  static func shown(_ rawName: String) -> String {
    Demangler.demangle(rawName).map { SymbolName(demangled: $0).qualified } ?? rawName
  }

  private typealias Text = ArraySlice<UInt8>

  private static func string(_ text: some Sequence<UInt8>) -> String {
    String(decoding: Array(text), as: UTF8.self)
  }

  /// `A.b.c`, `b.c`, `c`; only the whole where words must stay together, as in `closure #1 in A.b`.
  private static func suffixes(of path: Text, separator: String) -> [Text] {
    var suffixes = [path]
    guard path.firstRange(of: " ") == nil else { return suffixes }
    while let rest = suffixes.last, let found = rest.topLevel(separator), found.upperBound < rest.endIndex {
      suffixes.append(rest[found.upperBound...])
    }
    // `getter` alone would be a name of half the program.
    if let last = suffixes.last, suffixes.count > 1,
      accessors.contains(where: { last.elementsEqual($0.utf8) })
    {
      suffixes.removeLast()
    }
    return suffixes
  }

  private static let accessors = ["getter", "setter", "modify", "read", "unsafeMutableAddressor"]

  // MARK: Swift

  /// Words in front of a name that say how its code came about, and which no user types.
  private static let origins: [String] = [
    "merged ", "static ", "@objc ", "@nonobjc ", "dispatch thunk of ", "partial apply forwarder for ",
  ]

  /// The path and the argument labels in parentheses; these are empty for what takes no arguments.
  private static func simplifySwift(_ text: Text) -> (path: [UInt8], arguments: [UInt8]) {
    var name = text
    // "generic specialization <A, B> of NAME", "function signature specialization <Arg[0] = Dead> of NAME"
    while let of = name.topLevel(" of "), name[..<of.lowerBound].firstRange(of: "specialization") != nil {
      name = name[of.upperBound...]
    }
    while let origin = origins.first(where: { name.begins(with: $0) }) {
      name = name.dropFirst(origin.utf8.count)
    }
    // "closure #1 (Int) -> () in NAME", "helper #1 () -> () in NAME": its number must stay, its type need not.
    if let number = name.topLevel(" #"), let within = name.topLevel(" in "),
      number.upperBound <= within.lowerBound
    {
      let digits = name[number.upperBound...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
      let (path, arguments) = simplifySwift(name[within.upperBound...])
      return (name[..<digits.endIndex] + Array(" in ".utf8) + path + arguments, [])
    }
    if name.begins(with: "(extension in "), let end = name.firstRange(of: "):") {
      name = name[end.upperBound...]
    }
    // An operator's own characters would be taken for brackets, so its arguments are looked for first.
    for fixity: String in [" infix(", " prefix(", " postfix("] {
      guard let found = name.firstRange(of: fixity) else { continue }
      let open = found.upperBound - 1
      return (Array(name[..<open]), labels(name[open...].untilType))
    }
    name = name.untilType
    // The group behind a dot is a private name, the one behind a space or nothing a tuple.
    guard name.last == UInt8(ascii: ")"), let open = name.startOfLastGroup, open > name.startIndex,
      ![UInt8(ascii: "."), UInt8(ascii: " ")].contains(name[open - 1])
    else { return (clean(name), []) }
    return (clean(name[..<open]), labels(name[open...]))
  }

  /// `(_:to:)` of `(_: A, to: B)`, and `(_:)` of `(A)`.
  private static func labels(_ arguments: Text) -> [UInt8] {
    var labels = Array("(".utf8)
    for argument in arguments.dropFirst().dropLast().split(atTopLevel: ", ") {
      let label = argument.prefix { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: " ") }
      let isLabel = argument[label.endIndex...].begins(with: ": ")
      labels += isLabel ? Array(label) : Array("_".utf8)
      labels.append(UInt8(ascii: ":"))
    }
    return labels + Array(")".utf8)
  }

  /// Drops generic parameters, and of a private name `(map in _29A2)` all but `map`.
  private static func clean(_ path: Text) -> [UInt8] {
    var result: [UInt8] = []
    var rest = path
    while let first = rest.first {
      let group = rest.firstGroup
      if first == UInt8(ascii: "<"), let group {
        rest = rest[group.upperBound...]
      } else if first == UInt8(ascii: "("), let group {
        let inside = rest[group].dropFirst().dropLast()
        if let within = inside.firstRange(of: " in ") {
          result += inside[..<within.lowerBound]
        } else {
          result += rest[group]
        }
        rest = rest[group.upperBound...]
      } else {
        result.append(first)
        rest = rest.dropFirst()
      }
    }
    return result
  }

  // MARK: C++ and Rust

  private static func simplifyCpp(_ text: Text) -> [UInt8] {
    var name = text
    for qualifier: String in [" const", " volatile", " &&", " &"] where name.ends(with: qualifier) {
      name = name.dropLast(qualifier.utf8.count)
    }
    if name.last == UInt8(ascii: ")"), let open = name.startOfLastGroup, open > name.startIndex {
      name = name[..<open]
    }
    // Rust's legacy scheme ends in a hash: "::h" and 16 hexadecimal digits.
    let hash = name.suffix(19)
    if hash.count == 19, hash.begins(with: "::h"),
      hash.dropFirst(3).allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit })
    {
      name = name.dropLast(19)
    }
    return Array(name)
  }
}
