public import Boot
import Core
public import X86

/// Kernel-side contexts: one for every process-table index and one for the boot thread.
public enum KernelContexts {
  /// The boot thread, which is the idle thread too. It runs on the kernel's own table.
  public static let bootThread = ProcessTable.capacity

  private static func context(_ index: Int) -> UnsafeMutablePointer<kernel_context> {
    precondition(index >= 0 && index <= bootThread)
    // SAFETY: the assembly reserves capacity + 1 contexts, and the index was just checked.
    return unsafe UnsafeMutableRawPointer(bitPattern: UInt(address_of_kernel_contexts())).unsafelyUnwrapped
      .assumingMemoryBound(to: kernel_context.self) + index
  }

  /// Makes context `index` start at the return to Ring 3 with the trap frame at `frame` on its own stack.
  public static func prepareReturn(_ index: Int, frame: VirtualAddress) {
    var fresh = kernel_context()
    fresh.rsp = frame.rawValue
    fresh.rip = address_of_return_to_user()
    unsafe context(index).pointee = fresh
  }

  /// What a context that does not run has saved.
  public static func saved(_ index: Int) -> kernel_context? {
    guard index >= 0, index <= bootThread else { return nil }
    return unsafe context(index).pointee
  }

  /// Leaves the current context, stored as `from`, and continues `to` under `table`. Comes back when somebody
  /// switches to `from` again.
  ///
  /// The caller has audited that `table` maps the stack of `to`. No exclusive access to the kernel's state may be
  /// held: the other side takes it as well.
  public static func change(from: Int, to: Int, table: CR3) {
    // SAFETY: both contexts live in .bss; the assembly stores into one and loads the other, and RSP is on the
    // exit stack, which every table maps, while CR3 changes.
    unsafe switch_context(context(from), context(to), table.rawValue)
  }
}
