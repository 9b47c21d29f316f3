import RingTransition
import X86

extension TestMachine {
  /// Adds SYSCALL, SWAPGS and a per-processor block to the healthy machine.
  public mutating func enableSystemCalls() {
    registers.vendor = .amd
    registers.efer.insert(.syscallEnable)
    registers.star = 0x0023_0008 << 32
    registers.lstar = Layout.systemCallEntry
    registers.cstar = 0
    registers.syscallMask = 0x47700
    mapFresh(Layout.perProcessorBlock, flags: .present | .writable | .noExecute)
    storeVirtual(Layout.perProcessorBlock, at: Layout.perProcessorBlock)
    storeVirtual(Layout.rsp0, at: Layout.perProcessorBlock + 8)
    registers.kernelGSBase = Layout.perProcessorBlock
    registers.gsBase = Layout.userBase
  }

  /// Stands at a `sysretq` that returns to the same place as the healthy `iretq`.
  public mutating func standAtSysretq() {
    storeVirtual([0x48, 0x0f, 0x07], at: Layout.iretq)
    registers.general[RegisterFile.rcxNumber] = Layout.userText
    registers.general[RegisterFile.r11Number] = 0x202
    registers.rsp = Layout.userStackTop
  }
}

extension AuditOptions {
  /// What the same kernel declares.
  public static var systemCalls: AuditOptions {
    var options = AuditOptions.declared
    options.systemCallInstruction = .used
    options.swapgs = .used
    options.perProcessorBlock = Layout.perProcessorBlock
    options.selfPointerOffset = 0
    options.systemCallStack = .variable(Layout.perProcessorBlock + 8)
    options.expectedGSBase = Layout.userBase
    return options
  }
}
