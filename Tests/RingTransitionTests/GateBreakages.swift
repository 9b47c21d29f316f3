import RingTransition
import TestSupport
import X86

extension Breakage {
  /// RT-060...RT-075.
  static let gates: [Breakage] = [
    Breakage("GDTR base not canonical", [60], follows: [6, 7, 23], unchecked: [8, 13, 62, 84]) {
      $0.registers.globalTable?.base = VirtualAddress(0x9000_0000_0000)
    },
    Breakage("GDT on a user page under SMAP", [60], follows: [6, 7, 23, 82], unchecked: [8, 13, 62]) {
      $0.setAll(.user, of: Layout.gdt)
      $0.registers.cr4.insert(.supervisorAccessPrevention)
    },
    Breakage("kernel CS not accessed in the read-only GDT", [61]) {
      $0.setDescriptor(1, 0x00af_9a00_0000_ffff)
    },
    Breakage("kernel CS not accessed in a writable GDT", [83]) {
      $0.setDescriptor(1, 0x00af_9a00_0000_ffff)
      $0.set(.writable, .pageTable, of: Layout.gdt)
    },
    Breakage("gate with a null selector", [62]) { $0.setGate(0x80, selector: 0, privilege: 3) },
    Breakage("gate with a data selector", [62]) { $0.setGate(0x80, selector: 0x10, privilege: 3) },
    Breakage("gate with a selector beyond the GDT", [62]) { $0.setGate(0x80, selector: 0xf8, privilege: 3) },
    Breakage("gate with a selector of the LDT", [62]) { $0.setGate(0x80, selector: 0x0c, privilege: 3) },
    Breakage("gate with the user's code selector", [62]) { $0.setGate(0x80, selector: 0x33, privilege: 3) },
    Breakage("gate with RPL bits, which are ignored", []) { $0.setGate(0x80, selector: 0x0b, privilege: 3) },
    Breakage("kernel CS conforming", [62]) { $0.setDescriptor(1, 0x00af_9f00_0000_ffff) },
    Breakage("kernel CS 32-bit", [62]) { $0.setDescriptor(1, 0x00cf_9b00_0000_ffff) },
    Breakage("kernel CS with L and D", [62]) { $0.setDescriptor(1, 0x00ef_9b00_0000_ffff) },
    Breakage("kernel CS absent", [62]) { $0.setDescriptor(1, 0x00af_1b00_0000_ffff) },
    Breakage("IDT ends before the system call", [63], unchecked: afterLimit) {
      $0.registers.interruptTable?.limit = 0x80e
    },
    Breakage("IDT ends before the exceptions", [63], unchecked: afterLimit + [40, 44, 48, 49, 51]) {
      $0.registers.interruptTable?.limit = 0
    },
    Breakage(
      "IDT ends right behind the last needed gate", [], options: .declared { $0.interruptVectors = nil }
    ) {
      $0.registers.interruptTable?.limit = 0x80f
    },
    Breakage("IDT on a user page under SMAP", [64], follows: [82]) {
      $0.setAll(.user, of: Layout.idt)
      $0.registers.cr4.insert(.supervisorAccessPrevention)
    },
    Breakage("gate of #PF absent", [65]) { $0.removeGate(14) },
    Breakage("gate of #GP absent", [65]) { $0.removeGate(13) },
    Breakage("gate of #MC absent", [65], follows: [51]) { $0.removeGate(18) },
    Breakage("gate of the timer absent", [65]) { $0.removeGate(0x20) },
    Breakage("gate of the system call absent", [65]) { $0.removeGate(0x80) },
    Breakage("gate of the system call is a call gate", [65]) {
      $0.setGate(0x80, type: .callGate, privilege: 3)
    },
    Breakage("gate of a vector that nothing raises absent", []) { $0.removeGate(0x90) },
    Breakage("gate with a reserved bit of byte 4", [66]) {
      $0.storeVirtual($0.loadVirtual(Layout.gate(6))! | 1 << 36, at: Layout.gate(6))
    },
    Breakage("gate with a reserved bit of the last word", [66]) {
      $0.storeVirtual($0.loadVirtual(Layout.gate(6) + 8)! | 1 << 40, at: Layout.gate(6) + 8)
    },
    Breakage("system call closed to Ring 3", [67]) { $0.setGate(0x80) },
    Breakage("#PF open to Ring 3", [67]) { $0.setGate(14, privilege: 3) },
    Breakage("timer open to Ring 3", [67]) { $0.setGate(0x20, privilege: 3) },
    Breakage("int3 closed to Ring 3", [67]) { $0.setGate(3) },
    Breakage("system call open, nothing declared", [], options: .declared { $0.systemCallVectors = nil }) {
      _ in
    },
    Breakage("another gate open, nothing declared", [], options: .declared { $0.systemCallVectors = nil }) {
      $0.setGate(0x30, privilege: 3)
    },
    Breakage("timer open, system calls not declared", [67], options: .declared { $0.systemCallVectors = nil })
    {
      $0.setGate(0x20, privilege: 3)
    },
    Breakage("another gate open, and it is no system call", [67]) { $0.setGate(0x30, privilege: 3) },
    Breakage("system call closed, nothing declared", [], options: .declared { $0.systemCallVectors = nil }) {
      $0.setGate(0x80)
    },
    Breakage("trap gate of a kernel that swaps nothing", []) { $0.setGate(6, type: .trapGate) },
    Breakage(
      "trap gate, nothing declared", [], unchecked: [68, 125],
      options: .declared { $0.swapgs = .unknown }
    ) { $0.setGate(6, type: .trapGate) },
    Breakage(
      "trap gate before a change of tables", [68], options: .declared { $0.pageTableIsolation = .used }
    ) {
      $0.setGate(6, type: .trapGate)
    },
    Breakage("handler not canonical", [69]) { $0.setGate(0x80, offset: 0x9000_0000_0000, privilege: 3) },
    Breakage("handler not mapped", [70], options: .declared { $0.kernelText = nil }) {
      $0.setGate(0x80, offset: 0xffff_ffff_c000_0000, privilege: 3)
    },
    Breakage("handler runs into an unmapped page", [70]) {
      $0.setGate(0x80, offset: Layout.kernelText + 0xff8, privilege: 3)
    },
    Breakage("handlers no-execute", [70], follows: [75]) {
      $0.set(.noExecute, .pageTable, of: Layout.kernelText)
    },
    Breakage("handlers on a user page under SMEP", [70], follows: [75]) {
      $0.setAll(.user, of: Layout.kernelText)
      $0.registers.cr4.insert(.supervisorExecutionPrevention)
    },
    Breakage("handlers behind an entry with reserved bits", [70], follows: [75, 90], unchecked: [2]) {
      $0.edit(.pageTable, of: Layout.kernelText) { $0 | 1 << 51 }
    },
    Breakage("handlers on a user page", [71]) { $0.setAll(.user, of: Layout.kernelText) },
    Breakage("handlers writable", [71]) { $0.set(.writable, .pageTable, of: Layout.kernelText) },
    Breakage("handler outside the kernel's text", [72]) { $0.placeHandler(at: 0xffff_ffff_8003_0000) },
    Breakage(
      "entry data not mapped", [73],
      options: .declared {
        $0.pageTableIsolation = .used
        $0.entryData[0] = AddressInterval(low: Layout.tss, high: Layout.tss + 0x1001)
      }
    ) { _ in },
    Breakage(
      "entry data mapped", [],
      options: .declared {
        $0.pageTableIsolation = .used
        $0.entryData[3] = AddressInterval(low: Layout.tss, high: Layout.tss + 0x1000)
      }
    ) { _ in },
    Breakage(
      "interrupt controller on the exceptions", [74], options: .declared { $0.interruptControllerBase = 8 }
    ) {
      _ in
    },
    Breakage("gate that nothing raises leads nowhere", [75]) {
      $0.setGate(0x90, offset: 0xffff_ffff_c000_0000)
    },
    Breakage("gate of #VE leads nowhere, as where nothing raises it", [75]) {
      $0.setGate(20, offset: 0xffff_ffff_c000_0000)
    },
  ]

  /// What cannot be answered when not every needed gate is there.
  private static let afterLimit: [UInt16] = [22, 42, 45, 46, 60, 61, 62, 65, 66, 67, 68, 69, 70, 71, 72, 75]
}

extension TestMachine {
  /// Gives vector 0x20 a handler on a page of its own.
  fileprivate mutating func placeHandler(at address: UInt64) {
    mapFresh(address, flags: .present)
    setGate(0x20, offset: address)
  }
}
