import RemoteProtocol

/// The conditions and commands of breakpoints. Their bytecode lies in one buffer without gaps.
struct ExpressionStore: ~Copyable {
  static let capacity = 32
  static let bytecodeCapacity = 4096

  private struct Entry {
    var type = BreakpointType.software
    var address: UInt64 = 0
    var start = 0
    var list = AgentExpressionList()
  }

  private var entries = InlineArray<32, Entry>(repeating: Entry())
  private(set) var count = 0
  private var bytecode = InlineArray<4096, UInt8>(repeating: 0)
  private var bytecodeCount = 0

  mutating func removeAll() {
    count = 0
    bytecodeCount = 0
  }

  /// Reads what stands behind the kind of a `Z` packet; nil where nothing does. Nothing is replaced yet: the bytecode
  /// waits behind what is in use, and is forgotten unless ``replace(_:_:with:)`` takes it.
  mutating func read(
    _ type: BreakpointType, _ address: UInt64, _ packet: Span<UInt8>, from cursor: PacketCursor
  ) throws(AgentFault) -> AgentExpressionList? {
    guard !cursor.isAtEnd(of: packet) else { return nil }
    guard count < Self.capacity || position(of: type, address) != nil else { throw .noSpace }
    var buffer = bytecode.mutableSpan
    var free = buffer._mutatingExtracting(droppingFirst: max(bytecodeCount, 0))
    return try AgentExpressionList(packet, from: cursor, into: &free)
  }

  /// What was read last becomes all that this breakpoint has.
  mutating func replace(_ type: BreakpointType, _ address: UInt64, with list: AgentExpressionList?) {
    let byteCount = list?.byteCount ?? 0
    bytecodeCount &+= byteCount
    remove(type, address)
    guard let list, count >= 0, count < Self.capacity else { return }
    entries[count] = Entry(type: type, address: address, start: bytecodeCount &- byteCount, list: list)
    count &+= 1
  }

  mutating func remove(_ type: BreakpointType, _ address: UInt64) {
    guard let position = position(of: type, address), position >= 0, position < Self.capacity else { return }
    let start = entries[position].start
    let byteCount = entries[position].list.byteCount
    close(start, byteCount)
    var place = position
    while place &+ 1 < count, place >= 0, place &+ 1 < Self.capacity {
      entries[place] = entries[place &+ 1]
      entries[place].start &-= byteCount
      place &+= 1
    }
    count &-= 1
  }

  /// Moves the bytecode behind a gap down.
  private mutating func close(_ start: Int, _ byteCount: Int) {
    var place = start
    var source = start &+ byteCount
    while source < bytecodeCount, place >= 0, place < Self.bytecodeCapacity, source >= 0,
      source < Self.bytecodeCapacity
    {
      bytecode[place] = bytecode[source]
      place &+= 1
      source &+= 1
    }
    bytecodeCount &-= byteCount
  }

  private mutating func position(of type: BreakpointType, _ address: UInt64) -> Int? {
    var position = 0
    while position < count, position < Self.capacity {
      if entries[position].address == address, entries[position].type == type { return position }
      position &+= 1
    }
    return nil
  }

  /// What a breakpoint's conditions say of a hit. When they hold, its commands are carried out.
  mutating func judge<Environment: AgentEnvironment & ~Copyable>(
    _ type: BreakpointType, _ address: UInt64, in environment: inout Environment
  ) -> HitVerdict {
    guard let position = position(of: type, address), position >= 0, position < Self.capacity else {
      return .report
    }
    let code = bytecode.span.extracting(droppingFirst: max(entries[position].start, 0))
    switch entries[position].list.verdict(of: code, in: &environment) {
    case .doesNotHold: return .pass
    case .cannotTell(let fault): return .reportFault(fault)
    case .holds:
      guard entries[position].list.commandCount > 0 else { return .report }
      let fault = entries[position].list.runCommands(of: code, in: &environment)
      return fault.map { .reportFault($0) } ?? .pass
    }
  }
}

/// What becomes of a breakpoint that was hit.
enum HitVerdict {
  case report
  /// The machine goes on: the condition is false, or the commands were all there was to do.
  case pass
  /// Reported, because its condition or command could not be evaluated.
  case reportFault(AgentFault)
}
