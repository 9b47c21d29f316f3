public import Stub

/// Both directions of a line in memory, with a clock that only moves when somebody looks at it or waits.
public final class Wire {
  /// On its way to the stub.
  public var toStub: [UInt8] = []
  /// Sent by the stub and not yet read.
  public var fromStub: [UInt8] = []
  public var clock: UInt64 = 0
  /// What one call of `send` takes at most; 0: the line is stuck.
  public var burst = 16
  /// What the clock moves by when the stub has nothing to do.
  public var idleTime: UInt64 = 1000
  /// Called when the stub has nothing to do.
  public var onPause: () -> Void = {}
  private var taken = 0

  public init() {}

  /// True when the stub has read everything.
  public var isDrained: Bool { taken == toStub.count }

  fileprivate func receive() -> UInt8? {
    guard taken < toStub.count else { return nil }
    defer {
      taken += 1
      if taken == toStub.count {
        toStub.removeAll(keepingCapacity: true)
        taken = 0
      }
    }
    return toStub[taken]
  }
}

/// The stub's end of a ``Wire``.
public struct WireChannel: ByteChannel {
  let wire: Wire

  public init(_ wire: Wire) { self.wire = wire }

  public mutating func receive() -> UInt8? { wire.receive() }

  public mutating func send(_ bytes: Span<UInt8>, from position: Int) -> Int {
    var sent = 0
    while sent < wire.burst, position + sent < bytes.count {
      wire.fromStub.append(bytes[position + sent])
      sent += 1
    }
    return sent
  }

  public mutating func microseconds() -> UInt64 {
    wire.clock += 1
    return wire.clock
  }

  public mutating func pause() {
    wire.clock += wire.idleTime
    wire.onPause()
  }
}
