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

  /// The address that `text` means: an expression, or `FILE:LINE`.
  func address(_ text: String) throws(CommandFailure) -> VirtualAddress {
    if let place = FileLine(text) {
      let found = program?.places(file: place.file, line: place.line) ?? []
      guard let first = found.first else { throw .noSuchSourceLine(text) }
      guard found.count == 1 else { throw .ambiguousSymbol(text, found.map(\.address.rawValue)) }
      return first.address
    }
    return VirtualAddress(try Expression.value(of: text, in: self))
  }
}
