public import RemoteProtocol

extension AgentExpressionList {
  /// Reads what stands behind the kind in a `Z` packet: `;X<count>,<bytecode>...` with conditions and
  /// `;cmds:<persist>,X<count>,<bytecode>...` with commands. GDB manual, E.2, "Z0". Every expression is checked.
  ///
  /// - Parameters:
  ///   - cursor: where that begins: on a semicolon, or at the end of the packet.
  ///   - bytecode: what the expressions are decoded into, one behind the other.
  public init(
    _ packet: Span<UInt8>, from cursor: PacketCursor, into bytecode: inout MutableSpan<UInt8>
  ) throws(AgentFault) {
    self.init()
    var cursor = cursor
    while !cursor.isAtEnd(of: packet) {
      guard cursor.take(UInt8(ascii: ";"), in: packet) else { throw .malformedList }
      if let persistence = try cursor.agentCommands(in: packet) {
        repeat {
          let command = try cursor.agentExpression(in: packet, into: &bytecode, at: byteCount)
          try append(command: command, persistence: persistence)
        } while cursor.beginsAgentExpression(in: packet)
      } else {
        repeat {
          let condition = try cursor.agentExpression(in: packet, into: &bytecode, at: byteCount)
          try append(condition: condition)
        } while cursor.beginsAgentExpression(in: packet)
      }
    }
  }
}

extension PacketCursor {
  fileprivate func beginsAgentExpression(in packet: Span<UInt8>) -> Bool {
    packet.byte(at: position) == UInt8(ascii: "X")
  }

  /// Past `cmds:<persist>,`; nil where that does not stand.
  fileprivate mutating func agentCommands(in packet: Span<UInt8>) throws(AgentFault) -> AgentPersistence? {
    guard take(UInt8(ascii: "c"), in: packet) else { return nil }
    guard take(UInt8(ascii: "m"), in: packet), take(UInt8(ascii: "d"), in: packet),
      take(UInt8(ascii: "s"), in: packet), take(UInt8(ascii: ":"), in: packet),
      let persistence = hexadecimalNumber(in: packet), take(UInt8(ascii: ","), in: packet)
    else { throw .malformedList }
    return persistence == 0 ? .whileAttached : .afterDetach
  }

  /// Decodes `X<count>,<bytecode>` to `offset` of the buffer, and checks it.
  fileprivate mutating func agentExpression(
    in packet: Span<UInt8>, into bytecode: inout MutableSpan<UInt8>, at offset: Int
  ) throws(AgentFault) -> AgentExpressionSlice {
    guard take(UInt8(ascii: "X"), in: packet), let count = hexadecimalNumber(in: packet),
      take(UInt8(ascii: ","), in: packet)
    else { throw .malformedList }
    guard count <= UInt64(AgentLimits.bytecode) else { throw .tooLong }
    let end = offset &+ Int(truncatingIfNeeded: count)
    guard end <= bytecode.count, let slice = AgentExpressionSlice(offset: offset, count: end &- offset) else {
      throw .noSpace
    }
    var place = offset
    while place < end {
      guard let byte = hexadecimalByte(in: packet) else { throw .malformedList }
      guard place >= 0, place < bytecode.count else { throw .noSpace }
      bytecode[place] = byte
      place &+= 1
    }
    try checkAgentExpression(slice, of: bytecode.span)
    return slice
  }
}
