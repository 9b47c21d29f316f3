import RingTransition
import TestSupport
import X86

extension Breakage {
  /// RT-034...RT-037.
  static let taskFields: [Breakage] = [
    Breakage("port bitmap inside the limit, all open", [34]) { $0.placePortBitmap(of: [0, 0]) },
    Breakage("one port open", [34]) { $0.placePortBitmap(of: [0xff, 0xfe]) },
    Breakage("port bitmap inside the limit, all closed", []) { $0.placePortBitmap(of: [0xff, 0xff]) },
    Breakage("ports given to the process", [], options: .declared { $0.portPermissions = .used }) {
      $0.placePortBitmap(of: [0, 0])
    },
    Breakage("TSS writable by Ring 3", [35], follows: [82]) { $0.setAll(.user, of: Layout.tss) },
    Breakage("TSS readable by Ring 3", [82]) {
      $0.setAll(.user, of: Layout.tss)
      $0.remove(.writable, .pageTable, of: Layout.tss)
    },
    Breakage("RSP1 not canonical", [36]) { $0.storeVirtual(0x9000_0000_0000, at: Layout.tss + 12) },
    Breakage("RSP2 in use", []) { $0.storeVirtual(Layout.userStackTop, at: Layout.tss + 20) },
    Breakage("reserved field of the TSS in use", [36]) { $0.storeVirtual(0x10, at: Layout.tss + 28) },
    Breakage("TSS runs into an unmapped page behind its last used field", [37], unchecked: [34, 36]) {
      $0.moveTSS(to: Layout.tss + 0x1000 - 96)
    },
  ]

  /// RT-080...RT-085.
  static let tables: [Breakage] = [
    Breakage("LDTR names a TSS", [80]) {
      $0.registers.localTable = SegmentCache(
        selector: SegmentSelector(rawValue: 0x18), base: Layout.tss, limit: 7,
        attributes: SegmentAttributes(rawValue: 0x8b))
    },
    Breakage("LDT not mapped", [80]) { $0.loadLocalTable(at: 0xffff_ffff_8004_0000) },
    Breakage("LDT as it should be", []) {
      $0.mapFresh(0xffff_ffff_8004_0000, flags: .present | .noExecute)
      $0.loadLocalTable(at: 0xffff_ffff_8004_0000)
    },
    Breakage("CS in an LDT that the kernel does not have", [81], options: .declared) {
      $0.returnThroughLocalTable()
    },
    Breakage("CS in an LDT of the process", [], options: .declared { $0.localTables = .used }) {
      $0.returnThroughLocalTable()
    },
    Breakage(
      "CS in an LDT of somebody", [], unchecked: [81], options: .declared { $0.localTables = .unknown }
    ) { $0.returnThroughLocalTable() },
    Breakage("GDT readable by Ring 3", [82]) { $0.setAll(.user, of: Layout.gdt) },
    Breakage("IDT readable by Ring 3", [82]) { $0.setAll(.user, of: Layout.idt) },
    Breakage("GDT writable", [83]) { $0.set(.writable, .pageTable, of: Layout.gdt) },
    Breakage("IDT writable", [83]) { $0.set(.writable, .pageTable, of: Layout.idt) },
    Breakage("call gate in the GDT", [84]) {
      $0.registers.globalTable?.limit = 71
      $0.setDescriptor(7, 0x8000_ec00_0008_1000)
    },
    Breakage("LDT descriptor open to Ring 3", [84]) {
      $0.registers.globalTable?.limit = 71
      $0.setDescriptor(7, 0x0000_e200_0000_0fff)
    },
    Breakage("second half of a descriptor looks like a call gate", []) {
      $0.registers.globalTable?.limit = 71
      $0.setDescriptor(7, 0x0000_8200_0000_0fff)
      $0.setDescriptor(8, 0x0000_ec00_0000_0000)
    },
    Breakage("null descriptor in use", [84]) { $0.setDescriptor(0, 1) },
  ]
}

extension TestMachine {
  /// Moves the TSS, with all that was in it.
  mutating func moveTSS(to base: UInt64) {
    var words: [UInt64] = []
    for offset in stride(from: UInt64(0), to: 104, by: 8) { words.append(loadVirtual(Layout.tss + offset)!) }
    for (index, word) in words.enumerated() {
      let address = base + UInt64(index * 8)
      if loadVirtual(address) != nil { storeVirtual(word, at: address) }
    }
    registers.taskRegister?.base = base
    setTaskDescriptor(base: base, limit: 103, type: .busyTSS)
  }

  /// Puts `bytes` and the closing byte behind the TSS and into its limit.
  fileprivate mutating func placePortBitmap(of bytes: [UInt8]) {
    storeVirtual(bytes + [0xff], at: Layout.tss + 104)
    let limit = 103 + UInt32(bytes.count) + 1
    registers.taskRegister?.limit = limit
    setTaskDescriptor(base: Layout.tss, limit: limit, type: .busyTSS)
  }

  fileprivate mutating func loadLocalTable(at base: UInt64) {
    registers.globalTable?.limit = 71
    setDescriptor(7, 0x0000_8200_0000_000f)
    registers.localTable = SegmentCache(
      selector: SegmentSelector(rawValue: 0x38), base: base, limit: 15,
      attributes: SegmentAttributes(rawValue: 0x82))
  }

  /// A frame whose CS is the second entry of an LDT that is there.
  fileprivate mutating func returnThroughLocalTable() {
    mapFresh(0xffff_ffff_8004_0000, flags: .present | .noExecute)
    loadLocalTable(at: 0xffff_ffff_8004_0000)
    storeVirtual(0x00af_fb00_0000_ffff, at: 0xffff_ffff_8004_0008)
    editFrame { $0.cs = 0x0f }
  }
}
