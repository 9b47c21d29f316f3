import X86

/// Where stacks stand in virtual memory: slots of equal size, each a guard page, the stack, and pages that stay
/// unmapped.
public struct StackRegion: Equatable, Sendable {
  public static let guardBytes: UInt64 = 0x1000

  public let base: VirtualAddress
  /// From one slot to the next.
  public let slotBytes: UInt64
  public let pagesPerStack: Int

  /// Kernel stacks of processes, PML4[402]: private to each process's table. A guard page, 16 KiB of stack and three
  /// unmapped pages; 64 slots fill one page table exactly, so no slot straddles two.
  public static let processes = StackRegion(
    base: VirtualAddress(0xffff_c900_0000_0000), slotBytes: 0x8000, pagesPerStack: 4)
  /// Stacks of a processor, PML4[403]: IST stacks and the exit stack, the same in every table. Larger, because the
  /// whole audit and the report of a double fault run there.
  public static let processor = StackRegion(
    base: VirtualAddress(0xffff_c980_0000_0000), slotBytes: 0x2_0000, pagesPerStack: 30)

  /// How many slots there are for processes.
  public static let slotCount = 64

  public var stackBytes: UInt64 { UInt64(pagesPerStack) * PageSize.size4KiB.bytes }

  /// The lowest mapped byte of the stack in `slot`.
  public func bottom(of slot: Int) -> VirtualAddress { base + UInt64(slot) * slotBytes + Self.guardBytes }
  /// The first byte above the stack in `slot`: what goes into RSP0 or an IST entry.
  public func top(of slot: Int) -> VirtualAddress { bottom(of: slot) + stackBytes }

  /// The root-table entry that covers the region.
  public var rootIndex: Int { PagingLevel.pml4.index(of: base) }
}

/// One process's kernel stack: its slot and the four frames behind it.
public struct KernelStack: Sendable {
  public let slot: Int
  public private(set) var frames = InlineArray<4, PhysicalFrame>(
    repeating: PhysicalFrame(containing: PhysicalAddress(truncating: 0)))

  public var top: VirtualAddress { StackRegion.processes.top(of: slot) }
  public var bottom: VirtualAddress { StackRegion.processes.bottom(of: slot) }

  /// Supervisor, writable, never executed, never global: another process's table must not keep it in the TLB.
  static let flags = PageTableEntry.Flags.present | .writable | .noExecute

  private init(slot: Int) { self.slot = slot }

  /// Takes four frames for `slot` and maps them in the kernel's own table.
  static func create<Memory: WritablePhysicalMemory & ~Copyable>(
    slot: Int, kernel: AddressSpace, frames: inout FrameAllocator<Memory>
  ) throws(MappingError) -> KernelStack {
    var stack = KernelStack(slot: slot)
    var taken = 0
    do {
      while taken < StackRegion.processes.pagesPerStack {
        // Zeroed: a stack that is used again must not show its last owner's return addresses.
        stack.frames[taken] = try frames.allocateZeroed()
        taken += 1
      }
    } catch {
      for page in 0..<taken { try? frames.free(stack.frames[page]) }
      throw .outOfFrames
    }
    do {
      try mapKernelStack(stack, into: kernel, frames: &frames)
    } catch {
      stack.destroy(kernel: kernel, frames: &frames)
      throw error
    }
    return stack
  }

  /// Unmaps the stack from the kernel's table and frees its frames. No other table may map it any more.
  func destroy<Memory: WritablePhysicalMemory & ~Copyable>(
    kernel: AddressSpace, frames: inout FrameAllocator<Memory>
  ) {
    for page in 0..<StackRegion.processes.pagesPerStack {
      _ = try? kernel.unmap(bottom + UInt64(page) * PageSize.size4KiB.bytes, frames: &frames)
      try? frames.free(self.frames[page])
    }
  }

  /// The physical address of a stack byte: how another process's stack is reached, since only its owner's table
  /// and the kernel's map it.
  public func physicalAddress(of address: VirtualAddress) -> PhysicalAddress? {
    guard address >= bottom, address < top else { return nil }
    let offset = address.rawValue - bottom.rawValue
    return frames[Int(offset / PageSize.size4KiB.bytes)].address + offset % PageSize.size4KiB.bytes
  }
}

/// Maps exactly the pages of `stack` into `space`: the same frames, supervisor, writable, no-execute. Every
/// process's table gets its own stack through here, however the process came to be.
public func mapKernelStack<Memory: WritablePhysicalMemory & ~Copyable>(
  _ stack: KernelStack, into space: AddressSpace, frames: inout FrameAllocator<Memory>
) throws(MappingError) {
  for page in 0..<StackRegion.processes.pagesPerStack {
    try space.map(
      stack.bottom + UInt64(page) * PageSize.size4KiB.bytes, to: stack.frames[page].address,
      flags: KernelStack.flags, frames: &frames)
  }
}
