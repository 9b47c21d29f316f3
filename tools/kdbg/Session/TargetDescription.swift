/// One register of a stub's `g` packet.
struct RegisterDescription: Equatable {
  let name: String
  let bitSize: Int
  let number: Int
}

/// The registers that a stub describes in XML. GDB manual, G, "Target Descriptions".
struct TargetDescription {
  private(set) var registers: [RegisterDescription] = []

  /// Reads the document `document("target.xml")` and those that it includes.
  init(
    _ document: (_ name: String) throws(SessionError) -> [UInt8]
  ) throws(SessionError) {
    try read("target.xml", document, depth: 0)
    registers.sort { $0.number < $1.number }
  }

  private mutating func read(
    _ name: String, _ document: (_ name: String) throws(SessionError) -> [UInt8], depth: Int
  ) throws(SessionError) {
    // A document that includes itself would never end.
    guard depth < 8 else { return }
    for element in XMLElements(try document(name)) {
      switch element.name {
      case "xi:include":
        if let name = element.attributes["href"] { try read(name, document, depth: depth + 1) }
      case "reg": append(element)
      default: break
      }
    }
  }

  /// A register without a number has the one after its predecessor's.
  private mutating func append(_ element: XMLElement) {
    guard let name = element.attributes["name"],
      let bitSize = element.attributes["bitsize"].flatMap({ Int($0) }), (1...(1 << 16)).contains(bitSize)
    else { return }
    let number =
      element.attributes["regnum"].flatMap { Int($0) } ?? registers.last.map { $0.number + 1 } ?? 0
    guard (0..<(1 << 20)).contains(number) else { return }
    registers.append(RegisterDescription(name: name, bitSize: bitSize, number: number))
  }
}

/// A start tag.
struct XMLElement: Equatable {
  let name: String
  let attributes: [String: String]
}

/// The start tags of an XML document, in order; comments, declarations and text are passed over. Target
/// descriptions need no more: they have no entities and no character data of interest.
struct XMLElements: Sequence, IteratorProtocol {
  private let text: [UInt8]
  private var position = 0

  init(_ text: [UInt8]) { self.text = text }

  mutating func next() -> XMLElement? {
    while let start = text[position...].firstIndex(of: UInt8(ascii: "<")) {
      let isComment = text[start...].starts(with: Array("<!--".utf8))
      guard let end = isComment ? endOfComment(start + 4) : endOfTag(start) else { break }
      position = end + 1
      if !isComment, let element = Self.element(text[(start + 1)..<end]) { return element }
    }
    position = text.count
    return nil
  }

  private func endOfComment(_ start: Int) -> Int? {
    var place = start
    while place + 2 < text.count {
      if text[place...].starts(with: Array("-->".utf8)) { return place + 2 }
      place += 1
    }
    return nil
  }

  /// The `>` that is not inside a quoted value.
  private func endOfTag(_ start: Int) -> Int? {
    var quote: UInt8?
    for place in start..<text.count {
      let byte = text[place]
      if let open = quote {
        if byte == open { quote = nil }
      } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
        quote = byte
      } else if byte == UInt8(ascii: ">") {
        return place
      }
    }
    return nil
  }

  private static func element(_ tag: ArraySlice<UInt8>) -> XMLElement? {
    var rest = tag[...]
    let name = word(&rest)
    // Declarations, processing instructions and end tags.
    guard let first = name.utf8.first,
      ![UInt8(ascii: "!"), UInt8(ascii: "?"), UInt8(ascii: "/")].contains(first)
    else { return nil }
    var attributes: [String: String] = [:]
    while true {
      let key = word(&rest)
      guard !key.isEmpty else { break }
      skipSpace(&rest)
      guard rest.first == UInt8(ascii: "=") else { continue }
      rest.removeFirst()
      skipSpace(&rest)
      guard let quote = rest.popFirst(), let end = rest.firstIndex(of: quote) else { break }
      attributes[key] = String(decoding: rest[..<end], as: UTF8.self)
      rest = rest[(end + 1)...]
    }
    return XMLElement(name: name, attributes: attributes)
  }

  private static func isSpace(_ byte: UInt8) -> Bool { byte <= 0x20 }

  private static func skipSpace(_ rest: inout ArraySlice<UInt8>) { rest = rest.drop(while: isSpace) }

  /// The next run of bytes up to a space, `=`, or the slash that closes the tag.
  private static func word(_ rest: inout ArraySlice<UInt8>) -> String {
    skipSpace(&rest)
    if rest.first == UInt8(ascii: "/"), rest.count > 1 {
      rest.removeFirst()
      return "/"
    }
    let word = rest.prefix { !isSpace($0) && $0 != UInt8(ascii: "=") && $0 != UInt8(ascii: "/") }
    rest = rest.dropFirst(word.count)
    return String(decoding: word, as: UTF8.self)
  }
}
