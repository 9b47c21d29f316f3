import X86

/// How a chain of deliveries ends.
public enum DeliveryEnd: Equatable, Sendable {
  case delivered(Arrival)
  /// The first instruction behind a `syscall`: at LSTAR in Ring 0, RSP still Ring 3's. No frame was pushed.
  case systemCall(InterruptFrame)
  /// A fault while #DF was delivered: the machine resets. SDM Vol. 3A, 6.15, "Interrupt 8".
  case shutdown
  /// The handler of `vector` faults at its first instruction with the same vector, until the stack ends.
  case recursion(vector: UInt8)
  case unknown(Missing)
}

/// Everything that one event sets off, attempt by attempt: `int 0x80` -> #PF -> #DF.
public struct DeliveryChain: Sendable {
  /// More attempts than any chain without recursion has.
  public static let capacity = 6

  public let event: Event
  public let engine: Engine
  /// The interrupted program.
  public let context: InterruptFrame
  public internal(set) var end = DeliveryEnd.unknown(.memory)
  public private(set) var count = 0
  private var attempts = InlineArray<6, DeliveryAttempt?>(repeating: nil)

  init(event: Event, engine: Engine, context: InterruptFrame) {
    self.event = event
    self.engine = engine
    self.context = context
  }

  /// The attempts in their order, `0 ..< count`; nil outside.
  public subscript(position: Int) -> DeliveryAttempt? {
    position >= 0 && position < count ? attempts[position] : nil
  }

  mutating func append(_ attempt: DeliveryAttempt) {
    guard count < Self.capacity else { return }
    attempts[count] = attempt
    count += 1
  }

  /// The first thing that went wrong; nil when the event arrived at once.
  public var firstFailure: DeliveryFailure? { attempts[0]?.failure }

  /// What CR2 holds at the end: the address of the last page fault, nil when there was none.
  public var faultAddress: UInt64? {
    var address = event.faultAddress
    for position in 0..<count {
      if let attempt = attempts[position], let written = attempt.failure?.faultAddress { address = written }
    }
    return address
  }
}
