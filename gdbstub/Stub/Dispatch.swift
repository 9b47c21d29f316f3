import RemoteProtocol
import X86

extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// Hands a packet to the handler that its first letters name.
  mutating func handle(_ packet: Span<UInt8>, _ expressions: inout ExpressionStore) -> HandlerStatus {
    var cursor = PacketCursor()
    let letter = cursor.byte(in: packet)
    switch letter {
    case UInt8(ascii: "?"): return askStop(packet, cursor, &expressions)
    case UInt8(ascii: "g"), UInt8(ascii: "G"), UInt8(ascii: "p"), UInt8(ascii: "P"):
      return handleRegisters(letter ?? 0, packet, cursor)
    case UInt8(ascii: "m"): return readMemory(packet, cursor)
    case UInt8(ascii: "M"): return writeMemory(packet, cursor)
    case UInt8(ascii: "x"): return readBinary(packet, cursor)
    case UInt8(ascii: "X"): return writeBinary(packet, cursor)
    case UInt8(ascii: "c"): return resume(.run, packet, cursor)
    case UInt8(ascii: "s"): return resume(.step, packet, cursor)
    case UInt8(ascii: "C"): return resumeWithSignal(.run, packet, cursor)
    case UInt8(ascii: "S"): return resumeWithSignal(.step, packet, cursor)
    case UInt8(ascii: "Z"): return insertBreakpoint(packet, cursor, &expressions)
    case UInt8(ascii: "z"): return removeBreakpoint(packet, cursor, &expressions)
    case UInt8(ascii: "H"): return selectThread(packet, cursor)
    case UInt8(ascii: "T"): return askThread(packet, cursor)
    case UInt8(ascii: "D"): return detach(packet, cursor)
    case UInt8(ascii: "k"): return kill(packet, cursor)
    case UInt8(ascii: "R"): return restart(packet, cursor)
    case UInt8(ascii: "!"): return extend(packet, cursor)
    case UInt8(ascii: "q"): return query(packet, cursor)
    case UInt8(ascii: "Q"): return set(packet, cursor)
    case UInt8(ascii: "v"): return handleNamed(packet, cursor)
    default: return .unknown
    }
  }

  private mutating func query(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    var cursor = start
    if cursor.take("Supported", in: packet) { return tellSupported(packet, cursor) }
    if cursor.take("Xfer", in: packet) { return transfer(packet, cursor) }
    if cursor.take("MemoryRegionInfo", in: packet) { return tellRegion(packet, cursor) }
    if cursor.take("Rcmd", in: packet) { return monitor(packet, cursor) }
    if cursor.take("fThreadInfo", in: packet) { return listThreads(after: nil) }
    if cursor.take("sThreadInfo", in: packet) { return listThreads(after: session.listed) }
    if cursor.take("ThreadExtraInfo", in: packet) { return describeThread(packet, cursor) }
    if cursor.take("C", in: packet) { return tellCurrentThread() }
    if cursor.take("CRC", in: packet) { return checksum(packet, cursor) }
    if cursor.take("Search", in: packet) { return search(packet, cursor) }
    if cursor.take("Attached", in: packet) { return tellAttached() }
    if cursor.take("Symbol", in: packet) { return .done }
    if cursor.take("HostInfo", in: packet) { return tellHost() }
    if cursor.take("ProcessInfo", in: packet) { return tellProcess() }
    if cursor.take("qemu.PhyMemMode", in: packet) { return tellAddressMode() }
    return .unknown
  }

  private mutating func set(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    var cursor = start
    if cursor.take("StartNoAckMode", in: packet) { return stopAcknowledging() }
    if cursor.take("EnableErrorStrings", in: packet) { return enableErrorStrings() }
    if cursor.take("ThreadSuffixSupported", in: packet) { return takeThreadSuffixes() }
    if cursor.take("qemu.PhyMemMode", in: packet) { return setAddressMode(packet, cursor) }
    return .unknown
  }

  private mutating func handleNamed(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    var cursor = start
    if cursor.take("Cont?", in: packet) { return tellResumeActions() }
    if cursor.take("Cont", in: packet) { return resumeThreads(packet, cursor) }
    if cursor.take("CtrlC", in: packet) { return interruptStopped() }
    if cursor.take("Kill", in: packet) { return killProcess() }
    return .unknown
  }
}

extension PacketCursor {
  /// True, and past it, when `name` stands here as a whole word: letters and digits may not follow.
  mutating func take(_ name: StaticString, in packet: Span<UInt8>) -> Bool {
    var letters = Letters(name)
    var place = position
    while let letter = letters.next() {
      guard packet.byte(at: place) == letter else { return false }
      place &+= 1
    }
    switch packet.byte(at: place) ?? 0 {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      return false
    default:
      position = place
      return true
    }
  }

  /// `ADDRESS,LENGTH`.
  mutating func addressAndCount(in packet: Span<UInt8>) -> (address: UInt64, count: UInt64)? {
    guard let address = hexadecimalNumber(in: packet), take(UInt8(ascii: ","), in: packet),
      let count = hexadecimalNumber(in: packet)
    else { return nil }
    return (address, count)
  }
}
