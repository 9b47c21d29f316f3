import RingTransition
import TestSupport
import X86

extension Provocation {
  /// TSS, IDT and GDT.
  static let tables: [Provocation] = [
    Provocation("tss-limit10", "128 10(18) 8(0) shutdown") { $0.registers.taskRegister?.limit = 10 },
    Provocation("tss-limit42, #DF not needed", "128 rip 1000001b rsp0") {
      $0.registers.taskRegister?.limit = 42
    },
    Provocation("tss-limit42, #DF needed", "128 14(2) 8(0) shutdown cr2 ffffc90000004ff8") {
      $0.registers.taskRegister?.limit = 42
      $0.clear(.pageTable, of: Layout.rsp0 - 8)
    },
    Provocation("tss-limit42, IST1 on #BP", "3 10(18) rip 10000019 rsp0", event: .breakpointInstruction) {
      $0.registers.taskRegister?.limit = 42
      $0.setGate(3, privilege: 3, interruptStack: 1)
    },
    Provocation("tss-unmapped", "128 14(0) 8(0) shutdown cr2 ffffffff80012024") {
      $0.clear(.pageTable, of: Layout.tss)
    },
    Provocation("tss-user,smap", "128 14(1) 8(0) shutdown cr2 ffffffff80012024") {
      $0.setAll(.user, of: Layout.tss)
      $0.registers.cr4.insert(.supervisorAccessPrevention)
    },
    Provocation("no-ltr", "128 14(0) 8(0) shutdown cr2 24") {
      $0.registers.taskRegister = SegmentCache(
        selector: SegmentSelector(rawValue: 0), base: 0, limit: 0xffff, attributes: nil)
    },
    Provocation("ltr-null", "128 10(0) 8(0) shutdown", tcg: "unknown taskRegister") {
      $0.registers.taskRegister = SegmentCache(
        selector: SegmentSelector(rawValue: 0), base: 0, limit: 0, attributes: SegmentAttributes(rawValue: 0))
    },
    Provocation("idt-unmapped", "128 14(0) 8(0) shutdown cr2 ffffffff80011080") {
      $0.clear(.pageTable, of: Layout.idt)
    },
    Provocation("idt-page2-unmapped", "128 14(0) rip 10000019 rsp0 cr2 ffffffff80031000") {
      $0.moveIDT()
      $0.clear(.pageTable, of: 0xffff_ffff_8003_1000)
    },
    Provocation("idt-page2-user,smap", "128 14(1) rip 10000019 rsp0 cr2 ffffffff80031000") {
      $0.moveIDT()
      $0.set(.user, .pageTable, of: 0xffff_ffff_8003_1000)
      $0.registers.cr4.insert(.supervisorAccessPrevention)
    },
    Provocation("idt-limit", "128 13(402) rip 10000019 rsp0", tcg: "128 13(802) rip 10000019 rsp0") {
      $0.registers.interruptTable?.limit = 0x7ff
    },
    Provocation("idt-limit just enough", "128 rip 1000001b rsp0") {
      $0.registers.interruptTable?.limit = 0x80f
    },
    Provocation("idt-limit one short", "128 13(402) rip 10000019 rsp0", tcg: "128 13(802) rip 10000019 rsp0")
    {
      $0.registers.interruptTable?.limit = 0x80e
    },
    Provocation("idt-limit zero", "128 13(402) 8(0) shutdown", tcg: "128 13(802) 8(0) shutdown") {
      $0.registers.interruptTable?.limit = 0
    },
    Provocation("gdt-unmapped", "128 14(0) 8(0) shutdown cr2 ffffffff80010008") {
      $0.clear(.pageTable, of: Layout.gdt)
    },
    Provocation(
      "gdt-ro-a0", "128 14(3) 8(0) shutdown cr2 ffffffff8001000d", tcg: "128 rip 1000001b rsp0"
    ) {
      $0.setDescriptor(1, 0x00af_9a00_0000_ffff)
      $0.remove(.writable, .pageTable, of: Layout.gdt)
    },
  ]

  /// The gate of `int 0x80`, its segment and its handler.
  static let gates: [Provocation] = [
    Provocation("gate80-absent", "128 11(402) rip 10000019 rsp0", tcg: "128 11(802) rip 10000019 rsp0") {
      $0.removeGate(0x80)
    },
    Provocation("gate80-dpl0", "128 13(402) rip 10000019 rsp0", tcg: "128 13(802) rip 10000019 rsp0") {
      $0.setGate(0x80)
    },
    Provocation("gate80-type", "128 13(402) rip 10000019 rsp0", tcg: "128 13(802) rip 10000019 rsp0") {
      $0.setGate(0x80, type: .callGate, privilege: 3)
    },
    Provocation("gate80-sel-null", "128 13(0) rip 10000019 rsp0") {
      $0.setGate(0x80, selector: 0, privilege: 3)
    },
    Provocation("gate80-sel-data", "128 13(10) rip 10000019 rsp0") {
      $0.setGate(0x80, selector: 0x10, privilege: 3)
    },
    Provocation("gate80-sel-range", "128 13(f8) rip 10000019 rsp0") {
      $0.setGate(0x80, selector: 0xf8, privilege: 3)
    },
    Provocation("gate80-sel-ldt", "128 13(c) rip 10000019 rsp0") {
      $0.setGate(0x80, selector: 0x0c, privilege: 3)
    },
    Provocation("gate80-sel-32bit", "128 13(28) rip 10000019 rsp0") {
      $0.setDescriptor(5, 0x00cf_9b00_0000_ffff)
      $0.setGate(0x80, selector: 0x28, privilege: 3)
    },
    Provocation("gate80-sel-absent", "128 11(28) rip 10000019 rsp0") {
      $0.setDescriptor(5, 0x00af_1b00_0000_ffff)
      $0.setGate(0x80, selector: 0x28, privilege: 3)
    },
    Provocation(
      "irq gate with a data selector", "32 13(11) rip 10000019 rsp0", tcg: "32 13(10) rip 10000019 rsp0",
      event: .externalInterrupt(0x20)
    ) { $0.setGate(0x20, selector: 0x10) },
    Provocation(
      "irq gate with a null selector", "32 13(1) rip 10000019 rsp0", tcg: "32 13(0) rip 10000019 rsp0",
      event: .externalInterrupt(0x20)
    ) { $0.setGate(0x20, selector: 0) },
    Provocation("gate80-sel with RPL 3", "128 rip 1000001b rsp0") {
      $0.setGate(0x80, selector: 0x0b, privilege: 3)
    },
    Provocation("gate80-sel-user", "128 14(15) rip ffffffff80001600 rsp0 cr2 ffffffff80001600") {
      $0.setGate(0x80, selector: 0x33, privilege: 3)
    },
    Provocation("gate80-sel-conforming", "128 14(15) rip ffffffff80001600 rsp0 cr2 ffffffff80001600") {
      $0.setDescriptor(5, 0x00af_9f00_0000_ffff)
      $0.setGate(0x80, selector: 0x28, privilege: 3)
    },
    Provocation(
      "gate80-off-noncanon", "128 13(0) rip 10000019 rsp0", tcg: "128 13(0) rip 900000000000 current stack"
    ) { $0.setGate(0x80, offset: 0x9000_0000_0000, privilege: 3) },
    Provocation("handler-absent", "128 14(10) rip ffffffff80020000 current stack cr2 ffffffff80020000") {
      $0.setGate(0x80, offset: handlerPage, privilege: 3)
    },
    Provocation("handler-nx", "128 14(11) rip ffffffff80020000 current stack cr2 ffffffff80020000") {
      $0.mapFresh(handlerPage, flags: .present | .noExecute)
      $0.setGate(0x80, offset: handlerPage, privilege: 3)
    },
    Provocation("handler-user,smep", "128 14(11) rip ffffffff80020000 current stack cr2 ffffffff80020000") {
      $0.mapFresh(handlerPage, flags: .present | .user)
      $0.setAll(.user, of: handlerPage)
      $0.registers.cr4.insert(.supervisorExecutionPrevention)
      $0.setGate(0x80, offset: handlerPage, privilege: 3)
    },
    Provocation(
      "handler-rsvd", "128 14(19) rip ffffffff80020000 current stack cr2 ffffffff80020000",
      tcg: "128 14(18) rip ffffffff80020000 current stack cr2 ffffffff80020000"
    ) {
      $0.mapFresh(handlerPage, flags: .present)
      $0.edit(.pageTable, of: handlerPage) { $0 | 1 << 50 }
      $0.setGate(0x80, offset: handlerPage, privilege: 3)
    },
    Provocation("pf-handler-absent", "128 14(2) recursion 14 cr2 ffffffff80020000") {
      $0.setGate(14, offset: handlerPage, interruptStack: 3)
      $0.clear(.pageTable, of: Layout.rsp0 - 8)
    },
  ]

  static let handlerPage: UInt64 = 0xffff_ffff_8002_0000

  static var all: [Provocation] { stacks + otherEvents + tables + gates }
}

extension TestMachine {
  /// Moves the IDT so that the gate of vector 0x80 begins its second page.
  fileprivate mutating func moveIDT() {
    let base: UInt64 = 0xffff_ffff_8003_0800
    mapFresh(base - 0x800, pages: 2, flags: .present | .writable | .noExecute)
    for offset in stride(from: UInt64(0), to: 0x1000, by: 8) {
      storeVirtual(loadVirtual(Layout.idt + offset)!, at: base + offset)
    }
    registers.interruptTable?.base = VirtualAddress(base)
  }
}
