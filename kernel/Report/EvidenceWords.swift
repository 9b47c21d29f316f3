import RingTransition
import X86

extension TextSink {
  mutating func writeValue(_ subject: Subject, _ value: UInt64, _ rule: Rule) {
    if subject == .opcode {
      write("the bytes at RIP are ")
      write(byteHex: value & 0xff)
      write(" ")
      write(byteHex: value >> 8 & 0xff)
      write(", not 48 cf")
      return
    }
    write(subject)
    write(value == 0 ? " is " : " ")
    write(hex: value)
    switch rule.number {
    case 4: write(" does not return to Ring 3")
    case 5: write(" is not canonical; iretq raises #GP(0)")
    case 10: write(" is not in the user half")
    case 11: write(" is not a user address; the first push in Ring 3 faults")
    case 16: write(" is a kernel address")
    case 20: write(value == 0 ? ": LTR was never executed" : " names no 64-bit TSS")
    case 24, 26, 28, 42:
      write(
        value == 0
          ? ": its entry pushes to 0xfffffffffffffff8"
          : " has no canonical frame below it; its entry raises #SS, and CR2 is not written")
    case 25:
      write(
        value == 0
          ? ": next entry pushes to 0xfffffffffffffff8" : " is not in the kernel half")
    case 29: write(" is not a multiple of 16; the processor aligns it before it pushes")
    default: break
    }
  }

  mutating func writeMismatch(_ subject: Subject, _ actual: UInt64, _ expected: UInt64, _ rule: Rule) {
    write(subject)
    write(" is ")
    write(hex: actual)
    switch rule.number {
    case 17:
      write(", expected ")
      write(hex: expected)
    case 21:
      write(", at least ")
      write(hex: expected)
      write(" is needed; next entry raises #TS")
    case 23:
      write(" in the GDT and ")
      write(hex: expected)
      write(" in TR")
    case 30:
      write(", the current thread's stack top is ")
      write(hex: expected)
    case 63:
      write(", at least ")
      write(hex: expected)
      write(" is needed")
    default:
      write(", expected ")
      write(hex: expected)
    }
  }

  /// Names every wrong bit, and says which way it is wrong.
  mutating func writeBits(_ subject: Subject, _ value: UInt64, _ wrong: UInt64) {
    write(subject)
    write(" ")
    write(hex: value)
    write(": ")
    let set = wrong & value
    let clear = wrong & ~value
    if set != 0 {
      writeBitNames(set)
      write(" must be clear")
    }
    if clear != 0 {
      if set != 0 { write(", ") }
      writeBitNames(clear)
      write(" must be set")
    }
  }

  private mutating func writeBitNames(_ bits: UInt64) {
    let named = RFlags(rawValue: bits & ~(RFlags.reservedMask | RFlags.fixedOne.rawValue))
    let reserved = bits & (RFlags.reservedMask | RFlags.fixedOne.rawValue)
    if !named.isEmpty { write(named) }
    if reserved != 0 {
      if !named.isEmpty { write(" and ") }
      write("bits ")
      write(hex: reserved)
    }
  }

  mutating func writeDescriptor(
    _ selector: SegmentSelector, _ descriptor: SegmentDescriptor?, _ problem: DescriptorProblem,
    _ rule: Rule
  ) {
    write("selector ")
    write(hex: UInt64(selector.rawValue))
    if let descriptor {
      write(" (")
      write(descriptor)
      write(")")
    }
    write(": ")
    write(problem)
    guard rule == .codeDescriptorValid || rule == .stackDescriptorValid else { return }
    write("; iretq raises ")
    let code = UInt64(selector.rawValue & 0xfffc)
    switch problem {
    case .nullSelector: write("#GP(0)")
    case .notPresent:
      write(rule == .stackDescriptorValid ? "#SS(" : "#NP(")
      write(hex: code)
      write(")")
    default:
      write("#GP(")
      write(hex: code)
      write(")")
    }
  }

  /// Two digits without a prefix.
  private mutating func write(byteHex value: UInt64) {
    writeDigit(value >> 4)
    writeDigit(value)
  }

  private mutating func writeDigit(_ value: UInt64) {
    let nibble = UInt8(truncatingIfNeeded: value & 0xf)
    write(byte: nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10)
  }
}
