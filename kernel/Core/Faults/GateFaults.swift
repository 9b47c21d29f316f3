extension InjectedFault {
  /// The gates of the IDT, the descriptors that they name, the handlers behind them, and who raises what.
  var gateFault: FaultDescription {
    switch self {
    case .gateAbsent: .init(32, "gate80-absent", "gate 0x80 is not present")
    case .gatePrivilege: .init(32, "gate80-dpl0", "gate 0x80 has DPL 0")
    case .gateTypeCall: .init(32, "gate80-type", "gate 0x80 is a call gate (type 0xc)")
    case .gateTypeTask: .init(32, "gate80-type-5", "gate 0x80 is a task gate (type 5)")
    case .gateType16Bit: .init(32, "gate80-type-6", "gate 0x80 is a 16-bit interrupt gate (type 6)")
    case .gateSelectorNull: .init(33, "gate80-sel-null", "gate 0x80 has a null selector")
    case .gateSelectorData: .init(33, "gate80-sel-data", "gate 0x80 names the kernel's data segment")
    case .gateSelector32Bit: .init(33, "gate80-sel-32bit", "gate 0x80 names a 32-bit code segment, 0x38")
    case .gateSelectorAbsent: .init(33, "gate80-sel-absent", "gate 0x80 names an absent code segment, 0x68")
    case .gateSelectorRange: .init(33, "gate80-sel-range", "gate 0x80 names 0xf8, past the GDT's limit")
    case .gateSelectorLocal: .init(33, "gate80-sel-ldt", "gate 0x80 names 0xc, in the LDT that is not there")
    case .gateSelectorUser: .init(34, "gate80-sel-user", "gate 0x80 names Ring 3's code segment")
    case .gateSelectorConforming:
      .init(34, "gate80-sel-conforming", "gate 0x80 names a conforming code segment, 0x78")
    case .gateOffsetNonCanonical:
      .init(35, "gate80-off-noncanon", "gate 0x80 leads to 0x0000900000000000")
    case .handlerAbsent:
      .init(36, "handler-absent", "gate 0x80's handler is on a page of its own, which is not mapped")
    case .handlerNoExecute:
      .init(36, "handler-nx", "gate 0x80's handler is on a page of its own, which has NX")
    case .handlerUser:
      .init(
        37, "handler-user", "gate 0x80's handler is on a page of its own, a user page (FI-36 with `smep`)")
    case .handlerReserved:
      .init(36, "handler-rsvd", "gate 0x80's handler is on a page of its own, with bit 51 in its entry")
    case .pageFaultGateAbsent: .init(38, "pf-gate-absent", "#PF's gate is not present", act: .load)
    case .protectionGateAbsent: .init(39, "gp-gate-absent", "#GP's gate is not present", act: .cli)
    case .opcodeGateAbsent: .init(40, "ud-gate-absent", "#UD's gate is not present", act: .ud2)
    case .interruptGateAbsent:
      .init(43, "irq-gate-absent", "the timer's gate, 0x20, is not present", act: .irq)
    case .nonMaskableStackUnmapped:
      .init(44, "nmi-ist-unmapped", "the process's table lacks the top page of the NMI's stack", act: .nmi)
    case .controllerUnmapped:
      .init(45, "pic-unmapped", "the interrupt controller raises vector 8 for the timer", act: .irq)
    default: .init(46, "gate14-dpl3", "#PF's gate has DPL 3", act: .int14)
    }
  }
}
