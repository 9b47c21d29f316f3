import Core
import Machine
import X86

/// FI-01...20, 64, 65, 68 and 69: what the next entry from Ring 3 pushes to.
extension FaultInjection {
  mutating func injectIntoStack(_ fault: InjectedFault) {
    let top = stackTop - 8
    let bottom = stackTop - StackRegion.processes.stackBytes
    let gone = PageTableEntry(rawValue: 0)
    switch fault {
    case .rsp0PML4: edit(.pml4, of: top) { _ in gone }
    case .rsp0PDPT: edit(.pageDirectoryPointer, of: top) { _ in gone }
    case .rsp0PTE: edit(.pageTable, of: top) { _ in gone }
    case .rsp0PTEDoubleFaultStackUnmapped:
      edit(.pageTable, of: top) { _ in gone }
      unmap(StackRegion.processor.top(of: DescriptorTables.doubleFaultStack) - 8)
    case .rsp0PTEDoubleFaultStackZero:
      edit(.pageTable, of: top) { _ in gone }
      setDoubleFaultStack(0)
    case .rsp0PTEDoubleFaultStackShared:
      edit(.pageTable, of: top) { _ in gone }
      setDoubleFaultStack(stackTop.rawValue)
    case .rsp0ReadOnly: edit(.pageTable, of: top) { $0.without(.writable) }
    case .rsp0ReadOnlyPML4: edit(.pml4, of: top) { $0.without(.writable) }
    case .rsp0Reserved: edit(.pageTable, of: top) { $0.with(.highestAddressBit) }
    case .rsp0PageSizePML4: edit(.pml4, of: top) { $0.with(.pageSize) }
    case .rsp0NoExecuteDisabled: disableNoExecute()
    case .rsp0User: setOnPath(.user, of: top)
    case .rsp0Zero: DescriptorTables.rsp0 = 0
    case .rsp0NonCanonical: DescriptorTables.rsp0 = 0x0000_9000_0000_0000
    case .rsp0EdgeHigh: DescriptorTables.rsp0 = 0xffff_8000_0000_0000
    case .rsp0EdgeLow: DescriptorTables.rsp0 = 0x0000_8000_0000_0000
    case .rsp0Unaligned: DescriptorTables.rsp0 = stackTop.rawValue - 8
    case .rsp0UnalignedOdd: DescriptorTables.rsp0 = stackTop.rawValue - 3
    case .rsp0Bottom: DescriptorTables.rsp0 = bottom.rawValue + 16
    case .rsp0Stale: useForeignStack()
    case .stackHole:
      for page in 0..<UInt64(StackRegion.processes.pagesPerStack - 1) {
        edit(.pageTable, of: bottom + page * PageSize.size4KiB.bytes) { _ in gone }
      }
    case .stalePTE: keepTranslation { _ in gone }
    case .stalePermission: keepTranslation { $0.without(.writable) }
    case .staleGlobal: keepGlobalTranslation()
    case .guardMapped: mapGuard(bottom - 8)
    case .leafBeyondRAM:
      let frame = frameBeyondRAM
      edit(.pageTable, of: top) { PageTableEntry(frame: frame, flags: $0.flags) }
    default:
      let frame = frameBeyondRAM
      edit(.pageDirectory, of: top) { PageTableEntry(frame: frame, flags: $0.flags) }
    }
  }

  private mutating func setDoubleFaultStack(_ value: UInt64) {
    let slot = UInt8(truncatingIfNeeded: DescriptorTables.doubleFaultStack)
    setTaskState(TaskStateSegment.offset(ofInterruptStack: slot), value)
  }

  /// With NXE=0 bit 63 is reserved in every entry, and the kernel's own data has it everywhere. So it is cleared in
  /// all entries that the process's table reaches, the shared ones included, but for the one that the fault is about.
  private mutating func disableNoExecute() {
    clearNoExecute(root, level: .pml4)
    edit(.pageTable, of: stackTop - 8) { $0.with(.noExecute) }
    Processor.load(Processor.cr3)
    let efer = EFER(rawValue: Processor.read(.efer)).subtracting(.noExecuteEnable)
    Processor.write(efer.rawValue, to: .efer)
  }

  private mutating func clearNoExecute(_ table: PhysicalFrame, level: PagingLevel) {
    for index in 0..<UInt64(512) {
      guard let raw = window.load(table.address + index * 8) else { continue }
      let entry = PageTableEntry(rawValue: raw)
      guard entry.isPresent else { continue }
      if entry.flags.contains(.noExecute) {
        window.store(entry.without(.noExecute).rawValue, at: table.address + index * 8)
      }
      if !entry.isLeaf(at: level), let next = level.next { clearNoExecute(entry.frame, level: next) }
    }
  }

  /// Makes another process, maps its kernel stack here and lets RSP0 point there, as a switch that forgot the TSS
  /// would.
  private mutating func useForeignStack() {
    guard let other = startProgram(FileName("/baseline"), StartRegisters()) else { return }
    let space = AddressSpace(root: root)
    let top = Cell.withState { state -> VirtualAddress? in
      guard let index = state.system.processes.index(of: other),
        let stack = state.system.processes[index]?.stack
      else { return nil }
      do throws(MappingError) {
        try mapKernelStack(stack, into: space, frames: &state.system.frames)
        return stack.top
      } catch {
        return nil
      }
    }
    if let top { DescriptorTables.rsp0 = top.rawValue }
  }

  /// Lets the TLB take the entry of the stack's top page right before it is changed.
  private mutating func keepTranslation(_ change: (PageTableEntry) -> PageTableEntry) {
    let top = stackTop - 8
    edit(.pageTable, of: top) { entry in
      FaultHardware.touch(top)
      return change(entry)
    }
    keepsTranslations = true
  }

  /// The stack as a global page of the kernel's own table, used there; then the process's table, which lost it.
  private mutating func keepGlobalTranslation() {
    let own = Processor.cr3
    edit(.pageTable, of: stackTop - 8) { $0.with(.global) }
    let reference = window.walk(stackTop - 8, root: ExportedTable.kernelCR3.root, mode: .building)
    guard case .mapped = reference.outcome else { return }
    let leaf = reference[reference.count - 1]
    window.store(leaf.entry.with(.global).rawValue, at: leaf.entryAddress)
    Processor.cr4 = Processor.cr4 | .pageGlobalEnable
    Processor.load(ExportedTable.kernelCR3)
    FaultHardware.touch(stackTop - 8)
    edit(.pml4, of: stackTop - 8) { _ in PageTableEntry(rawValue: 0) }
    Processor.load(own)
    keepsTranslations = true
  }

  private mutating func mapGuard(_ page: VirtualAddress) {
    guard let frame = Self.takeFrame() else { return }
    edit(.pageTable, of: page) { _ in
      PageTableEntry(frame: frame, flags: .present | .writable | .noExecute)
    }
  }
}
