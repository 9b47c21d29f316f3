extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// `QStartNoAckMode`: from the reply on, which the client still acknowledges, nothing is acknowledged.
  mutating func stopAcknowledging() -> HandlerStatus {
    link.acknowledges = false
    session.expectsLastAcknowledgement = true
    return .done
  }

  /// `QEnableErrorStrings`, which only lldb sends.
  mutating func enableErrorStrings() -> HandlerStatus {
    session.isLLDB = true
    session.errorStyle = .hexadecimalMessages
    return .done
  }
}
