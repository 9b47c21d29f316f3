import X86

extension TextSink {
  /// The bits of a #PF error code in words: `not present, write, supervisor`.
  public mutating func write(_ code: PageFaultErrorCode) {
    write(code.contains(.protectionViolation) ? "protection violation" : "not present")
    write(code.contains(.instructionFetch) ? ", fetch" : code.contains(.write) ? ", write" : ", read")
    write(code.contains(.user) ? ", user" : ", supervisor")
    if code.contains(.reservedBit) { write(", reserved bit") }
    if code.contains(.protectionKey) { write(", protection key") }
    if code.contains(.shadowStack) { write(", shadow stack") }
  }

  /// A #TS, #NP, #SS or #GP error code in words: `IDT gate 0x80`, `GDT selector 0x30, external`.
  public mutating func write(_ code: SelectorErrorCode) {
    guard code.rawValue != 0 else {
      write("no selector")
      return
    }
    if code.isGate {
      write("IDT gate ")
      write(hex: UInt64(truncatingIfNeeded: code.index))
      // QEMU's TCG counts gates in sixteens.
      if code.index & 1 == 0, code.index >= 2 {
        write(" (")
        write(hex: UInt64(truncatingIfNeeded: code.index / 2))
        write(" on QEMU TCG)")
      }
    } else {
      write(code.isLocal ? "LDT selector " : "GDT selector ")
      write(hex: code.rawValue & 0xfffc)
    }
    if code.isExternal { write(", external") }
  }

  /// `#PF`, or `vector 0x80` where the architecture gives the vector no name.
  public mutating func writeVector(_ vector: UInt8) {
    if let exception = ExceptionVector(rawValue: vector) {
      write(exception.mnemonic)
    } else {
      write("vector ")
      write(hex: UInt64(vector))
    }
  }
}
