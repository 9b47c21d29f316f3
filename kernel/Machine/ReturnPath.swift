public import Boot
public import Core
public import X86

/// What the way back to Ring 3 does: see Boot/include/return_audit.h.
public enum ReturnPath {
  // SAFETY: the structure lives as long as the kernel; one processor writes and reads it, interrupts off.
  private static var path: UnsafeMutablePointer<return_path> { unsafe pointer_to_return_path() }

  /// The exit stack's top.
  public static var exitStackTop: VirtualAddress {
    StackRegion.processor.top(of: DescriptorTables.exitStackSlot)
  }

  /// Where the frame of every `iretq` to Ring 3 lies.
  public static var frameAddress: VirtualAddress { exitStackTop - InterruptFrame.byteCount }

  /// The `iretq` to Ring 3 itself.
  public static var instruction: UInt64 { address_of_user_return() }

  /// The `sysretq` that a process may leave a `syscall` by.
  public static var sysretInstruction: UInt64 { address_of_user_return_sysret() }

  /// How the assembly goes out.
  public enum Mode: Sendable {
    case plain
    case fast
    /// Through `kernel_before_return`, on the exit stack.
    case full
  }

  public static func set(_ mode: Mode) {
    unsafe path.pointee.stack_top = exitStackTop.rawValue
    switch mode {
    case .plain: unsafe path.pointee.mode = UInt64(RETURN_PLAIN)
    case .fast: unsafe path.pointee.mode = UInt64(RETURN_FAST)
    case .full: unsafe path.pointee.mode = UInt64(RETURN_FULL)
    }
  }

  /// Gives the fast audit what to compare: `walk` is the audited path of the page below `rsp0` under `table`. Four
  /// entries, as every stack page is 4 KiB.
  public static func expect(table: CR3, rsp0: UInt64, walk: PageWalk) {
    unsafe path.pointee.cr3 = table.rawValue
    unsafe path.pointee.rsp0 = rsp0
    guard walk.count == Int(RETURN_ENTRY_COUNT) else { return }
    let mask = ~PageTableEntry.processorWritten.rawValue
    unsafe path.pointee.entries.0 = entry(walk[0], mask)
    unsafe path.pointee.entries.1 = entry(walk[1], mask)
    unsafe path.pointee.entries.2 = entry(walk[2], mask)
    unsafe path.pointee.entries.3 = entry(walk[3], mask)
  }

  private static func entry(_ step: PageWalk.Step, _ mask: UInt64) -> return_entry {
    return_entry(
      address: PhysicalWindow.virtual(step.entryAddress).rawValue, value: step.entry.rawValue & mask)
  }
}
