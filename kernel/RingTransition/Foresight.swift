import X86

extension DeliveryChain {
  /// The row of the catalogue that a diagnosis would name after this chain had come true; nil where every attempt
  /// arrives. `registers` are those of the machine that the chain was predicted for.
  public func foreseenCause(on registers: RegisterFile) -> Cause? {
    guard firstFailure != nil else { return nil }
    // Nothing has arrived yet: which interrupt it will be is not the point.
    return Examiner(registers: registers, stop: StopState(.handler)).classify(self, isDecoded: false).cause
  }
}

extension ReturnFault {
  /// The row of the catalogue that a diagnosis would name after this fault had come true. `registers` are those at the
  /// return.
  public func foreseenCause(on registers: RegisterFile) -> Cause {
    cause(star: registers.star, systemCalls: registers.efer.contains(.syscallEnable))
  }
}
