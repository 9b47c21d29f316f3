import RemoteProtocol
import StubSupport

@testable import Stub

/// What a bad line does to bytes. Of those that are hit, a quarter each is lost, changed, doubled, or late.
struct Noise {
  let probability: Double
  private var random: Random

  enum Piece {
    case bytes([UInt8])
    /// In microseconds.
    case pause(UInt64)
  }

  init(_ probability: Double, seed: UInt64) {
    self.probability = probability
    random = Random(seed)
  }

  mutating func pass(_ bytes: [UInt8]) -> [Piece] {
    var pieces: [Piece] = []
    var run: [UInt8] = []
    for byte in bytes {
      guard random.once(in: 1 / probability) else {
        run.append(byte)
        continue
      }
      switch random.next() % 4 {
      case 0: break
      case 1: run.append(byte ^ UInt8(random.next() % 255 + 1))
      case 2: run += [byte, byte]
      default:
        pieces += [.bytes(run), .pause(random.next() % 700_000)]
        run = [byte]
      }
    }
    return pieces + [.bytes(run)]
  }
}

/// A client on a bad line: it asks again until it has an answer, and asks twice for whatever it relies on, because the
/// protocol's checksum of eight bits lets some damage through. Between two equal requests it puts another one.
final class RetryingClient {
  private let bench: StubBench
  private var toStub: Noise
  private var fromStub: Noise
  private var reader = AnswerReader()
  /// Requests that had to be sent again.
  private(set) var retries = 0

  struct GaveUp: Error {}

  init(_ bench: StubBench, _ probability: Double, seed: UInt64) {
    self.bench = bench
    toStub = Noise(probability, seed: seed)
    fromStub = Noise(probability, seed: seed &+ 1_000_003)
  }

  private func send(_ bytes: [UInt8]) {
    for piece in toStub.pass(bytes) {
      switch piece {
      case .bytes(let bytes):
        bench.send(bytes)
        bench.drain()
        bench.run()
      case .pause(let time): bench.wait(microseconds: time)
      }
    }
  }

  private func receive() -> [StubAnswer] {
    defer { bench.wire.fromStub.removeAll() }
    return fromStub.pass(bench.wire.fromStub).flatMap { piece -> [StubAnswer] in
      if case .bytes(let bytes) = piece { reader.read(bytes) } else { [] }
    }
  }

  /// Sends `payload` until a reply comes, and acknowledges that.
  func request(_ payload: String) throws -> String {
    // What is still on its way belongs to an older request.
    bench.wait(microseconds: 20_000)
    _ = receive()
    reader = AnswerReader()
    let frame = ClientFrame.packet(payload)
    for _ in 0..<500 {
      send(frame)
      waiting: for _ in 0..<8 {
        for answer in receive() {
          switch answer {
          case .packet(let bytes):
            send([UInt8(ascii: "+")])
            return String(decoding: bytes, as: UTF8.self)
          case .damaged: send([UInt8(ascii: "-")])
          case .notAcknowledged: break waiting
          case .acknowledged: break
          }
        }
        bench.wait(microseconds: 300_000)
        bench.run()
      }
      retries += 1
    }
    throw GaveUp()
  }

  /// The same reply twice in a row, which `isWanted` accepts.
  func agreed(_ payload: String, _ isWanted: (String) -> Bool) throws -> String {
    var last: String?
    for _ in 0..<500 {
      let reply = try request(payload)
      if reply == last { return reply }
      last = isWanted(reply) ? reply : nil
      // So that the repetition is a request of its own.
      _ = try request("qAttached")
    }
    throw GaveUp()
  }

  func read(_ address: UInt64, _ count: Int) throws -> [UInt8] {
    let reply = try agreed("m\(String(address, radix: 16)),\(count)") { reply in
      reply.utf8.count == 2 * count && reply.utf8.allSatisfy { Hexadecimal.value(of: $0) != nil }
    }
    return bytes(reply)
  }

  /// Writes until what is read is what was written.
  func write(_ bytes: [UInt8], _ address: UInt64) throws {
    for _ in 0..<100 {
      let request = "M\(String(address, radix: 16)),\(bytes.count):\(hexadecimal(bytes))"
      _ = try self.request(request)
      if try read(address, bytes.count) == bytes { return }
    }
    throw GaveUp()
  }

  func register(_ number: Int) throws -> UInt64 {
    let reply = try agreed("p\(String(number, radix: 16))") {
      $0.utf8.count == 16 && UInt64($0, radix: 16) != nil
    }
    return bytes(reply).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// Executes one instruction: again when nothing was executed.
  func step() throws {
    let start = try register(0x10)
    for _ in 0..<100 {
      _ = try request("vCont;s:1")
      if try register(0x10) != start { return }
    }
    throw GaveUp()
  }

  private func bytes(_ digits: String) -> [UInt8] {
    let digits = Array(digits.utf8)
    return stride(from: 0, to: digits.count - 1, by: 2)
      .compactMap { Hexadecimal.byte(digits[$0], digits[$0 + 1]) }
  }
}
