import X86

extension Debugger: ExpressionScope {
  public func register(_ name: String) throws(CommandFailure) -> UInt64? {
    try requireStopped()
    return try control.scope.register(name)
  }

  public func symbol(_ name: String) throws(CommandFailure) -> UInt64? { try control.scope.symbol(name) }

  public func memory(_ unit: MemoryUnit, at address: UInt64) throws(CommandFailure) -> UInt64 {
    try requireStopped()
    return try control.scope.memory(unit, at: address)
  }

  /// The address that `text` means.
  func address(_ text: String) throws(CommandFailure) -> VirtualAddress {
    VirtualAddress(try Expression.value(of: text, in: self))
  }
}
