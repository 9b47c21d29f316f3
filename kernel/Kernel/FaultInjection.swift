import Core
import Machine
import X86

/// Provokes `fault` in the table that is loaded. The caller stands on the exit stack: nothing here needs the kernel
/// stack that is about to be lost.
func inject(_ fault: InjectedFault) {
  switch fault {
  case .rsp0PML4: edit(.pml4) { _ in PageTableEntry(rawValue: 0) }
  case .rsp0PDPT: edit(.pageDirectoryPointer) { _ in PageTableEntry(rawValue: 0) }
  case .rsp0PTE: edit(.pageTable) { _ in PageTableEntry(rawValue: 0) }
  case .rsp0ReadOnly:
    edit(.pageTable) { PageTableEntry(rawValue: $0.rawValue & ~PageTableEntry.Flags.writable.rawValue) }
  case .rsp0Zero: DescriptorTables.rsp0 = 0
  case .rsp0NonCanonical: DescriptorTables.rsp0 = 0x0000_9000_0000_0000
  }
  // Without this the processor could go on with the translation that it has.
  Processor.load(Processor.cr3)
}

/// Changes the entry at `level` of the path to the top page of the current kernel stack.
private func edit(_ level: PagingLevel, _ change: (PageTableEntry) -> PageTableEntry) {
  var window = PhysicalWindow()
  let top = VirtualAddress(DescriptorTables.rsp0)
  let walk = window.walk(top - 8, root: Processor.cr3.root, mode: .building)
  for position in 0..<walk.count where walk[position].level == level {
    window.store(change(walk[position].entry).rawValue, at: walk[position].entryAddress)
  }
}
