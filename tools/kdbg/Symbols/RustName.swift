/// Demangles Rust's names of the v0 scheme, `_R...`, which no library on the system does; the legacy scheme is C++'s.
/// The Rust reference, "Symbol mangling", v0.
///
///     _RNvNtCs1234_6kernel6memory3map    kernel::memory::map
struct RustName {
  /// What the source calls it, with generic arguments; nil for what is no such name.
  static func demangle(_ name: String) -> String? {
    guard name.hasPrefix("_R") else { return nil }
    // A suffix of the compiler's, such as ".llvm.1234", is none of the name's.
    let body = name.dropFirst(2).prefix { $0 != "." && $0 != "$" }
    var parser = RustName(text: Array(body.utf8))
    // No version of the encoding but the first, which has no number, exists.
    guard let first = parser.text.first, !isDigit(first) else { return nil }
    guard let path = parser.path(.value) else { return nil }
    // The crate in which a generic was made may follow.
    if parser.at < parser.text.count { guard parser.path(.value) != nil else { return nil } }
    return parser.at == parser.text.count ? path : nil
  }

  private let text: [UInt8]
  private var at = 0
  private var depth = 0
  private var steps = 0

  /// Back references may repeat each other without end.
  private static let deepest = 100
  private static let mostSteps = 10_000

  private init(text: [UInt8]) { self.text = text }

  /// Where a path stands: generic arguments of a value are written `::<...>`.
  private enum Context { case value, type }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private mutating func next() -> UInt8? {
    guard at < text.count else { return nil }
    defer { at += 1 }
    return text[at]
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard at < text.count, text[at] == UInt8(ascii: character) else { return false }
    at += 1
    return true
  }

  /// Runs `body` one level deeper; nil where the name is nested without end.
  private mutating func nested(_ body: (inout RustName) -> String?) -> String? {
    depth += 1
    steps += 1
    defer { depth -= 1 }
    return depth <= Self.deepest && steps <= Self.mostSteps ? body(&self) : nil
  }

  // MARK: Numbers and identifiers

  /// A number in base 62 that ends in `_`: `_` is 0, `0_` is 1.
  private mutating func base62() -> UInt64? {
    if take("_") { return 0 }
    var value: UInt64 = 0
    while let byte = next() {
      if byte == UInt8(ascii: "_") { return value + 1 }
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "z"): digit = 10 + byte - UInt8(ascii: "a")
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit = 36 + byte - UInt8(ascii: "A")
      default: return nil
      }
      let (product, overflows) = value.multipliedReportingOverflow(by: 62)
      guard !overflows, product < .max - 64 else { return nil }
      value = product + UInt64(digit)
    }
    return nil
  }

  /// The number behind `s`, from 1; 0 where there is none.
  private mutating func disambiguator() -> UInt64? { take("s") ? base62().map { $0 + 1 } : 0 }

  private mutating func identifier() -> String? {
    let isPunycode = take("u")
    var count = 0
    guard at < text.count, Self.isDigit(text[at]) else { return nil }
    // A count of 0 has no digit behind it.
    if take("0") {
      count = 0
    } else {
      while at < text.count, Self.isDigit(text[at]), count < text.count {
        count = count * 10 + Int(text[at] - UInt8(ascii: "0"))
        at += 1
      }
    }
    _ = take("_")
    guard count <= text.count - at else { return nil }
    let name = String(decoding: text[at..<at + count], as: UTF8.self)
    at += count
    return isPunycode ? "punycode{\(name)}" : name
  }

  /// What `body` reads where a back reference points.
  private mutating func backReference(_ body: (inout RustName) -> String?) -> String? {
    let here = at - 1
    guard let target = base62(), target < UInt64(here) else { return nil }
    let resume = at
    at = Int(target)
    defer { at = resume }
    return nested(body)
  }

  // MARK: Paths

  private mutating func path(_ context: Context) -> String? { nested { $0.pathItself(context) } }

  private mutating func pathItself(_ context: Context) -> String? {
    switch next().map({ Unicode.Scalar($0) }) {
    case "C":
      guard disambiguator() != nil else { return nil }
      return identifier()
    case "N":
      guard let space = next(), let parent = path(context), let number = disambiguator(),
        let name = identifier()
      else { return nil }
      // Capital letters are the compiler's own: closures, shims.
      guard (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(space) else {
        return name.isEmpty ? parent : "\(parent)::\(name)"
      }
      let kind =
        space == UInt8(ascii: "C")
        ? "closure" : space == UInt8(ascii: "S") ? "shim" : "\(Unicode.Scalar(space))"
      return "\(parent)::{\(kind)\(name.isEmpty ? "" : ":" + name)#\(number)}"
    case "M":
      guard implementation() else { return nil }
      return type().map { "<\($0)>" }
    case "X":
      guard implementation(), let type = type(), let trait = path(.type) else { return nil }
      return "<\(type) as \(trait)>"
    case "Y":
      guard let type = type(), let trait = path(.type) else { return nil }
      return "<\(type) as \(trait)>"
    case "I":
      guard let parent = path(context), let arguments = list({ $0.genericArgument() }) else { return nil }
      return parent + (context == .value ? "::" : "") + "<\(arguments.joined(separator: ", "))>"
    case "B": return backReference { $0.pathItself(context) }
    default: return nil
    }
  }

  /// The place of an `impl`, which is not shown.
  private mutating func implementation() -> Bool { disambiguator() != nil && path(.type) != nil }

  /// What `element` reads, up to `E`.
  private mutating func list(_ element: (inout RustName) -> String?) -> [String]? {
    var found: [String] = []
    while !take("E") {
      guard let next = element(&self) else { return nil }
      found.append(next)
    }
    return found
  }

  private mutating func genericArgument() -> String? {
    if take("L") { return lifetime() }
    if take("K") { return constant() }
    return type()
  }

  private mutating func lifetime() -> String? {
    base62().map { $0 == 0 ? "'_" : "'\($0)" }
  }

  // MARK: Types

  private static let basicTypes: [Unicode.Scalar: String] = [
    "a": "i8", "b": "bool", "c": "char", "d": "f64", "e": "str", "f": "f32", "h": "u8", "i": "isize",
    "j": "usize", "l": "i32", "m": "u32", "n": "i128", "o": "u128", "s": "i16", "t": "u16", "u": "()",
    "v": "...", "x": "i64", "y": "u64", "z": "!", "p": "_",
  ]

  private mutating func type() -> String? { nested { $0.typeItself() } }

  private mutating func typeItself() -> String? {
    guard let byte = next() else { return nil }
    let tag = Unicode.Scalar(byte)
    if let basic = Self.basicTypes[tag] { return basic }
    switch tag {
    case "A":
      guard let element = type(), let count = constant() else { return nil }
      return "[\(element); \(count)]"
    case "S": return type().map { "[\($0)]" }
    case "T":
      return list { $0.type() }.map { "(" + $0.joined(separator: ", ") + ($0.count == 1 ? ",)" : ")") }
    case "R", "Q":
      if take("L") { guard base62() != nil else { return nil } }
      return type().map { (tag == "Q" ? "&mut " : "&") + $0 }
    case "P": return type().map { "*const \($0)" }
    case "O": return type().map { "*mut \($0)" }
    case "F": return function()
    case "D": return dynamicType()
    case "B": return backReference { $0.typeItself() }
    default:
      at -= 1
      return path(.type)
    }
  }

  private mutating func function() -> String? {
    if take("G") { guard base62() != nil else { return nil } }
    var words = take("U") ? "unsafe " : ""
    if take("K") {
      if take("C") {
        words += "extern \"C\" "
      } else {
        guard let convention = identifier() else { return nil }
        words += "extern \"\(convention)\" "
      }
    }
    guard let arguments = list({ $0.type() }), let result = type() else { return nil }
    return words + "fn(\(arguments.joined(separator: ", ")))" + (result == "()" ? "" : " -> \(result)")
  }

  private mutating func dynamicType() -> String? {
    if take("G") { guard base62() != nil else { return nil } }
    let traits = list { parser in
      guard var trait = parser.path(.type) else { return nil }
      while parser.take("p") {
        guard let name = parser.identifier(), let type = parser.type() else { return nil }
        trait += "<\(name) = \(type)>"
      }
      return trait
    }
    guard let traits, take("L"), base62() != nil else { return nil }
    return "dyn " + traits.joined(separator: " + ")
  }

  /// A constant of a simple type.
  private mutating func constant() -> String? {
    if take("p") { return "_" }
    if take("B") { return backReference { $0.constant() } }
    guard let type = type() else { return nil }
    let sign = take("n") ? "-" : ""
    let digits = text[at...].prefix { $0 != UInt8(ascii: "_") }
    guard at + digits.count < text.count else { return nil }
    at += digits.count + 1
    let hexadecimal = String(decoding: digits, as: UTF8.self)
    guard let value = hexadecimal.isEmpty ? 0 : UInt64(hexadecimal, radix: 16) else {
      return "0x\(hexadecimal)"
    }
    switch type {
    case "bool": return value == 0 ? "false" : "true"
    case "char": return Unicode.Scalar(UInt32(truncatingIfNeeded: value)).map { "'\($0)'" } ?? "'?'"
    default: return sign + String(value)
    }
  }
}
