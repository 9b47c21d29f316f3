import StubSupport
import Testing

@testable import Stub

/// A stub with a fake machine on a line in memory, driven packet by packet. Nothing waits: the clock is the line's own.
final class StubBench {
  let wire = Wire()
  let machine = FakeMachine()
  var stub: Stub<WireChannel, FakeTarget>
  /// How the last stop ended; nil while the machine stands.
  private(set) var outcome: StubOutcome?
  private var reader = AnswerReader()

  init() {
    stub = Stub(channel: WireChannel(wire), target: FakeTarget(machine))
    enter(StopReason(.signal, thread: machine.current))
  }

  /// Attached as gdb attaches, without acknowledgements.
  static func attached(features: String = "swbreak+;hwbreak+") -> StubBench {
    let bench = StubBench()
    #expect(bench.exchange("qSupported:\(features)").contains("PacketSize=1000"))
    #expect(bench.exchange("QStartNoAckMode") == "OK")
    bench.send([UInt8(ascii: "+")])
    bench.drain()
    _ = bench.answers()
    return bench
  }

  var isAttached: Bool { stub.isAttached }

  // MARK: The machine

  /// The machine stopped.
  func enter(_ stop: StopReason) {
    outcome = stub.begin(stop).map { .resume($0) }
  }

  func enter(_ cause: StopReason.Cause, signal: StopSignal = .trap) {
    enter(StopReason(cause, signal: signal, thread: machine.current))
  }

  /// Carries out what the client wants, with silent stops in between; how often the machine came back to the stub.
  @discardableResult
  func run() -> Int {
    var stops = 0
    while case .resume(let plan) = outcome {
      enter(machine.run(plan) { stub.pollWhileRunning() == .stop })
      stops += 1
    }
    return stops
  }

  // MARK: The line

  func send(_ bytes: [UInt8]) { wire.toStub += bytes }

  /// Lets the stub work until it has read everything, or until the machine goes on.
  func drain() {
    while outcome == nil, !wire.isDrained || stub.pending != nil { outcome = stub.serveOnce() }
    // One turn more, in which nothing comes.
    if outcome == nil { outcome = stub.serveOnce() }
  }

  /// What the stub has said since it was asked last.
  func answers() -> [StubAnswer] {
    defer { wire.fromStub.removeAll() }
    return reader.read(wire.fromStub)
  }

  /// Sends a packet and gives everything that came back.
  func ask(_ payload: [UInt8]) -> [StubAnswer] {
    send(ClientFrame.packet(payload))
    drain()
    return answers()
  }

  func ask(_ payload: String) -> [StubAnswer] { ask(Array(payload.utf8)) }

  /// The payload of the only packet that came back; "<none>" without one, "<many>" with several.
  func exchange(_ payload: [UInt8]) -> String {
    let packets = ask(payload).compactMap(\.text)
    return packets.count == 1 ? packets[0] : packets.isEmpty ? "<none>" : "<many>"
  }

  func exchange(_ payload: String) -> String { exchange(Array(payload.utf8)) }

  /// The bytes of the only packet that came back.
  func exchangeBytes(_ payload: String) -> [UInt8] {
    for case .packet(let bytes) in ask(payload) { return bytes }
    return []
  }

  /// Lets time pass without a byte.
  func wait(microseconds: UInt64) {
    let end = wire.clock + microseconds
    while wire.clock < end, outcome == nil { outcome = stub.serveOnce() }
  }
}

/// Bytes as a packet writes them.
func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
}

func hexadecimal(_ text: String) -> String { hexadecimal(Array(text.utf8)) }

/// The text that pairs of digits spell.
func text(ofHexadecimal digits: some StringProtocol) -> String {
  var bytes: [UInt8] = []
  var rest = digits[...]
  while rest.count >= 2 {
    bytes.append(UInt8(rest.prefix(2), radix: 16) ?? UInt8(ascii: "?"))
    rest = rest.dropFirst(2)
  }
  return String(decoding: bytes, as: UTF8.self)
}
