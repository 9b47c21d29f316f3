import Boot
import Core
import Machine
import RingTransition
import X86

/// What this kernel knows about itself, for the rules that cannot be decided without.
func declare(_ options: inout AuditOptions) {
  options.destination = .ringThree
  declareStacks(&options)
  declareEntries(&options)
  declareTables(&options)
  declareState(&options)
}

private func declareStacks(_ options: inout AuditOptions) {
  options.kernelStackSize = StackRegion.processes.stackBytes
  options.interruptStackSize = StackRegion.processor.stackBytes
  options.currentStackTop = ExportedTable.currentStackTop
  options.otherStacks[0] = StackInterval(
    top: ReturnPath.exitStackTop.rawValue, byteCount: StackRegion.processor.stackBytes)
  options.systemCallStack = .variable(ProcessorBlock.kernelStackAddress(0).rawValue)
}

private func declareEntries(_ options: inout AuditOptions) {
  var systemCalls = VectorSet()
  systemCalls.insert(DescriptorTables.systemCallVector)
  options.systemCallVectors = systemCalls
  options.interruptVectors = VectorSet(words: ExportedTable.interruptVectors)
  options.systemCallInstruction = .used
  options.swapgs = .used
  options.pageTableIsolation = .unused
  options.kernelText = AddressInterval(
    low: address_of_kernel_image_start(), high: address_of_kernel_text_end())
  options.kernelConstants = AddressInterval(
    low: address_of_kernel_text_end(), high: address_of_kernel_rodata_end())
}

private func declareTables(_ options: inout AuditOptions) {
  options.referenceRoot = ExportedTable.kernelCR3.root
  options.currentRoot = ExportedTable.currentCR3.root
  options.perProcessSlots = ExportedTable.privateRootEntries
  options.retiredRoots[0] = ExportedTable.freedRoot
  options.rootRetirement = .listed
  options.pendingShootdowns = ExportedTable.pendingShootdowns
  for position in 0..<ExportedTable.ramRangeCount {
    let range = ExportedTable.ramRange(position)
    options.memory.insert(low: range.start, high: range.end)
  }
}

private func declareState(_ options: inout AuditOptions) {
  options.localTables = .unused
  // What the stub was asked for is not the kernel's.
  options.debugRegisters = DebugHardware.control == 0 ? .kernel : .debugger
  options.expectedFSBase = ExportedTable.currentBases.fs
  options.expectedGSBase = ExportedTable.currentBases.gs
  // Nothing is locked, and no interrupt nests: interrupts are off in all of the kernel.
  options.lockDepth = 0
  options.protectionsLeftOff = ExportedTable.protectionsOff
  let cr4 = ExportedTable.expectedCR4
  options.expectedCR4 = ExpectedBits(mask: cr4.mask, value: cr4.value)
  options.perProcessorBlock = ProcessorBlock.address(0).rawValue
  options.selfPointerOffset = 0
}

extension RegisterFile {
  /// The registers as Ring 3 will have them, and what SYSCALL will do there: the `swapgs` of the way out is still to
  /// come.
  mutating func prepareForRingThree() {
    (gsBase, kernelGSBase) = (kernelGSBase, gsBase)
    star = Processor.read(.star)
    lstar = Processor.read(.lstar)
    syscallMask = Processor.read(.syscallMask)
    cstar = Processor.read(.cstar)
    sysenterCS = Processor.read(.sysenterCS)
    sysenterESP = Processor.read(.sysenterESP)
    sysenterEIP = Processor.read(.sysenterEIP)
    pageAttributeTable = Processor.read(.pageAttributeTable)
  }
}
