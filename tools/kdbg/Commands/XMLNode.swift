/// An element of an XML document that is written and never read.
struct XMLNode {
  let name: String
  var attributes: [(name: String, value: String)] = []
  var text = ""
  var children: [XMLNode] = []

  init(_ name: String, _ attributes: [(String, String)] = [], text: String = "") {
    self.name = name
    self.attributes = attributes.map { (name: $0.0, value: $0.1) }
    self.text = text
  }

  /// The whole document.
  var document: String {
    var document = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    write(to: &document, indent: "")
    return document
  }

  private func write(to document: inout String, indent: String) {
    document += indent + "<" + name
    for attribute in attributes {
      document += " \(attribute.name)=\"" + Self.escaped(attribute.value, .attribute) + "\""
    }
    guard !text.isEmpty || !children.isEmpty else {
      document += "/>\n"
      return
    }
    document += ">" + Self.escaped(text, .content)
    if !children.isEmpty {
      document += "\n"
      for child in children { child.write(to: &document, indent: indent + "  ") }
      document += indent
    }
    document += "</\(name)>\n"
  }

  private enum Place {
    case attribute
    case content
  }

  /// XML 1.0, 2.2 and 2.4: markup is escaped; what no document may hold in any form is shown as `\x1b`.
  private static func escaped(_ text: String, _ place: Place) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"" where place == .attribute: escaped += "&quot;"
      // A parser would make blanks of the first two in an attribute, and a line feed of the third anywhere.
      case "\n" where place == .attribute, "\t" where place == .attribute, "\r":
        escaped += "&#\(scalar.value);"
      case "\n", "\t": escaped.unicodeScalars.append(scalar)
      case "\u{0}"..<" ", "\u{fffe}", "\u{ffff}":
        escaped += "\\x" + String(scalar.value, radix: 16)
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
