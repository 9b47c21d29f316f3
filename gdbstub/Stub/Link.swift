import RemoteProtocol

/// How long the stub waits, in microseconds.
enum LinkTime {
  /// For the next byte inside of a packet. Longer than any gap that a working line makes, shorter than the two
  /// seconds after which gdb repeats a packet by itself.
  static let insidePacket: UInt64 = 500_000
  /// The same for a client that does without acknowledgements: it repeats nothing, so that a packet given up is lost, and
  /// an emulator's host may take its time over one.
  static let insidePacketForGood: UInt64 = 10_000_000
  /// For the line to take a byte.
  static let stall: UInt64 = 2_000_000
  /// For the acknowledgement of console output. A client that acknowledges late is waited for once.
  static let consoleAcknowledgement: UInt64 = 300_000
  /// For the acknowledgement of a stop reply, for which clients wait without a limit.
  static let stopAcknowledgement: UInt64 = 1_000_000
}

/// The line, the last frame that went over it, and what was received while something was being sent.
struct Link<Channel: ByteChannel & ~Copyable>: ~Copyable {
  var channel: Channel
  var reply = ReplyFrame()
  var statistics = LinkStatistics()
  /// False once the client said that it does without.
  var acknowledges = true
  /// False from the sending of a frame until the client's `+`.
  var isReplyAcknowledged = true
  /// The client acknowledges console output only later, or its acknowledgement was lost: it is not waited for again.
  var acknowledgesLate = false
  /// A 0x03 that came while nobody read.
  var isInterruptPending = false

  private var waiting = InlineArray<64, UInt8>(repeating: 0)
  private var waitingStart = 0
  private var waitingCount = 0

  private static var waitingCapacity: Int { 64 }

  init(channel: consuming Channel) {
    self.channel = channel
    reply.shortensRuns = Channel.encoding == .compact
  }

  /// How long the rest of a packet is waited for.
  var packetPatience: UInt64 { acknowledges ? LinkTime.insidePacket : LinkTime.insidePacketForGood }

  mutating func receive() -> UInt8? {
    if waitingCount > 0 {
      let byte = waitingByte(waitingStart)
      waitingStart = (waitingStart &+ 1) & (Self.waitingCapacity &- 1)
      waitingCount &-= 1
      return byte
    }
    guard let byte = channel.receive() else { return nil }
    statistics.bytesReceived &+= 1
    return byte
  }

  private mutating func waitingByte(_ position: Int) -> UInt8 {
    guard position >= 0, position < Self.waitingCapacity else { return 0 }
    return waiting[position]
  }

  /// Keeps what comes while nobody reads packets. An interrupt is noted at once when nothing waits before it.
  mutating func keepWaiting(_ byte: UInt8) {
    if byte == 0x03, waitingCount == 0 {
      isInterruptPending = true
      return
    }
    guard waitingCount < Self.waitingCapacity else { return }
    let position = (waitingStart &+ waitingCount) & (Self.waitingCapacity &- 1)
    guard position >= 0, position < Self.waitingCapacity else { return }
    waiting[position] = byte
    waitingCount &+= 1
  }

  /// Takes over what the line holds, so that a small receiver does not overrun while the stub is busy.
  mutating func collect() {
    while waitingCount < Self.waitingCapacity, let byte = channel.receive() {
      statistics.bytesReceived &+= 1
      keepWaiting(byte)
    }
  }

  /// True when the client has sent 0x03 since the last call: asked now and then by long work.
  mutating func takeInterrupt() -> Bool {
    collect()
    defer { isInterruptPending = false }
    return isInterruptPending
  }

  /// An acknowledgement.
  mutating func send(_ byte: UInt8) {
    let single = InlineArray<1, UInt8>(repeating: byte)
    let start = channel.microseconds()
    while channel.send(single.span, from: 0) <= 0 {
      guard channel.microseconds() &- start < LinkTime.stall else { return }
      collect()
      channel.pause()
    }
    statistics.bytesSent &+= 1
  }

  /// Completes the reply and sends it.
  mutating func sendReply() {
    reply.end()
    statistics.repliesSent &+= 1
    transmit()
  }

  /// Sends the last reply once more. Nothing when there is none.
  mutating func repeatReply() {
    guard !reply.isEmpty else { return }
    statistics.repeated &+= 1
    transmit()
  }

  private mutating func transmit() {
    isReplyAcknowledged = false
    var position = 0
    var lastProgress = channel.microseconds()
    while position < reply.count {
      let taken = takeSome(from: position)
      if taken > 0 {
        position &+= taken
        lastProgress = channel.microseconds()
        continue
      }
      // A line that takes nothing is dead; the client will ask again if it is not.
      guard channel.microseconds() &- lastProgress < LinkTime.stall else { return }
      collect()
      channel.pause()
    }
    statistics.bytesSent &+= UInt64(truncatingIfNeeded: position)
  }

  private mutating func takeSome(from position: Int) -> Int {
    let taken = channel.send(reply.bytes.span.extracting(first: max(reply.count, 0)), from: position)
    return min(max(taken, 0), reply.count &- position)
  }
}
