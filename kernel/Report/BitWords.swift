import RingTransition
import X86

extension TextSink {
  /// Names every wrong bit, and says which way it is wrong.
  mutating func writeBits(_ subject: Subject, _ value: UInt64, _ wrong: UInt64) {
    write(subject)
    write(" ")
    write(hex: value)
    write(": ")
    let set = wrong & value
    let clear = wrong & ~value
    if set != 0 {
      writeBitNames(set, subject)
      write(" must be clear")
    }
    if clear != 0 {
      if set != 0 { write(", ") }
      writeBitNames(clear, subject)
      write(" must be set")
    }
  }

  private mutating func writeBitNames(_ bits: UInt64, _ subject: Subject) {
    switch subject {
    case .cr0: write(CR0(rawValue: bits))
    case .cr4: write(CR4(rawValue: bits))
    case .efer: write(EFER(rawValue: bits))
    default: writeFlagNames(bits)
    }
  }

  private mutating func writeFlagNames(_ bits: UInt64) {
    let named = RFlags(rawValue: bits & ~(RFlags.reservedMask | RFlags.fixedOne.rawValue))
    let reserved = bits & (RFlags.reservedMask | RFlags.fixedOne.rawValue)
    if !named.isEmpty { write(named) }
    if reserved != 0 {
      if !named.isEmpty { write(" and ") }
      write("bits ")
      write(hex: reserved)
    }
  }
}
