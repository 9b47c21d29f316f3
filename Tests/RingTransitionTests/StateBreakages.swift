import RingTransition
import TestSupport
import X86

extension Breakage {
  /// RT-014...RT-017.
  static let userState: [Breakage] = [
    Breakage("code page absent", [14]) { $0.clear(.pageTable, of: Layout.userText) },
    Breakage(
      "code page absent under demand paging", [],
      options: .declared { $0.residency = .demandPaged }
    ) {
      $0.clear(.pageTable, of: Layout.userText)
    },
    Breakage(
      "code page no-execute", [14], options: .declared { $0.residency = .demandPaged }
    ) {
      $0.set(.noExecute, .pageTable, of: Layout.userText)
    },
    Breakage("code page supervisor", [14]) { $0.remove(.user, .pageDirectory, of: Layout.userText) },
    Breakage("stack page absent", [15]) { $0.clear(.pageTable, of: Layout.userStackTop - 8) },
    Breakage("stack page read-only", [15]) { $0.remove(.writable, .pageTable, of: Layout.userStackTop - 8) },
    Breakage(
      "stack page copy-on-write", [], options: .declared { $0.residency = .demandPaged }
    ) {
      $0.remove(.writable, .pageTable, of: Layout.userStackTop - 8)
    },
    Breakage("mapped kernel address in R12, history unknown", [], unchecked: [16]) {
      $0.registers.general[12] = Layout.kernelText
    },
    Breakage("unmapped kernel address in R12, history unknown", []) {
      $0.registers.general[12] = 0xffff_ffff_c000_0000
    },
    Breakage(
      "unmapped kernel address on the first return", [16],
      options: .declared { $0.history = .firstReturn }
    ) {
      $0.registers.general[0] = 0xffff_ffff_c000_0000
    },
    Breakage("error result on the first return", [], options: .declared { $0.history = .firstReturn }) {
      $0.registers.general[0] = 0 &- 38
    },
    Breakage(
      "kernel address that Ring 3 brought in", [],
      options: .declared {
        var values = InlineArray<16, UInt64>(repeating: 0)
        values[4] = Layout.kernelText
        $0.history = .entered(values)
      }
    ) {
      $0.registers.general[4] = Layout.kernelText
    },
    Breakage(
      "kernel address that Ring 3 did not bring in", [16],
      options: .declared { $0.history = .entered(InlineArray(repeating: 1)) }
    ) {
      $0.registers.general[15] = Layout.rsp0 - 64
    },
    Breakage("kernel selector in DS", [16], follows: [161]) {
      $0.registers.ds = SegmentSelector(rawValue: 0x10)
    },
    Breakage("selector beyond the GDT in GS", [16], follows: [161]) {
      $0.registers.gs = SegmentSelector(rawValue: 0x103)
    },
    Breakage("user selector in ES and FS", []) {
      $0.registers.es = SegmentSelector(rawValue: 0x2b)
      $0.registers.fs = SegmentSelector(rawValue: 0x2b)
    },
    Breakage("frame one slot too low", [17]) {
      $0.registers.rsp -= 8
      $0.setFrame(TestMachine.userFrame)
    },
    Breakage("no slot declared", [], unchecked: [17], options: .declared { $0.frameEnd = nil }) { _ in },
    Breakage("no slot declared, frame on RSP0's stack", [], options: .declared { $0.frameEnd = nil }) {
      $0.registers.rsp = Layout.rsp0 - InterruptFrame.byteCount
      $0.setFrame(TestMachine.userFrame)
    },
  ]

  /// RT-020...RT-023.
  static let taskState: [Breakage] = [
    Breakage("LTR never executed", [20], unchecked: taskStateRules) {
      $0.registers.taskRegister = SegmentCache(
        selector: SegmentSelector(rawValue: 0), base: 0, limit: 0xffff, attributes: nil)
    },
    Breakage("TR not present", [20], unchecked: taskStateRules) {
      $0.registers.taskRegister?.attributes = SegmentAttributes(rawValue: 0x0b)
    },
    Breakage("TR with the type of an LDT", [20], unchecked: taskStateRules) {
      $0.registers.taskRegister?.attributes = SegmentAttributes(rawValue: 0x82)
    },
    Breakage("TR base not canonical", [20], unchecked: taskStateRules) {
      $0.registers.taskRegister?.base = 0x9000_0000_0000
    },
    Breakage("TR not marked busy in the hidden part", []) {
      $0.registers.taskRegister?.attributes = SegmentAttributes(rawValue: 0x89)
    },
    Breakage("TR not known", [], unchecked: [20] + taskStateRules) { $0.registers.taskRegister = nil },
    Breakage("TSS limit below RSP0", [21], follows: [], unchecked: afterLimit) {
      $0.registers.taskRegister?.limit = 10
      $0.setTaskDescriptor(base: Layout.tss, limit: 10, type: .busyTSS)
    },
    Breakage("TSS limit below IST1", [21], unchecked: [36, 42, 45, 49]) {
      $0.registers.taskRegister?.limit = 42
      $0.setTaskDescriptor(base: Layout.tss, limit: 42, type: .busyTSS)
    },
    Breakage("TSS limit that holds the slots in use", [], unchecked: [36]) {
      $0.registers.taskRegister?.limit = 67
      $0.setTaskDescriptor(base: Layout.tss, limit: 67, type: .busyTSS)
    },
    Breakage("TSS not mapped", [22], unchecked: Array(24...36) + [42, 44, 45, 48, 49, 106]) {
      $0.clear(.pageTable, of: Layout.tss)
    },
    Breakage("TSS on a user page under SMAP", [22], follows: [35, 82]) {
      $0.setAll(.user, of: Layout.tss)
      $0.registers.cr4.insert(.supervisorAccessPrevention)
      // The kernel's other pages share the upper levels, which say nothing on their own.
    },
    Breakage("TSS read-only", []) { $0.remove(.writable, .pageTable, of: Layout.tss) },
    Breakage("TSS on two pages", []) { $0.straddleTSS() },
    Breakage("second page of the TSS not mapped", [22], follows: [37], unchecked: [34, 36, 42, 45, 49]) {
      $0.straddleTSS()
      $0.clear(.pageTable, of: Layout.tss + 0x1000)
    },
    Breakage("GDT says available", [23]) {
      $0.setTaskDescriptor(base: Layout.tss, limit: 103, type: .availableTSS)
    },
    Breakage("GDT says another base", [23]) {
      $0.setTaskDescriptor(base: Layout.tss + 16, limit: 103, type: .busyTSS)
    },
    Breakage("GDT says another limit", [23]) {
      $0.setTaskDescriptor(base: Layout.tss, limit: 102, type: .busyTSS)
    },
    Breakage("type field in the upper half", [23]) { $0.setDescriptor(4, 0xffff_ffff | 0x9 << 40) },
  ]

  private static let taskStateRules: [UInt16] = Array(21...37) + [42, 44, 45, 48, 49, 82, 106]
  private static let afterLimit: [UInt16] = Array(24...33) + [36, 42, 44, 45, 48, 49, 106]
}

extension TestMachine {
  /// Moves the TSS so that IST1 and everything above lies on a second page.
  fileprivate mutating func straddleTSS() {
    mapFresh(Layout.tss + 0x1000, flags: .present | .writable | .noExecute)
    let base = Layout.tss + 0x1000 - 36
    storeVirtual(Layout.rsp0, at: base + 4)
    for slot in 1...7 {
      storeVirtual(Layout.interruptStackTop(slot), at: base + 36 + UInt64(slot - 1) * 8)
    }
    storeVirtual(0x0068_0000_0000_0000, at: base + 96)
    registers.taskRegister?.base = base
    setTaskDescriptor(base: base, limit: 103, type: .busyTSS)
  }
}
