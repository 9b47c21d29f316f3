import RemoteProtocol

/// What must hold of the protocol code for every input there is. The fuzzer looks for one that breaks it; the tests
/// replay the corpus.
///
/// - Returns: the property that `input` breaks, nil when all hold. A trap is the worst of them.
func brokenProtocolProperty(of input: [UInt8]) -> String? {
  for direction in [PacketDirection.requests, .replies] {
    guard survives(encoded(input), as: input, direction) else {
      return "a payload is not what was encoded (\(direction))"
    }
    for capacity in [0, 7, 4096] {
      let whole = Receiver.receive(input, direction, capacity: capacity)
      for split in [0, UInt64(input.count) + 1] {
        guard Receiver.receive(input, direction, capacity: capacity, split: split) == whole else {
          return "another split gives other events (\(direction), capacity \(capacity))"
        }
      }
      guard whole.allSatisfy({ $0.isPossible(capacity) }) else {
        return "an event that cannot be (\(direction), capacity \(capacity))"
      }
    }
    guard findsPacketsAgain(after: input, direction) else {
      return "the packets after it are lost (\(direction))"
    }
    for received in Receiver.receive(input, direction, capacity: 4096) {
      guard readsBack(received.payload) else { return "a value is not what was encoded" }
    }
  }
  return readsBack(input) ? nil : "a value is not what was encoded"
}

/// A byte sink in memory.
private struct Wire: ByteSink {
  var bytes: [UInt8] = []
  mutating func write(_ byte: UInt8) { bytes.append(byte) }
}

/// An event, and the payload that it speaks of.
private struct Received: Equatable {
  let event: PacketEvent
  let payload: [UInt8]

  /// No packet is larger than its buffer, and what is too large for it was not told as a packet.
  func isPossible(_ capacity: Int) -> Bool {
    switch event {
    case .packet(let count), .notification(let count): count >= 0 && count <= capacity
    case .rejected(.oversized(let count)): count > capacity
    default: true
    }
  }
}

private enum Receiver {
  /// Everything that a decoder makes of `bytes`, handed over one by one.
  static func receive(_ bytes: [UInt8], _ direction: PacketDirection, capacity: Int) -> [Received] {
    var decoder = PacketDecoder(direction)
    var buffer = [UInt8](repeating: 0, count: capacity)
    var received: [Received] = []
    for byte in bytes {
      var span = buffer.mutableSpan
      note(decoder.feed(byte, into: &span), buffer, &received)
    }
    return received
  }

  /// The same, handed over in pieces; `split` chooses their lengths.
  static func receive(
    _ bytes: [UInt8], _ direction: PacketDirection, capacity: Int, split: UInt64
  ) -> [Received] {
    var decoder = PacketDecoder(direction)
    var buffer = [UInt8](repeating: 0, count: capacity)
    var received: [Received] = []
    var start = 0
    var state = split
    while start < bytes.count {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      // The first split is none at all.
      let length = split == 0 ? bytes.count : Int(state >> 60) + 1
      let piece = Array(bytes[start..<min(start + length, bytes.count)])
      var position = 0
      while position < piece.count {
        var span = buffer.mutableSpan
        note(decoder.feed(piece.span, from: &position, into: &span), buffer, &received)
      }
      start += piece.count
    }
    return received
  }

  private static func note(_ event: PacketEvent, _ buffer: [UInt8], _ received: inout [Received]) {
    switch event {
    case .none: break
    case .packet(let count), .notification(let count):
      received.append(Received(event: event, payload: Array(buffer.prefix(count))))
    default: received.append(Received(event: event, payload: []))
    }
  }
}

/// `payload` in a frame.
private func encoded(_ payload: [UInt8]) -> [UInt8] {
  var wire = Wire()
  var encoder = PacketEncoder()
  encoder.begin(to: &wire)
  encoder.bytes(payload.span, to: &wire)
  encoder.end(to: &wire)
  return wire.bytes
}

private func survives(_ frame: [UInt8], as payload: [UInt8], _ direction: PacketDirection) -> Bool {
  Receiver.receive(frame, direction, capacity: payload.count) == [
    Received(event: .began, payload: []),
    Received(event: .packet(byteCount: payload.count), payload: payload),
  ]
}

/// Whatever came before, of two sound packets the second is received. (The first may end what was under way.)
private func findsPacketsAgain(after input: [UInt8], _ direction: PacketDirection) -> Bool {
  let packet = Array("OK".utf8)
  let received = Receiver.receive(input + encoded(packet) + encoded(packet), direction, capacity: 64)
  return received.last == Received(event: .packet(byteCount: 2), payload: packet)
}

/// Every value that can be read from `payload` is read again after it was written.
private func readsBack(_ payload: [UInt8]) -> Bool {
  let span = payload.span
  if let reply = StopReply(span), case .signal(_, let details) = reply, let thread = details.thread {
    guard readsBack(thread) else { return false }
  }
  var pairs = StopReplyPairs()
  while let pair = pairs.next(in: span) {
    guard pair.start < pair.colon, pair.colon < pair.end, pair.end <= payload.count else { return false }
  }
  for start in 0..<min(payload.count, 32) {
    var cursor = PacketCursor(position: start)
    if let number = cursor.hexadecimalNumber(in: span),
      !writes(number, digits: payload[start..<cursor.position])
    {
      return false
    }
    cursor.position = start
    if let thread = cursor.threadIdentifier(in: span), !readsBack(thread) { return false }
    for byteCount in [1, 2, 4, 8] {
      cursor.position = start
      if let value = cursor.littleEndian(byteCount: byteCount, in: span),
        !writes(value, byteCount: byteCount, digits: payload[start..<cursor.position])
      {
        return false
      }
    }
  }
  return true
}

/// Whether `number` is written as the digits from which it was read: leading zeros and case apart.
private func writes(_ number: UInt64, digits: ArraySlice<UInt8>) -> Bool {
  var wire = Wire()
  var encoder = PacketEncoder()
  encoder.hexadecimal(number: number, to: &wire)
  let significant = Array(lowerCase(digits).drop { $0 == UInt8(ascii: "0") })
  return wire.bytes == (significant.isEmpty ? [UInt8(ascii: "0")] : significant)
}

/// The same for a register's value: two digits for every byte.
private func writes(_ value: UInt64, byteCount: Int, digits: ArraySlice<UInt8>) -> Bool {
  var wire = Wire()
  var encoder = PacketEncoder()
  encoder.hexadecimal(littleEndian: value, byteCount: byteCount, to: &wire)
  return wire.bytes == lowerCase(digits)
}

private func lowerCase(_ digits: ArraySlice<UInt8>) -> [UInt8] {
  digits.map { (UInt8(ascii: "A")...UInt8(ascii: "F")).contains($0) ? $0 | 0x20 : $0 }
}

/// Whether a thread identifier is read as it was written, and nothing is left over.
private func readsBack(_ thread: ThreadIdentifier) -> Bool {
  var wire = Wire()
  var encoder = PacketEncoder()
  encoder.thread(thread, to: &wire)
  var cursor = PacketCursor()
  return cursor.threadIdentifier(in: wire.bytes.span) == thread && cursor.isAtEnd(of: wire.bytes.span)
}
