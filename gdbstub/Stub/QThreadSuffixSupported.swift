import RemoteProtocol
import X86

// QThreadSuffixSupported: lldb names the thread behind every packet about registers, and selects none. Its memory is
// then always that of the thread that stopped: lldb keeps what it has read by address alone, whatever thread it was for.
extension Engine where Channel: ~Copyable, Target: ~Copyable {
  mutating func takeThreadSuffixes() -> HandlerStatus {
    session.takesThreadSuffix = true
    session.isLLDB = true
    return .done
  }

  /// `g`, `G`, `p` or `P`, and what stands behind the letter: `;thread:NUMBER;` at its end, where lldb may put that.
  mutating func handleRegisters(
    _ letter: UInt8, _ packet: Span<UInt8>, _ start: PacketCursor
  ) -> HandlerStatus {
    var subject = thread
    var end = packet.count
    var cursor = start
    if session.takesThreadSuffix, let suffix = cursor.next(UInt8(ascii: ";"), in: packet) {
      cursor.position = suffix &+ 1
      guard cursor.take("thread", in: packet), cursor.take(UInt8(ascii: ":"), in: packet),
        let number = cursor.hexadecimalNumber(in: packet), cursor.take(UInt8(ascii: ";"), in: packet),
        cursor.isAtEnd(of: packet)
      else { return .malformed }
      subject = TargetThread(number)
      guard target.isAlive(subject) else { return .noSuchThread }
      end = suffix
    }
    let body = packet.extracting(first: max(end, 0))
    switch letter {
    case UInt8(ascii: "g"): return readRegisters(of: subject, body, start)
    case UInt8(ascii: "G"): return writeRegisters(of: subject, body, start)
    case UInt8(ascii: "p"): return readRegister(of: subject, body, start)
    default: return writeRegister(of: subject, body, start)
    }
  }
}
