import RingTransition
import X86

extension TextSink {
  mutating func writeValue(_ subject: Subject, _ value: UInt64, _ rule: Rule) {
    if subject == .opcode {
      write("the bytes at RIP are ")
      write(byteHex: value & 0xff)
      write(" ")
      write(byteHex: value >> 8 & 0xff)
      write(rule == .opcodeIsSysretq ? ", not 48 0f 07" : ", not 48 cf")
      return
    }
    if subject == .ioPort {
      write("port ")
      write(hex: value)
      write(" is open to Ring 3")
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
    default: writeValueOfState(rule)
    }
  }

  /// What is wrong with a value of groups B to H.
  private mutating func writeValueOfState(_ rule: Rule) {
    switch rule.number {
    case 36: write(": a 64-bit TSS has nothing there")
    case 50: write(" is a breakpoint in the kernel")
    case 60: write(" is not canonical")
    case 74: write(" is an exception's vector")
    case 80: write(" names no LDT")
    case 91: write(" names no table that maps anything")
    case 113: write(" has the root table read past the cache")
    case 114: write(" is not in memory, where the processor could set its A and D bits")
    case 177: write(" is live, and its table is being freed")
    case 178: write(": another processor may still use what was taken away")
    case 121, 122: write(" is no way into the kernel")
    case 123: write(": SYSRET's selectors need RPL 3")
    case 125: write(" is not the kernel's: the next swapgs loads it")
    case 126: write(" is no user address; sysretq raises #GP(0)")
    case 128: write(": a syscall there returns to a non-canonical address")
    case 131: write(" stays null in Ring 3")
    case 132: write(" is no kernel stack")
    case 145: write(" holds interrupts back while Ring 3 runs")
    case 147: write(" denies a key that an entry needs")
    case 148: write(" is in the user half, which LASS keeps from the kernel")
    case 151: write(" at the return")
    case 160: write(" is no base of Ring 3")
    case 163: write(" is what the entry trusts, and Ring 3 can write it")
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
    case 49:
      write(", the first frame's end is ")
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
