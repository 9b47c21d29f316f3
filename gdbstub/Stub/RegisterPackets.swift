import RemoteProtocol
import X86

// g G p P: registers.
extension Engine where Channel: ~Copyable, Target: ~Copyable {
  static var registerTable: RegisterTable { RegisterTable(Target.registerFeatures) }

  /// `g`: all registers up to the MSRs. gdb takes those that are missing at the end one by one.
  mutating func readRegisters(
    of thread: TargetThread, _ packet: Span<UInt8>, _ cursor: PacketCursor
  ) -> HandlerStatus {
    guard cursor.isAtEnd(of: packet) else { return .malformed }
    let table = Self.registerTable
    link.reply.begin()
    var register = table.next(after: nil)
    while let current = register, current.isInGeneralPacket {
      appendValue(of: current, thread)
      register = table.next(after: current)
    }
    return .replied
  }

  /// `G`: as many registers as there are values; what is not spelled in digits is left alone.
  mutating func writeRegisters(
    of thread: TargetThread, _ packet: Span<UInt8>, _ start: PacketCursor
  ) -> HandlerStatus {
    var cursor = start
    let table = Self.registerTable
    var register = table.next(after: nil)
    while let current = register, current.isInGeneralPacket, !cursor.isAtEnd(of: packet) {
      if let value = cursor.registerValue(byteCount: current.byteCount, in: packet) {
        // Written back unchanged, as gdb does with those that it did not touch, even a read-only one is no error.
        if target.read(current, of: thread) != value {
          do { try target.write(value, to: current, of: thread) } catch { return .explained(error) }
        }
      } else if !cursor.skip(2 &* current.byteCount, of: UInt8(ascii: "x"), in: packet) {
        return .malformed
      }
      register = table.next(after: current)
    }
    return cursor.isAtEnd(of: packet) ? .done : .malformed
  }

  /// `p N`. lldb would take the `x` of an unknown value for a value.
  mutating func readRegister(
    of thread: TargetThread, _ packet: Span<UInt8>, _ start: PacketCursor
  ) -> HandlerStatus {
    var cursor = start
    guard let number = cursor.hexadecimalNumber(in: packet), cursor.isAtEnd(of: packet) else {
      return .malformed
    }
    guard let register = Self.registerTable.register(numbered: number) else { return .noSuchRegister }
    guard !session.isLLDB || target.read(register, of: thread) != nil else {
      return .explained(Refusal(Refusal.invalid, "the value of this register is not known"))
    }
    link.reply.begin()
    appendValue(of: register, thread)
    return .replied
  }

  /// `P N=VALUE`
  mutating func writeRegister(
    of thread: TargetThread, _ packet: Span<UInt8>, _ start: PacketCursor
  ) -> HandlerStatus {
    var cursor = start
    guard let number = cursor.hexadecimalNumber(in: packet), cursor.take(UInt8(ascii: "="), in: packet) else {
      return .malformed
    }
    guard let register = Self.registerTable.register(numbered: number) else { return .noSuchRegister }
    guard let value = cursor.registerValue(byteCount: register.byteCount, in: packet),
      cursor.isAtEnd(of: packet)
    else { return .malformed }
    do { try target.write(value, to: register, of: thread) } catch { return .explained(error) }
    return .done
  }

  /// Appends the value in the order of memory, or as many `x` where the target does not know it.
  mutating func appendValue(of register: Register, _ thread: TargetThread) {
    if let value = target.read(register, of: thread) {
      link.reply.hexadecimal(value, byteCount: register.byteCount)
    } else {
      link.reply.unavailable(byteCount: register.byteCount)
    }
  }
}

extension Register {
  var isInGeneralPacket: Bool { rawValue < Register.firstOutsideGeneralPacket.rawValue }
}

extension HandlerStatus {
  static var noSuchRegister: HandlerStatus {
    .explained(Refusal(Refusal.invalid, "no register has that number"))
  }
}

extension PacketCursor {
  /// `byteCount` pairs of digits, at most sixteen, in the order of memory.
  mutating func registerValue(byteCount: Int, in packet: Span<UInt8>) -> RegisterValue? {
    let start = position
    guard let low = littleEndian(byteCount: min(byteCount, 8), in: packet) else { return nil }
    guard byteCount > 8 else { return RegisterValue(low) }
    guard let high = littleEndian(byteCount: byteCount &- 8, in: packet) else {
      position = start
      return nil
    }
    return RegisterValue(low, high: high)
  }

  /// Past `count` times `byte`; false, and nowhere, when something else stands there.
  mutating func skip(_ count: Int, of byte: UInt8, in packet: Span<UInt8>) -> Bool {
    let start = position
    var remaining = count
    while remaining > 0 {
      guard take(byte, in: packet) else {
        position = start
        return false
      }
      remaining &-= 1
    }
    return true
  }
}
