import Boot
import Core
import Machine
import RemoteProtocol
import Report
import Stub
import X86

extension KernelTarget {
  /// What may be mapped, whoever runs: Ring 3's half, RAM in the physical window, the stacks, the image. gdb does not even
  /// ask for anything else. All of it is RAM for gdb, the kernel's text too: the stub can write it, so a breakpoint
  /// there need not take a debug register.
  mutating func memoryMapEntry(_ position: Int) -> MemoryMapEntry? {
    let ranges = ExportedTable.ramRangeCount
    guard position > 0 else { return MemoryMapEntry(.readWrite, start: 0, byteCount: 1 << 47) }
    guard position > ranges else {
      let range = ExportedTable.ramRange(position &- 1)
      return MemoryMapEntry(
        .readWrite, start: PhysicalWindow.base &+ range.start, byteCount: range.end &- range.start)
    }
    switch position &- ranges {
    case 1: return Self.entry(.processes, slots: StackRegion.slotCount)
    case 2: return Self.entry(.processor, slots: DescriptorTables.debuggerStackSlot &+ 1)
    case 3:
      let start = address_of_kernel_image_start()
      return MemoryMapEntry(.readWrite, start: start, byteCount: address_of_kernel_image_end() &- start)
    default: return nil
    }
  }

  private static func entry(_ region: StackRegion, slots: Int) -> MemoryMapEntry {
    MemoryMapEntry(
      .readWrite, start: region.base.rawValue,
      byteCount: UInt64(truncatingIfNeeded: slots) &* region.slotBytes)
  }

  /// `monitor map`: each range of the thread's table with the rights that hold at all levels together.
  mutating func writeMap<Output: ByteSink & ~Copyable>(
    _ thread: TargetThread, _ text: inout TextBuffer, to output: inout Output
  ) throws(Refusal) {
    var window = PhysicalWindow()
    var search = MappedRangeSearch(root: root(of: thread), mode: .building, tables: Self.mostTables)
    while let range = search.next(memory: &window) {
      text.write(range)
      text.newline()
      text.flush(to: &output)
    }
    guard let position = search.stop else { return }
    throw Refusal(
      Refusal.noSpace, "so many pages are mapped that the list ends before", at: position.rawValue)
  }

  /// The tables of 8 GiB in pages of 4 KiB.
  private static var mostTables: Int { 1 << 12 }
}
