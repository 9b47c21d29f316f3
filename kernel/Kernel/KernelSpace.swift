import Boot
import Core
import DebuggerTable
import Machine
import X86

/// Where the image stands.
enum KernelImage {
  /// From 1 MiB, boot code included, to the end of the boot stack.
  static var physical: MemoryRange {
    MemoryRange(start: 0x10_0000, end: physical(address_of_kernel_image_end()))
  }

  /// Text, constants and descriptor tables: read-only in every mapping.
  static var readOnly: MemoryRange {
    MemoryRange(
      start: physical(address_of_kernel_image_start()), end: physical(address_of_kernel_tables_end()))
  }

  /// The image is linked KERNEL_OFFSET above where it is loaded.
  static func physical(_ address: UInt64) -> UInt64 { address &- UInt64(KERNEL_OFFSET) }
}

/// Builds the kernel's own table: physical window, image, processor stacks. No identity mapping is left.
///
/// - Parameter processors: how many get stacks. The local APIC is mapped for more than one, and when `timer` is its own.
func buildKernelSpace(
  processors: Int, timer: TimerSource, fixture: Fixture, frames: inout FrameAllocator<PhysicalWindow>
) -> (AddressSpace, exitStack: MemoryRange) {
  do throws(MappingError) {
    let space = try AddressSpace(frames: &frames)
    try mapWindow(into: space, frames: &frames)
    try mapImage(into: space, frames: &frames)
    for slot in 1...DescriptorTables.stackCount {
      let range = try mapProcessorStack(slot, into: space, frames: &frames)
      ExportedTable.record(interruptStack: slot, range)
    }
    _ = try mapProcessorStack(DescriptorTables.debuggerStackSlot, into: space, frames: &frames)
    DebugHardware.setStack(top: StackRegion.processor.top(of: DescriptorTables.debuggerStackSlot))
    let exit = try mapProcessorStack(DescriptorTables.exitStackSlot, into: space, frames: &frames)
    for number in 1..<max(processors, 1) {
      for position in OtherProcessors.stackPositions {
        _ = try mapProcessorStack(OtherProcessors.slot(position, of: number), into: space, frames: &frames)
      }
    }
    if processors > 1 || timer == .localAPIC {
      try space.map(
        DeviceRegion.localAPIC, to: MappedLocalAPIC.physicalBase, flags: DeviceRegion.flags, frames: &frames)
    }
    if fixture == .mappedGigabyte { try mapFixture(into: space, frames: &frames) }
    return (space, exit)
  } catch {
    fail("no memory for the kernel's page tables", RINGSIDE_EXIT_BOOT_FAILED)
  }
}

/// All RAM, never executable; the image's constant part read-only. The largest pages that fit.
private func mapWindow(
  into space: AddressSpace, frames: inout FrameAllocator<PhysicalWindow>
) throws(MappingError) {
  let hasGigabytePages = Processor.hasGigabytePages
  for position in 0..<ExportedTable.ramRangeCount {
    let range = ExportedTable.ramRange(position)
    var address = range.start & ~4095
    while address < range.end {
      let size = windowPageSize(at: address, end: range.end, hasGigabytePages: hasGigabytePages)
      var flags = PageTableEntry.Flags.noExecute
      if address < KernelImage.readOnly.start || address >= KernelImage.readOnly.end {
        flags.insert(.writable)
      }
      let physical = PhysicalAddress(truncating: address)
      try space.map(
        PhysicalWindow.virtual(physical), to: physical, size: size, flags: flags, frames: &frames)
      address += size.bytes
    }
  }
}

private func windowPageSize(at address: UInt64, end: UInt64, hasGigabytePages: Bool) -> PageSize {
  func fits(_ size: PageSize) -> Bool {
    let last = address + size.bytes
    let meetsImage = address < KernelImage.readOnly.end && last > KernelImage.readOnly.start
    return address % size.bytes == 0 && last <= end && !meetsImage
  }
  if hasGigabytePages, fits(.size1GiB) { return .size1GiB }
  return fits(.size2MiB) ? .size2MiB : .size4KiB
}

private func mapImage(
  into space: AddressSpace, frames: inout FrameAllocator<PhysicalWindow>
) throws(MappingError) {
  let text = address_of_kernel_text_end()
  let constants = address_of_kernel_tables_end()
  var address = address_of_kernel_image_start()
  while address < address_of_kernel_image_end() {
    let flags: PageTableEntry.Flags =
      address < text ? .none : address < constants ? .noExecute : .writable | .noExecute
    // The page below the boot stack is its guard.
    if address != address_of_boot_stack_guard() {
      try space.map(
        VirtualAddress(address), to: PhysicalAddress(truncating: KernelImage.physical(address)), flags: flags,
        frames: &frames)
    }
    address += PageSize.size4KiB.bytes
  }
}

/// The largest part of RAM again and again: nobody may write there, so nothing is at stake.
private func mapFixture(
  into space: AddressSpace, frames: inout FrameAllocator<PhysicalWindow>
) throws(MappingError) {
  var largest = MemoryRange(start: 0, end: 0)
  for position in 0..<ExportedTable.ramRangeCount {
    let bounds = ExportedTable.ramRange(position)
    let range = MemoryRange(start: bounds.start, end: bounds.end)
    if range.byteCount > largest.byteCount { largest = range }
  }
  try space.fill(
    tables: Fixture.tableCount, at: Fixture.start, with: largest, flags: .noExecute, frames: &frames)
}

/// One stack of the processor, in its slot, with the page below it unmapped.
private func mapProcessorStack(
  _ slot: Int, into space: AddressSpace, frames: inout FrameAllocator<PhysicalWindow>
) throws(MappingError) -> MemoryRange {
  let region = StackRegion.processor
  for page in 0..<UInt64(region.pagesPerStack) {
    let frame: PhysicalFrame
    do { frame = try frames.allocateZeroed() } catch { throw .outOfFrames }
    try space.map(
      region.bottom(of: slot) + page * PageSize.size4KiB.bytes, to: frame.address,
      flags: .writable | .noExecute, frames: &frames)
  }
  return MemoryRange(start: region.bottom(of: slot).rawValue, end: region.top(of: slot).rawValue)
}
