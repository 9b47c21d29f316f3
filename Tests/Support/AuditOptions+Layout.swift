import RingTransition
import X86

extension AuditOptions {
  /// Everything that the healthy machine's kernel can declare.
  public static var declared: AuditOptions {
    var options = AuditOptions()
    options.kernelStackSize = Layout.stackSize
    options.interruptStackSize = Layout.stackSize
    options.frameEnd = Layout.exitStackTop
    options.currentStackTop = Layout.rsp0
    options.otherStacks[0] = StackInterval(top: Layout.exitStackTop, byteCount: Layout.stackSize)
    options.destination = .ringThree
    options.residency = .resident
    options.interruptStackReturns = .unused
    options.nestedNonMaskableFrames = .unused
    var systemCalls = VectorSet()
    systemCalls.insert(0x80)
    options.systemCallVectors = systemCalls
    var interrupts = VectorSet()
    for vector in [0x20, 0x21, 0xff] as [UInt8] { interrupts.insert(vector) }
    options.interruptVectors = interrupts
    options.systemCallInstruction = .unused
    options.swapgs = .unused
    options.pageTableIsolation = .unused
    options.kernelText = AddressInterval(low: Layout.kernelText, high: Layout.kernelText + 0x1000)
    options.interruptControllerBase = 0x20
    options.localTables = .unused
    options.expectedFSBase = 0
    options.lockDepth = 0
    options.processorCount = 1
    options.referenceRoot = Layout.root
    options.currentRoot = Layout.root
    options.memory.insert(low: 0, high: 0x100_0000)
    options.generatedCode = .unused
    options.expectedCR4 = ExpectedBits(
      mask: CR4.fiveLevelPaging.rawValue | CR4.machineCheckEnable.rawValue,
      value: CR4.machineCheckEnable.rawValue)
    return options
  }
}

extension TestMachine {
  /// The findings of an audit of this machine.
  public func audited(_ options: AuditOptions = .declared) -> FindingCollector {
    var machine = self
    var collector = FindingCollector()
    auditReturn(&machine, options: options, sink: &collector)
    return collector
  }
}
