import Foundation

@testable import Session

/// A client of the stub's line that sends and receives bytes as they are: a terminal, or a client that misbehaves.
final class StubLine {
  private let socket: Descriptor
  private(set) var received: [UInt8] = []

  init(_ machine: StubMachine) throws {
    socket = try Socket.connect(.unix(path: machine.socket), until: Deadline(after: .seconds(60)))
  }

  /// What came so far, read as text.
  var text: String { String(decoding: received, as: UTF8.self) }

  func send(_ text: String) { send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count, case .bytes(let count) = socket.write(bytes, from: sent) { sent += count }
  }

  /// A packet with its checksum.
  func send(packet: String) {
    let sum = packet.utf8.reduce(UInt8(0)) { $0 &+ $1 }
    send("$\(packet)#" + String(format: "%02x", sum))
  }

  /// Waits until `text` has come; false when it does not, or when the line ends.
  func waitFor(_ text: String) -> Bool {
    let deadline = Deadline(after: .seconds(240))
    var chunk = [UInt8](repeating: 0, count: 4096)
    while !self.text.contains(text) {
      guard Readiness.wait([(socket.number, .readable)], until: deadline)[0] else { return false }
      guard case .bytes(let count) = socket.read(into: &chunk) else { return self.text.contains(text) }
      received += chunk[..<count]
    }
    return true
  }

  /// Forgets what came.
  func forget() { received = [] }
}
