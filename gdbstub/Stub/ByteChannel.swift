/// The line that a stub speaks on. Nothing here waits: the stub does, and every wait of its own has a limit except the
/// one for a client.
public protocol ByteChannel: ~Copyable {
  /// How memory goes over this line; ``LineEncoding/compact`` unless it says otherwise.
  static var encoding: LineEncoding { get }

  /// The next byte that was received, nil when none is there.
  mutating func receive() -> UInt8?

  /// Takes bytes of `bytes` from `position` on, as many as the line accepts at once: of a 16550 whose transmitter is
  /// empty, the sixteen of its FIFO.
  ///
  /// - Returns: how many were taken; 0 when the line accepts none now.
  mutating func send(_ bytes: Span<UInt8>, from position: Int) -> Int

  /// Microseconds since any fixed moment. Lost bytes are noticed by it; it must go on while the machine stands.
  mutating func microseconds() -> UInt64

  /// Called between two looks at a line that had nothing: a place for a pause instruction.
  mutating func pause()
}

extension ByteChannel where Self: ~Copyable {
  public static var encoding: LineEncoding { .compact }

  public mutating func pause() {}
}
