import Foundation

/// QEMU's machine protocol: one JSON value per line. QEMU's "QMP Protocol Specification".
final class QMPClient {
  /// How long QEMU may take to answer.
  static let limit = Duration.seconds(10)

  private let socket: Descriptor
  private var input: [UInt8] = []
  private var chunk = [UInt8](repeating: 0, count: 1 << 16)
  /// What the last SHUTDOWN event said.
  private(set) var shutdownCause: ShutdownCause?

  /// Greets QEMU on a fresh connection.
  init(_ socket: Descriptor) throws(SessionError) {
    self.socket = socket
    let deadline = Deadline(after: Self.limit)
    while try QMPGreeting(parsing: line("greet QEMU", until: deadline)) == nil {}
    let _: QMPNothing = try execute("qmp_capabilities")
  }

  /// Runs a command that takes no arguments.
  func execute<Value: Decodable>(_ command: String) throws(SessionError) -> Value {
    try execute(command, QMPNothing())
  }

  func execute<Arguments: Encodable, Value: Decodable>(
    _ command: String, _ arguments: Arguments
  ) throws(SessionError) -> Value {
    let deadline = Deadline(after: Self.limit)
    guard var request = try? JSONEncoder().encode(QMPRequest(execute: command, arguments: arguments)) else {
      throw .unsupported(operation: command)
    }
    request.append(UInt8(ascii: "\n"))
    try send(Array(request), command, until: deadline)
    while true {
      let line = try line(command, until: deadline)
      guard !take(event: line) else { continue }
      if let failure = try? JSONDecoder().decode(QMPFailure.self, from: line) {
        throw .unsupported(operation: "\(command): \(failure.error.desc)")
      }
      guard let value = try? JSONDecoder().decode(QMPReturn<Value>.self, from: line) else {
        throw .unexpectedReply(operation: command, reply: String(decoding: line.prefix(80), as: UTF8.self))
      }
      return value.return
    }
  }

  /// Runs a line of the human monitor on behalf of processor `cpu` and returns its text.
  func humanMonitor(_ line: String, cpu: Int? = nil) throws(SessionError) -> String {
    let text: String = try execute(
      "human-monitor-command", QMPMonitorLine(commandLine: line, cpuIndex: cpu))
    return text.replacing("\r\n", with: "\n")
  }

  /// Takes the events that have arrived, so that they do not pile up in QEMU; remembers a SHUTDOWN. Never waits.
  func drainEvents() {
    while case .bytes(let count) = socket.read(into: &chunk) { input += chunk[..<count] }
    var start = 0
    while let end = input[start...].firstIndex(of: UInt8(ascii: "\n")) {
      // Two events tell of every stop and two of every resumption: not worth decoding, and without the letter.
      if input[start..<end].contains(UInt8(ascii: "W")) { _ = take(event: Data(input[start..<end])) }
      start = end + 1
    }
    input.removeFirst(start)
  }

  /// Takes note of `line` if it is an event.
  private func take(event line: Data) -> Bool {
    guard let event = try? JSONDecoder().decode(QMPEvent.self, from: line) else { return false }
    if event.event == "SHUTDOWN" {
      shutdownCause =
        switch event.data?.reason {
        case "guest-reset": .reset
        case "guest-shutdown": .powerOff
        default: .unknown
        }
    }
    return true
  }

  private func send(
    _ bytes: [UInt8], _ operation: String, until deadline: Deadline
  ) throws(SessionError) {
    var sent = 0
    while sent < bytes.count {
      switch socket.write(bytes, from: sent) {
      case .bytes(let count): sent += count
      case .closed: throw .connectionClosed
      case .wouldBlock:
        guard Readiness.wait([(socket.number, .writable)], until: deadline)[0] else {
          throw .timedOut(operation: operation, limit: deadline.limit)
        }
      }
    }
  }

  private func line(_ operation: String, until deadline: Deadline) throws(SessionError) -> Data {
    while true {
      if let line = nextLine() { return line }
      switch socket.read(into: &chunk) {
      case .bytes(let count): input += chunk[..<count]
      case .closed: throw .connectionClosed
      case .wouldBlock:
        guard Readiness.wait([(socket.number, .readable)], until: deadline)[0] else {
          throw .timedOut(operation: operation, limit: deadline.limit)
        }
      }
    }
  }

  private func nextLine() -> Data? {
    guard let end = input.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
    defer { input.removeFirst(end + 1) }
    return Data(input[..<end])
  }
}

private struct QMPRequest<Arguments: Encodable>: Encodable {
  let execute: String
  let arguments: Arguments
}

private struct QMPReturn<Value: Decodable>: Decodable {
  let `return`: Value
}

private struct QMPFailure: Decodable {
  struct Reason: Decodable {
    let desc: String
  }
  let error: Reason
}

private struct QMPEvent: Decodable {
  struct Details: Decodable {
    let reason: String?

    init(from decoder: any Decoder) throws {
      let container = try? decoder.container(keyedBy: CodingKeys.self)
      reason = try? container?.decodeIfPresent(String.self, forKey: .reason)
    }

    private enum CodingKeys: CodingKey { case reason }
  }
  let event: String
  let data: Details?
}

private struct QMPGreeting: Decodable {
  private enum CodingKeys: String, CodingKey { case version = "QMP" }
  let version: QMPNothing

  init?(parsing line: Data) {
    guard let greeting = try? JSONDecoder().decode(Self.self, from: line) else { return nil }
    self = greeting
  }
}

/// An empty object, or one whose members do not matter.
struct QMPNothing: Codable {}

private struct QMPMonitorLine: Encodable {
  let commandLine: String
  let cpuIndex: Int?

  private enum CodingKeys: String, CodingKey {
    case commandLine = "command-line"
    case cpuIndex = "cpu-index"
  }
}

/// A processor as `query-cpus-fast` lists it.
struct QMPProcessor: Decodable {
  let qomPath: String

  private enum CodingKeys: String, CodingKey { case qomPath = "qom-path" }
}

/// The arguments of `qom-get`.
struct QMPProperty: Encodable {
  let path: String
  let property: String
}
