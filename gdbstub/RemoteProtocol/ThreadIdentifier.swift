/// One half of a thread identifier. GDB manual, E.2, "thread-id syntax".
public enum ThreadNumber: Hashable, Sendable {
  /// `-1`.
  case all
  /// `0`: the receiver picks one.
  case any
  case number(UInt64)
}

/// A thread as packets name it: `THREAD`, or `pPROCESS.THREAD` where both sides speak `multiprocess`.
public struct ThreadIdentifier: Hashable, Sendable {
  /// Nil in the plain form.
  public var process: ThreadNumber?
  public var thread: ThreadNumber

  public init(process: ThreadNumber? = nil, thread: ThreadNumber) {
    self.process = process
    self.thread = thread
  }
}

extension PacketCursor {
  /// A thread identifier of either form. `pPROCESS` alone means all its threads.
  public mutating func threadIdentifier(in packet: Span<UInt8>) -> ThreadIdentifier? {
    let start = position
    guard take(UInt8(ascii: "p"), in: packet) else {
      return threadNumber(in: packet).map { ThreadIdentifier(thread: $0) }
    }
    guard let process = threadNumber(in: packet) else {
      position = start
      return nil
    }
    guard take(UInt8(ascii: "."), in: packet) else {
      return ThreadIdentifier(process: process, thread: .all)
    }
    guard let thread = threadNumber(in: packet) else {
      position = start
      return nil
    }
    return ThreadIdentifier(process: process, thread: thread)
  }

  private mutating func threadNumber(in packet: Span<UInt8>) -> ThreadNumber? {
    let start = position
    if take(UInt8(ascii: "-"), in: packet) {
      if hexadecimalNumber(in: packet) == 1 { return .all }
      position = start
      return nil
    }
    guard let number = hexadecimalNumber(in: packet) else { return nil }
    return number == 0 ? .any : .number(number)
  }
}

extension PacketEncoder {
  /// A thread identifier in the form that it has.
  public mutating func thread<Sink: ByteSink & ~Copyable>(
    _ thread: ThreadIdentifier, to sink: inout Sink
  ) {
    if let process = thread.process {
      byte(UInt8(ascii: "p"), to: &sink)
      threadNumber(process, to: &sink)
      byte(UInt8(ascii: "."), to: &sink)
    }
    threadNumber(thread.thread, to: &sink)
  }

  private mutating func threadNumber<Sink: ByteSink & ~Copyable>(
    _ number: ThreadNumber, to sink: inout Sink
  ) {
    switch number {
    case .all:
      byte(UInt8(ascii: "-"), to: &sink)
      byte(UInt8(ascii: "1"), to: &sink)
    case .any: byte(UInt8(ascii: "0"), to: &sink)
    case .number(let value): hexadecimal(number: value, to: &sink)
    }
  }
}
