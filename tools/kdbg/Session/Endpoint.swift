/// Where a stub listens, as the command line names it.
public enum Endpoint: Equatable, Sendable {
  case tcp(host: String, port: UInt16)
  case unix(path: String)
  case serial(device: String, baud: BaudRate = .standard)

  /// QEMU's own default for `-s`.
  public static let standard = Endpoint.tcp(host: "127.0.0.1", port: 1234)

  /// Reads `tcp:HOST:PORT`, `HOST:PORT`, `:PORT`, `unix:PATH` or `serial:DEVICE[,BAUD]`. An IPv6 host stands in
  /// brackets.
  public init(parsing text: String) throws(SessionError) {
    if let path = text.remainder(after: "unix:") {
      guard !path.isEmpty else { throw .invalidEndpoint(text) }
      self = .unix(path: path)
    } else if let line = text.remainder(after: "serial:") {
      self = try Self.serial(parsing: line, whole: text)
    } else {
      self = try Self.tcp(parsing: text.remainder(after: "tcp:") ?? text, whole: text)
    }
  }

  /// A comma and what follows it are the rate; a device with a comma in its name needs one behind it.
  private static func serial(parsing text: String, whole: String) throws(SessionError) -> Endpoint {
    let comma = text.lastIndex(of: ",")
    let device = String(text[..<(comma ?? text.endIndex)])
    guard !device.isEmpty else { throw .invalidEndpoint(whole) }
    guard let comma else { return .serial(device: device) }
    let digits = text[text.index(after: comma)...]
    guard let baud = Int(digits).flatMap(BaudRate.init) else { throw .invalidBaudRate(String(digits)) }
    return .serial(device: device, baud: baud)
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

extension Endpoint {
  /// True when what listens there may run on this machine.
  var isLocal: Bool {
    switch self {
    case .unix: true
    case .tcp(let host, _): host.hasPrefix("127.") || host == "localhost" || host == "::1"
    case .serial: false
    }
  }
}

extension Endpoint: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "tcp:[\(host)]:\(port)" : "tcp:\(host):\(port)"
    case .unix(let path): "unix:\(path)"
    case .serial(let device, let baud):
      baud == .standard && !device.contains(",") ? "serial:\(device)" : "serial:\(device),\(baud.rawValue)"
    }
  }
}

/// Bits per second on a serial line: the rates that ports have.
public enum BaudRate: Int, Sendable, CaseIterable {
  case baud1200 = 1200
  case baud2400 = 2400
  case baud4800 = 4800
  case baud9600 = 9600
  case baud19200 = 19200
  case baud38400 = 38400
  case baud57600 = 57600
  case baud115200 = 115200
  case baud230400 = 230400
  case baud460800 = 460800
  case baud921600 = 921600
  case baud1500000 = 1_500_000
  case baud3000000 = 3_000_000
  case baud4000000 = 4_000_000

  public static let standard = BaudRate.baud115200
}

extension String {
  /// The text after `prefix`, nil when it does not stand there.
  func remainder(after prefix: String) -> String? {
    hasPrefix(prefix) ? String(dropFirst(prefix.count)) : nil
  }
}
