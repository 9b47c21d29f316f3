import X86

extension DeliveryChain {
  /// The row of the catalogue that a diagnosis would name after this chain had come true; nil where every attempt
  /// arrives. `registers` are those of the machine that the chain was predicted for.
  /// A path that was whole at `earlier` times was taken away since.
  public func foreseenCause<Earlier: EarlierEntries & ~Copyable>(
    on registers: RegisterFile, earlier: borrowing Earlier
  ) -> Cause? {
    guard firstFailure != nil else { return nil }
    // Nothing has arrived yet: which interrupt it will be is not the point.
    var diagnosis = Examiner(registers: registers, stop: StopState(.handler)).classify(self, isDecoded: false)
    diagnosis.compare(with: earlier)
    return diagnosis.cause
  }

  /// The same where nothing is known of earlier times.
  public func foreseenCause(on registers: RegisterFile) -> Cause? {
    foreseenCause(on: registers, earlier: NothingEarlier())
  }
}

extension ReturnFault {
  /// The row of the catalogue that a diagnosis would name after this fault had come true. `registers` are those at the
  /// return.
  public func foreseenCause(on registers: RegisterFile) -> Cause {
    cause(star: registers.star, systemCalls: registers.efer.contains(.syscallEnable))
  }
}
