import Foundation
import RemoteProtocol
import Stub

/// A pseudo-terminal as the line of a stub: a client opens its other end as it opens a serial port.
final class Terminal {
  private let line: CInt
  /// Held open, so that a client may come and go.
  private let clientEnd: CInt
  let path: String
  private var received: [UInt8] = []
  private var position = 0
  private var log: PacketLog

  init(log: PacketLog) throws {
    var ends: (CInt, CInt) = (-1, -1)
    var name = [CChar](repeating: 0, count: 128)
    var settings = termios()
    // SAFETY: all live across the calls, and 128 bytes hold "/dev/pts/" and a number.
    unsafe cfmakeraw(&settings)
    guard unsafe openpty(&ends.0, &ends.1, &name, &settings, nil) == 0 else {
      throw POSIXError(.ENOTTY)
    }
    (line, clientEnd) = ends
    path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    self.log = log
  }

  func receive(waiting milliseconds: CInt) -> UInt8? {
    if position == received.count { fill(milliseconds) }
    guard position < received.count else { return nil }
    defer { position += 1 }
    log.heard(received[position])
    return received[position]
  }

  private func fill(_ milliseconds: CInt) {
    received.removeAll(keepingCapacity: true)
    position = 0
    var wanted = pollfd(fd: line, events: Int16(POLLIN), revents: 0)
    // SAFETY: one structure, which lives across the call.
    guard unsafe poll(&wanted, 1, milliseconds) > 0, wanted.revents & Int16(POLLIN) != 0 else { return }
    var buffer = [UInt8](repeating: 0, count: 4096)
    // SAFETY: the array lends its bytes for the call, and its size is given.
    let count = unsafe read(line, &buffer, buffer.count)
    if count > 0 { received.append(contentsOf: buffer.prefix(count)) }
  }

  func send(_ bytes: [UInt8]) -> Int {
    // SAFETY: the array lends its bytes for the call, and its size is given.
    let count = unsafe write(line, bytes, bytes.count)
    guard count > 0 else { return 0 }
    for byte in bytes.prefix(count) { log.said(byte) }
    return count
  }
}

/// The stub's end of a ``Terminal``.
struct TerminalChannel: ByteChannel {
  let terminal: Terminal

  mutating func receive() -> UInt8? { terminal.receive(waiting: 0) }

  mutating func send(_ bytes: Span<UInt8>, from position: Int) -> Int {
    terminal.send((position..<bytes.count).map { bytes[$0] })
  }

  mutating func microseconds() -> UInt64 { DispatchTime.now().uptimeNanoseconds / 1000 }

  mutating func pause() { usleep(200) }
}

/// Writes every packet to a file, one a line: `<` and what the client sent, `>` and what the stub said.
struct PacketLog {
  private let file: FileHandle?
  private var fromClient = PacketDecoder(.requests)
  private var fromStub = PacketDecoder(.replies)
  private var request = [UInt8](repeating: 0, count: 8192)
  private var reply = [UInt8](repeating: 0, count: 8192)

  init(path: String?) {
    file = path.flatMap {
      _ = FileManager.default.createFile(atPath: $0, contents: nil)
      return FileHandle(forWritingAtPath: $0)
    }
  }

  mutating func heard(_ byte: UInt8) {
    var decoder = fromClient
    defer { fromClient = decoder }
    var span = request.mutableSpan
    let event = decoder.feed(byte, into: &span)
    note("<", event, request)
  }

  mutating func said(_ byte: UInt8) {
    var decoder = fromStub
    defer { fromStub = decoder }
    var span = reply.mutableSpan
    let event = decoder.feed(byte, into: &span)
    note(">", event, reply)
  }

  private func note(_ side: String, _ event: PacketEvent, _ payload: [UInt8]) {
    switch event {
    case .packet(let count):
      file?.write(Data("\(side) \(String(decoding: payload.prefix(count), as: UTF8.self))\n".utf8))
    case .rejected: file?.write(Data("\(side) damaged\n".utf8))
    case .interrupt where side == "<": file?.write(Data("< interrupt\n".utf8))
    default: break
    }
  }
}
