import RingTransition
import TestSupport
import X86

extension Breakage {
  /// RT-041, RT-085 and RT-120...RT-132, at the `iretq` of a kernel with SYSCALL.
  static let systemCalls: [Breakage] = [
    call("SYSCALL as it should be", []),
    call("NMI without IST while SYSCALL is on", [41], unchecked: [49]) { $0.setGate(2) },
    call("#MC without IST while SYSCALL is on", [41]) { $0.setGate(18) },
    call("SYSRET's user data is code", [7, 85]) { $0.setDescriptor(5, 0x00af_fb00_0000_ffff) },
    call("kernel data read-only", [85]) { $0.setDescriptor(2, 0x00cf_9100_0000_ffff) },
    call("SYSRET's user code 32-bit", [13, 85, 122]) {
      $0.setDescriptor(6, 0x00cf_fb00_0000_ffff)
    },
    call("kernel CS absent, for gates and STAR", [62], follows: [85, 123]) {
      $0.setDescriptor(1, 0x00af_1b00_0000_ffff)
    },
    call("SCE clear", [120]) { $0.registers.efer.remove(.syscallEnable) },
    call(
      "SCE set, and the kernel does not mean it", [120],
      options: .systemCalls { $0.systemCallInstruction = .unused }),
    call("LSTAR zero", [121]) { $0.registers.lstar = 0 },
    call("LSTAR not canonical", [121]) { $0.registers.lstar = 0x9000_0000_0000 },
    call("LSTAR on a no-execute page", [121]) { $0.registers.lstar = Layout.gdt },
    call("LSTAR in Ring 3's code", [121]) { $0.registers.lstar = Layout.userText },
    call("LSTAR outside the kernel's text", [121]) {
      $0.mapFresh(0xffff_ffff_8003_0000, flags: .present)
      $0.registers.lstar = 0xffff_ffff_8003_0000
    },
    call("LSTAR's page ends before the entry does", [121]) { $0.registers.lstar = Layout.kernelText + 0xff8 },
    call("CSTAR zero with a 32-bit segment, on AMD", [122]) { $0.addCompatibilitySegment() },
    call("CSTAR zero with a 32-bit segment, on Intel", []) {
      $0.addCompatibilitySegment()
      $0.registers.vendor = .intel
    },
    call("CSTAR zero with a 32-bit segment, on whatever", [], unchecked: [122]) {
      $0.addCompatibilitySegment()
      $0.registers.vendor = .unknown
    },
    call("SYSENTER's stack in the user half", [122]) {
      $0.addCompatibilitySegment()
      $0.registers.vendor = .intel
      $0.registers.sysenterCS = 8
      $0.registers.sysenterEIP = Layout.systemCallEntry
      $0.registers.sysenterESP = 0x1000
    },
    call("SYSENTER's target zero", [122]) {
      $0.addCompatibilitySegment()
      $0.registers.vendor = .intel
      $0.registers.sysenterCS = 8
      $0.registers.sysenterESP = Layout.rsp0
    },
    call("STAR without RPL", [123]) { $0.registers.star = 0x0020_0008 << 32 },
    call("STAR with data for the kernel's code", [123], follows: [85]) {
      $0.registers.star = 0x0023_0010 << 32
    },
    call("SFMASK zero", [124]) { $0.registers.syscallMask = 0 },
    call("SFMASK without TF", [124]) { $0.registers.syscallMask = 0x47600 },
    call("SFMASK with more than is needed", []) { $0.registers.syscallMask = 0x257fd5 },
    call("KERNEL_GS_BASE zero", [125]) { $0.registers.kernelGSBase = 0 },
    call("the bases the wrong way round", [125], follows: [160, 162]) {
      $0.registers.kernelGSBase = Layout.userBase
      $0.registers.gsBase = Layout.perProcessorBlock
    },
    call("the bases the wrong way round, nothing declared", [125], follows: [160], options: undeclared) {
      $0.registers.kernelGSBase = Layout.userBase
      $0.registers.gsBase = Layout.perProcessorBlock
    },
    call("both bases zero, nothing declared", [], unchecked: [125], options: undeclared) {
      $0.registers.kernelGSBase = 0
      $0.registers.gsBase = 0
    },
    call("per-processor block not mapped, nothing declared", [], unchecked: [125], options: undeclared) {
      $0.clear(.pageTable, of: Layout.perProcessorBlock)
    },
    call("per-processor block not mapped", [125, 132]) { $0.clear(.pageTable, of: Layout.perProcessorBlock) },
    call("another processor's block", [125]) { $0.storeVirtual(0x1234, at: Layout.perProcessorBlock) },
    call("IF in the window of swapgs", [144], follows: [130]) {
      $0.registers.rflags.insert(.interruptEnable)
    },
    call("NT in the kernel", [3], follows: [144]) { $0.registers.rflags.insert(.nestedTask) },
    call("RIP two bytes below the hole", [10, 111], follows: [128]) {
      $0.mapFresh(0x7fff_ffff_f000, flags: .present | .user)
      $0.editFrame { $0.rip = 0x7fff_ffff_fffe }
    },
    call("SYSCALL's stack zero", [132]) { $0.storeVirtual(0, at: Layout.perProcessorBlock + 8) },
    call("SYSCALL's stack not mapped", [132]) {
      $0.storeVirtual(0xffff_ffff_c000_0000, at: Layout.perProcessorBlock + 8)
    },
    call("SYSCALL's stack is that of NMI", [132]) {
      $0.storeVirtual(Layout.interruptStackTop(2), at: Layout.perProcessorBlock + 8)
    },
    call("SYSCALL's stack is RSP0, which is not mapped", [26], follows: [28, 132], unchecked: [27, 32]) {
      $0.clear(.pml4, of: Layout.rsp0 - 8)
    },
    call(
      "SYSCALL's stack not known", [], unchecked: [132],
      options: .systemCalls { $0.systemCallStack = .unknown }),
    call("model-specific registers not known", [], unchecked: [85, 121, 123, 124]) {
      $0.registers.star = nil
      $0.registers.lstar = nil
      $0.registers.syscallMask = nil
    },
    call("sign of the base trusted", [163], options: .systemCalls { $0.paranoidEntry = .signOfBase }) {
      $0.registers.cr4.insert(.fsgsbase)
    },
    call("base found otherwise", [], options: .systemCalls { $0.paranoidEntry = .independent }) {
      $0.registers.cr4.insert(.fsgsbase)
    },
  ]

  /// RT-126...RT-131, at a `sysretq`.
  static let systemReturns: [Breakage] = [
    systemReturn("sysretq as it should be", []),
    systemReturn("RCX not canonical", [126], follows: [10, 14]) {
      $0.registers.general[RegisterFile.rcxNumber] = 0x8000_0000_0000
    },
    systemReturn("RCX in the kernel", [126], follows: [10, 14], unchecked: [16]) {
      $0.registers.general[RegisterFile.rcxNumber] = Layout.kernelText
    },
    systemReturn("IF clear in R11", [12], follows: [127]) {
      $0.registers.general[RegisterFile.r11Number] = 2
    },
    systemReturn("TF in R11", [12], follows: [127]) { $0.registers.general[RegisterFile.r11Number] = 0x302 },
    systemReturn("TF in R11 of a traced task", [], options: .systemCalls { $0.tracing = .singleStepped }) {
      $0.registers.general[RegisterFile.r11Number] = 0x302
    },
    systemReturn("RSP in the kernel", [11], follows: [15]) { $0.registers.rsp = Layout.rsp0 },
    systemReturn("SYSRETL instead of SYSRETQ", [129]) {
      $0.storeVirtual([0x0f, 0x07, 0x90], at: Layout.iretq)
    },
    systemReturn("IF on Ring 3's stack", [144], follows: [130]) {
      $0.registers.rflags.insert(.interruptEnable)
    },
    systemReturn("SS null on AMD, where compatibility mode is", [122, 131]) {
      $0.addCompatibilitySegment()
      $0.registers.ss = SegmentSelector(rawValue: 0)
    },
    systemReturn("SS null on AMD, and no compatibility mode", []) {
      $0.registers.ss = SegmentSelector(rawValue: 0)
    },
    systemReturn("SS null on Intel", []) {
      $0.addCompatibilitySegment()
      $0.registers.ss = SegmentSelector(rawValue: 0)
      $0.registers.vendor = .intel
    },
    systemReturn("SS null on whatever", [], unchecked: [122, 131]) {
      $0.addCompatibilitySegment()
      $0.registers.ss = SegmentSelector(rawValue: 0)
      $0.registers.vendor = .unknown
    },
    systemReturn("code not mapped", [14]) { $0.clear(.pageTable, of: Layout.userText) },
    systemReturn("the kernel stack not mapped", [26], follows: [28, 132], unchecked: [27, 32]) {
      $0.clear(.pml4, of: Layout.rsp0 - 8)
    },
  ]

  private static let undeclared = AuditOptions.systemCalls {
    $0.swapgs = .unknown
    $0.pageTableIsolation = .unknown
    $0.perProcessorBlock = nil
    $0.selfPointerOffset = nil
    $0.expectedGSBase = nil
    $0.systemCallStack = .rsp0
  }

  private static func call(
    _ name: String, _ roots: [UInt16], follows followers: [UInt16] = [], unchecked: [UInt16] = [],
    options: AuditOptions = .systemCalls, _ apply: @escaping @Sendable (inout TestMachine) -> Void = { _ in }
  ) -> Breakage {
    Breakage(name, roots, follows: followers, unchecked: unchecked, options: options) {
      $0.enableSystemCalls()
      apply(&$0)
    }
  }

  private static func systemReturn(
    _ name: String, _ roots: [UInt16], follows followers: [UInt16] = [], unchecked: [UInt16] = [],
    options: AuditOptions = .systemCalls, _ apply: @escaping @Sendable (inout TestMachine) -> Void = { _ in }
  ) -> Breakage {
    Breakage(name, roots, follows: followers, unchecked: unchecked, options: options) {
      $0.enableSystemCalls()
      $0.standAtSysretq()
      apply(&$0)
    }
  }
}

extension AuditOptions {
  /// The declarations of the kernel with SYSCALL, with one changed.
  fileprivate static func systemCalls(_ change: (inout AuditOptions) -> Void) -> AuditOptions {
    var options = AuditOptions.systemCalls
    change(&options)
    return options
  }
}

extension TestMachine {
  /// A 32-bit code segment for Ring 3 behind the others.
  fileprivate mutating func addCompatibilitySegment() {
    registers.globalTable?.limit = 63
    setDescriptor(7, 0x00cf_fb00_0000_ffff)
  }
}
