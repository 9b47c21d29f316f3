import RemoteProtocol
import X86

// H T qC qfThreadInfo qsThreadInfo qThreadExtraInfo: threads.
extension Engine where Channel: ~Copyable, Target: ~Copyable {
  /// `Hg THREAD`, for registers and memory, and `Hc THREAD`, for `c` and `s`.
  mutating func selectThread(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    var cursor = start
    guard let operation = cursor.byte(in: packet), let identifier = cursor.threadIdentifier(in: packet),
      cursor.isAtEnd(of: packet)
    else { return .malformed }
    var chosen: TargetThread?
    if case .number(let number) = identifier.thread {
      chosen = TargetThread(number)
      guard target.isAlive(TargetThread(number)) else { return .noSuchThread }
    }
    switch operation {
    case UInt8(ascii: "g"): session.selected = chosen
    case UInt8(ascii: "c"): session.resumed = identifier.thread
    default: return .unknown
    }
    return .done
  }

  /// `T THREAD`: is it still there?
  mutating func askThread(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    var cursor = start
    guard let identifier = cursor.threadIdentifier(in: packet), cursor.isAtEnd(of: packet) else {
      return .malformed
    }
    guard case .number(let number) = identifier.thread, target.isAlive(TargetThread(number)) else {
      return .noSuchThread
    }
    return .done
  }

  /// `qC`
  mutating func tellCurrentThread() -> HandlerStatus {
    link.reply.begin()
    link.reply.text("QC")
    link.reply.thread(thread)
    return .replied
  }

  /// `qfThreadInfo` and `qsThreadInfo`: as many as fit, `l` when there are no more.
  mutating func listThreads(after start: TargetThread?) -> HandlerStatus {
    link.reply.begin()
    var listed = start
    var isFirst = true
    while let next = target.thread(after: listed), link.reply.room >= Self.longestListedThread {
      // A target that goes in circles would never let the client go.
      guard next.number > listed?.number ?? 0 else { break }
      link.reply.raw(UInt8(ascii: isFirst ? "m" : ","))
      link.reply.thread(next)
      listed = next
      isFirst = false
    }
    session.listed = listed
    if isFirst { link.reply.raw(UInt8(ascii: "l")) }
    return .replied
  }

  /// A comma and sixteen digits.
  private static var longestListedThread: Int { 17 }

  /// `qThreadExtraInfo,THREAD`: name and details.
  mutating func describeThread(_ packet: Span<UInt8>, _ start: PacketCursor) -> HandlerStatus {
    var cursor = start
    guard cursor.take(UInt8(ascii: ","), in: packet), let identifier = cursor.threadIdentifier(in: packet),
      cursor.isAtEnd(of: packet)
    else { return .malformed }
    guard case .number(let number) = identifier.thread, target.isAlive(TargetThread(number)) else {
      return .noSuchThread
    }
    link.reply.begin()
    link.reply.form = .hexadecimal
    target.writeName(of: TargetThread(number), to: &link.reply)
    // Also what keeps the reply from being empty, which would say that the packet is not known.
    link.reply.hexadecimal(byte: 0x20)
    target.writeDetails(of: TargetThread(number), to: &link.reply)
    return .replied
  }
}

extension HandlerStatus {
  static var noSuchThread: HandlerStatus { .explained(Refusal(Refusal.noSuchThread, "no such thread")) }
}
