import X86

extension TextSink {
  /// `SegmentSelector { index: 6, rpl: Ring3 }`.
  public mutating func write(_ selector: SegmentSelector) {
    write("SegmentSelector { index: ")
    write(decimal: UInt64(truncatingIfNeeded: selector.index))
    if selector.isLocal { write(", table: LDT") }
    write(", rpl: Ring")
    write(decimal: UInt64(selector.requestedPrivilege))
    write(" }")
  }

  /// `64-bit code, DPL 3, present, accessed`.
  public mutating func write(_ descriptor: SegmentDescriptor) {
    let attributes = descriptor.attributes
    if attributes.isCode {
      write(attributes.isLong ? "64-bit " : attributes.isDefault32 ? "32-bit " : "16-bit ")
      write(attributes.isConforming ? "conforming code" : "code")
    } else if attributes.isData {
      write(attributes.isWritableData ? "writable data" : "read-only data")
    } else {
      switch descriptor.systemType {
      case .ldt: write("LDT")
      case .availableTSS: write("64-bit TSS (available)")
      case .busyTSS: write("64-bit TSS (busy)")
      case .callGate: write("64-bit call gate")
      case .interruptGate: write("64-bit interrupt gate")
      case .trapGate: write("64-bit trap gate")
      case nil:
        write("system type ")
        write(hex: UInt64(attributes.type))
      }
    }
    write(", DPL ")
    write(decimal: UInt64(attributes.privilege))
    write(attributes.isPresent ? ", present" : ", not present")
    if attributes.isCodeOrData { write(attributes.isAccessed ? ", accessed" : ", not accessed") }
  }

  /// `interrupt gate to 0xffffffff80001000, selector 0x8, IST1, DPL 0, present`.
  public mutating func write(_ gate: GateDescriptor) {
    switch gate.type {
    case .interruptGate: write("interrupt gate to ")
    case .trapGate: write("trap gate to ")
    default:
      write("type ")
      write(hex: UInt64(gate.typeField))
      write(" to ")
    }
    write(hex: gate.offset.rawValue)
    write(", selector ")
    write(hex: UInt64(gate.selector.rawValue))
    if gate.interruptStack == 0 {
      write(", no IST")
    } else {
      write(", IST")
      write(decimal: UInt64(gate.interruptStack))
    }
    write(", DPL ")
    write(decimal: UInt64(gate.privilege))
    write(gate.isPresent ? ", present" : ", not present")
  }
}
