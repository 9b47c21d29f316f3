import RingTransition
import TestSupport
import X86

extension Breakage {
  /// RT-044...RT-051.
  static let machineEvents: [Breakage] = [
    Breakage("NMI and #MC on one IST slot", [44]) { $0.setGate(18, interruptStack: 2) },
    Breakage("IST1 and IST2 overlap", [42, 44], follows: [106]) {
      $0.setInterruptStack(2, Layout.interruptStackTop(1) - 0x1000)
    },
    Breakage("IST slot of two vectors that cannot nest", [46]) {
      $0.setGate(6, interruptStack: 5)
      $0.setGate(7, interruptStack: 5)
    },
    Breakage("page below IST1 mapped", [45]) {
      $0.mapFresh(
        Layout.interruptStackTop(1) - Layout.stackSize - 0x1000, flags: .present | .writable | .noExecute)
    },
    Breakage(
      "IST sizes not declared", [], unchecked: [45, 49], options: .declared { $0.interruptStackSize = nil }
    ) {
      _ in
    },
    Breakage(
      "IST sizes declared one by one", [],
      options: .declared {
        $0.interruptStackSize = nil
        for slot in 0..<7 { $0.interruptStackSizes[slot] = Layout.stackSize }
      }
    ) { _ in },
    Breakage("#PF on an IST stack", [46]) { $0.setGate(14, interruptStack: 5) },
    Breakage("#BP on an IST stack", []) {
      $0.setGate(3, privilege: 3, interruptStack: 6)
    },
    Breakage(
      "IST2 is another processor's stack", [47],
      options: .declared {
        $0.processorCount = 2
        $0.otherStacks[1] = StackInterval(top: Layout.interruptStackTop(2), byteCount: Layout.stackSize)
      }
    ) { _ in },
    Breakage("two processors, stacks apart", [], options: .declared { $0.processorCount = 2 }) { _ in },
    Breakage(
      "how many processors is not known", [], unchecked: [47], options: .declared { $0.processorCount = nil }
    ) {
      _ in
    },
    Breakage("return from the stack of #DF", [48], follows: [17]) {
      $0.moveFrame(to: Layout.interruptStackTop(1))
    },
    Breakage(
      "return from the stack of #MC, as declared", [], unchecked: [17],
      options: .declared {
        $0.interruptStackReturns = .used
        $0.frameEnd = nil
      }
    ) { $0.moveFrame(to: Layout.interruptStackTop(3)) },
    Breakage("nested return on the NMI stack", [48, 49], follows: [17]) {
      $0.moveFrame(to: Layout.interruptStackTop(2) - 0x100)
    },
    Breakage(
      "nested return on the NMI stack, nothing declared", [48], follows: [17], unchecked: [49],
      options: .declared { $0.nestedNonMaskableFrames = .unknown }
    ) { $0.moveFrame(to: Layout.interruptStackTop(2) - 0x100) },
    Breakage("breakpoint in the kernel", [50]) {
      $0.registers.debugAddress?[2] = Layout.kernelText
      $0.registers.debugControl = 0x400 | 1 << 5
    },
    Breakage("breakpoint in the kernel, not enabled", []) {
      $0.registers.debugAddress?[2] = Layout.kernelText
    },
    Breakage("breakpoint in Ring 3", []) {
      $0.registers.debugAddress?[0] = Layout.userText
      $0.registers.debugControl = 0x401
    },
    Breakage("debugger's breakpoint", [], options: .declared { $0.debugRegisters = .debugger }) {
      $0.registers.debugAddress?[0] = Layout.kernelText
      $0.registers.debugControl = 0x401
    },
    Breakage("debug registers not known", [], unchecked: [50]) { $0.registers.debugControl = nil },
    Breakage("machine checks off", [51], options: .declared { $0.expectedCR4 = nil }) {
      $0.registers.cr4.remove(.machineCheckEnable)
    },
  ]

  /// RT-140...RT-163.
  static let control: [Breakage] = [
    Breakage("CS of the kernel not 64-bit", [140]) {
      $0.registers.csCache = SegmentCache(
        selector: SegmentSelector(rawValue: 8), base: 0, limit: 0xffff_ffff,
        attributes: SegmentAttributes(rawValue: 0xc09b))
    },
    Breakage("WP clear", [141]) { $0.registers.cr0.remove(.writeProtect) },
    Breakage("NXE clear, and the stack no-execute", [142], follows: everyNoExecute, unchecked: afterNoExecute)
    {
      $0.registers.efer.remove(.noExecuteEnable)
    },
    Breakage("SMEP off where it exists", [143]) {
      $0.registers.features.set(.supervisorExecutionPrevention, true)
    },
    Breakage(
      "SMEP off on purpose", [],
      options: .declared { $0.protectionsLeftOff = .supervisorExecutionPrevention }
    ) { $0.registers.features.set(.supervisorExecutionPrevention, true) },
    Breakage(
      "SMEP off on purpose, and SMAP too, which nobody said", [143],
      options: .declared { $0.protectionsLeftOff = .supervisorExecutionPrevention }
    ) {
      $0.registers.features.set(.supervisorExecutionPrevention, true)
      $0.registers.features.set(.supervisorAccessPrevention, true)
    },
    Breakage("UMIP off where it may exist", [], unchecked: [143]) {
      $0.registers.features = ProcessorFeatures()
      $0.registers.cr4 = $0.registers.cr4 | .supervisorExecutionPrevention | .supervisorAccessPrevention
    },
    Breakage("all three on", []) {
      $0.registers.features = ProcessorFeatures()
      $0.registers.cr4 =
        $0.registers.cr4 | .supervisorExecutionPrevention | .supervisorAccessPrevention
        | .userModeInstructionPrevention
    },
    Breakage("TF in the kernel", [144]) { $0.registers.rflags.insert(.trap) },
    Breakage("AC in the kernel without SMAP", []) { $0.registers.rflags.insert(.alignmentCheck) },
    Breakage("AC in the kernel under SMAP", [144]) {
      $0.registers.rflags.insert(.alignmentCheck)
      $0.registers.cr4.insert(.supervisorAccessPrevention)
    },
    Breakage("IF in a kernel that swaps nothing", []) { $0.registers.rflags.insert(.interruptEnable) },
    Breakage("priority 15", [145]) { $0.registers.cr8 = 15 },
    Breakage("priority 1 keeps out nothing that a device raises", []) { $0.registers.cr8 = 1 },
    Breakage("CR8 not known", [], unchecked: [145]) { $0.registers.cr8 = nil },
    Breakage(
      "CR4 not as declared", [146],
      options: .declared { $0.expectedCR4 = ExpectedBits(mask: 1 << 7, value: 1 << 7) }
    ) { _ in },
    Breakage("key 5 denied, and the stack has it", [147]) { $0.denyStackKey(pkrs: 3 << 10) },
    Breakage("key 5 read-only, and the stack has it", [147]) { $0.denyStackKey(pkrs: 2 << 10) },
    Breakage("key 6 denied, and nothing has it", []) { $0.denyStackKey(pkrs: 3 << 12) },
    Breakage("TSS in the user half under LASS", [148], follows: []) {
      $0.registers.cr4.insert(.addressSpaceSeparation)
      $0.mapFresh(0x2000_0000, flags: .present | .writable | .noExecute)
      $0.moveTSS(to: 0x2000_0000)
    },
    Breakage("upper half under LASS", []) { $0.registers.cr4.insert(.addressSpaceSeparation) },
    Breakage("PCE", [149]) { $0.registers.cr4.insert(.performanceCounterEnable) },
    Breakage("NE clear", [149]) { $0.registers.cr0.remove(.numericError) },
    Breakage("EM with SSE on", [149]) {
      $0.registers.cr0.insert(.emulation)
      $0.registers.cr4.insert(.osFXSR)
    },
    Breakage("a lock is held", [151], options: .declared { $0.lockDepth = 1 }) { _ in },
    Breakage("locks not known", [], unchecked: [151], options: .declared { $0.lockDepth = nil }) { _ in },
    Breakage("FS base not canonical", [160, 162]) { $0.registers.fsBase = 0x9000_0000_0000 },
    Breakage("FS base in the kernel", [160], options: .declared { $0.expectedFSBase = nil }) {
      $0.registers.fsBase = Layout.kernelText
    },
    Breakage(
      "FS base in the kernel, which WRFSBASE allows", [], options: .declared { $0.expectedFSBase = nil }
    ) {
      $0.registers.fsBase = Layout.kernelText
      $0.registers.cr4.insert(.fsgsbase)
    },
    Breakage("bases not known", [], unchecked: [160, 162]) { $0.registers.fsBase = nil },
    Breakage("FS base of another thread", [162]) { $0.registers.fsBase = 0x2000_0000 },
  ]

  /// Every page but the code is no-execute, so nearly everything ends at bit 63.
  private static let everyNoExecute: [UInt16] = [1, 22, 23, 64, 90]
  private static let afterNoExecute: [UInt16] =
    Array(4...15) + Array(24...36) + [40, 42, 44, 45, 46, 48, 49, 51, 60, 61, 62] + Array(65...72) + [
      75, 81, 84, 106,
    ]
}

extension TestMachine {
  /// Moves the return frame under `end`.
  mutating func moveFrame(to end: UInt64) {
    registers.rsp = end - InterruptFrame.byteCount
    setFrame(Self.userFrame)
  }

  /// Gives the top page of the kernel stack key 5 and sets IA32_PKRS.
  fileprivate mutating func denyStackKey(pkrs: UInt64) {
    registers.cr4.insert(.supervisorProtectionKeys)
    registers.pkrs = pkrs
    edit(.pageTable, of: Layout.rsp0 - 8) { $0 | 5 << 59 }
  }
}
