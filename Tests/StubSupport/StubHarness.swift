import Stub

/// What must hold of a stub for every input there is: no trap, replies that every client can read, an end to
/// everything, and service for the client that comes after. For fuzzing; uses only what is public.
///
/// - Returns: the property that `input` breaks, nil when all hold. A trap is the worst of them.
public func brokenStubProperty(of input: [UInt8]) -> String? {
  // As bytes on the line, and as payloads in sound frames, one for each line of it.
  let frames = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    .flatMap { ClientFrame.packet(Array($0)) }
  for bytes in [input, frames] {
    for greeting in [[], ClientFrame.packet("QStartNoAckMode") + [UInt8(ascii: "+")]] {
      if let property = StubHarness(greeting + bytes).brokenProperty() { return property }
    }
  }
  return nil
}

/// One stub, some bytes, and then a client.
private final class StubHarness {
  private let wire = Wire()
  private let machine = FakeMachine()
  /// What follows when the stub has nothing more to read.
  private var later: [[UInt8]]
  private var said: [UInt8] = []
  private var lastClient = 0
  private var turns = 0

  /// Far more than any input of this size needs.
  private static let mostTurns = 100_000
  /// How many instructions the machine executes before it stops by itself.
  private static let mostInstructions = 100

  init(_ bytes: [UInt8]) {
    later = [
      bytes,
      // Time passes, then one client leaves and another comes.
      [], ClientFrame.packet("D"), [],
      [UInt8(ascii: "+")] + ClientFrame.packet("qSupported:swbreak+;hwbreak+"),
      [UInt8(ascii: "+")] + ClientFrame.packet("m100000,2"), [UInt8(ascii: "+")] + ClientFrame.packet("?"),
      [UInt8(ascii: "+")] + ClientFrame.packet("D"),
    ]
    wire.onPause = { [unowned self] in next() }
  }

  /// The next piece of input, when the one before it was read.
  private func next() {
    turns += 1
    collect()
    guard wire.isDrained, !later.isEmpty else { return }
    wire.clock += 3_000_000
    if later.count == 4 { lastClient = said.count }
    wire.toStub += later.removeFirst()
  }

  private func collect() {
    said += wire.fromStub
    wire.fromStub.removeAll(keepingCapacity: true)
  }

  func brokenProperty() -> String? {
    var stub = Stub(channel: WireChannel(wire), target: FakeTarget(machine))
    var stop = StopReason(.signal, thread: machine.current)
    while !(later.isEmpty && wire.isDrained) {
      guard turns < Self.mostTurns else { return "it does not end" }
      turns += 1
      switch stub.enterStopped(stop) {
      case .resume(let plan):
        var instructions = 0
        stop = machine.run(plan) {
          instructions += 1
          if instructions > Self.mostInstructions { return true }
          return stub.pollWhileRunning() == .stop
        }
      case .detached, .killed, .reset:
        stop = StopReason(.signal, signal: .interrupt, thread: machine.current)
      }
    }
    collect()
    if let property = Self.brokenProperty(of: said) { return property }
    var reader = AnswerReader()
    let texts = reader.read(Array(said[lastClient...])).compactMap(\.text)
    guard texts.count >= 4, texts[texts.count - 4].hasPrefix("PacketSize=1000;"),
      texts[texts.count - 3].utf8.count == 4, texts[texts.count - 2].hasPrefix("T"), texts.last == "OK"
    else { return "the next client is not served: \(texts)" }
    return machine.breakpoints.isEmpty ? nil : "a breakpoint outlives its client"
  }

  /// Frames with right checksums, no larger than was promised, and between them nothing but acknowledgements.
  private static func brokenProperty(of said: [UInt8]) -> String? {
    var position = 0
    while position < said.count {
      switch said[position] {
      case UInt8(ascii: "+"), UInt8(ascii: "-"): position += 1
      case UInt8(ascii: "$"):
        guard let end = said[position...].firstIndex(of: UInt8(ascii: "#")), end + 2 < said.count else {
          return "a frame without an end"
        }
        let payload = said[(position + 1)..<end]
        guard !payload.contains(UInt8(ascii: "$")) else { return "a frame inside of a frame" }
        let sum = payload.reduce(0) { $0 &+ $1 }
        let digits = String(decoding: said[(end + 1)...(end + 2)], as: UTF8.self)
        guard UInt8(digits, radix: 16) == sum else { return "a wrong checksum" }
        guard payload.count <= StubLimits.packet else { return "a frame that is too large" }
        position = end + 3
      default: return "a byte between frames: \(said[position])"
      }
    }
    var reader = AnswerReader()
    for answer in reader.read(said) {
      switch answer {
      case .damaged: return "a frame that cannot be read"
      case .packet(let bytes) where bytes.count > StubLimits.packet: return "a reply that is too large"
      default: break
      }
    }
    return nil
  }
}
