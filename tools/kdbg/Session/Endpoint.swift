/// Where a stub listens, as the command line names it.
public enum Endpoint: Equatable, Sendable {
  case tcp(host: String, port: UInt16)
  case unix(path: String)
  case serial(device: String)

  /// QEMU's own default for `-s`.
  public static let standard = Endpoint.tcp(host: "127.0.0.1", port: 1234)

  /// Reads `tcp:HOST:PORT`, `HOST:PORT`, `:PORT`, `unix:PATH` or `serial:DEVICE`. An IPv6 host stands in
  /// brackets.
  public init(parsing text: String) throws(SessionError) {
    if let path = text.remainder(after: "unix:") {
      guard !path.isEmpty else { throw .invalidEndpoint(text) }
      self = .unix(path: path)
    } else if let device = text.remainder(after: "serial:") {
      guard !device.isEmpty else { throw .invalidEndpoint(text) }
      self = .serial(device: device)
    } else {
      self = try Self.tcp(parsing: text.remainder(after: "tcp:") ?? text, whole: text)
    }
  }

  private static func tcp(parsing text: String, whole: String) throws(SessionError) -> Endpoint {
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]), port > 0
    else { throw .invalidEndpoint(whole) }
    var host = text[..<colon]
    if host.first == "[", host.last == "]" {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") || host.contains("/") {
      throw .invalidEndpoint(whole)
    }
    return .tcp(host: host.isEmpty ? "127.0.0.1" : String(host), port: port)
  }
}

extension Endpoint: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "tcp:[\(host)]:\(port)" : "tcp:\(host):\(port)"
    case .unix(let path): "unix:\(path)"
    case .serial(let device): "serial:\(device)"
    }
  }
}

extension String {
  /// The text after `prefix`, nil when it does not stand there.
  func remainder(after prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }
}
