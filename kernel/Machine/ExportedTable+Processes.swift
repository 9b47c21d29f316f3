import Boot
public import Core
import DebuggerTable
import X86

extension ExportedTable {
  /// Says what entry `index` of the process table holds from now on; nil for nothing.
  public static func publish(_ process: Process?, at index: Int) {
    guard index >= 0, index < ProcessTable.capacity else { return }
    var entry = ringside_process()
    if let process {
      entry.number = process.id
      entry.parent = process.parent
      entry.cr3 = process.space.map { CR3(root: $0.tables.root).rawValue } ?? 0
      entry.stack_top = process.stack?.top.rawValue ?? 0
      entry.state = UInt64(process.state.exported.rawValue)
    }
    // SAFETY: the assembly reserves an entry for each index of the process table, aligned and for as long as the kernel
    // runs, and one processor writes them with interrupts off.
    unsafe UnsafeMutablePointer<ringside_process>(bitPattern: UInt(address_of_ringside_processes()))
      .unsafelyUnwrapped.advanced(by: index).pointee = entry
  }
}

extension ProcessState {
  fileprivate var exported: ringside_process_state {
    switch self {
    case .ready: RINGSIDE_PROCESS_READY
    case .waitingForChild: RINGSIDE_PROCESS_WAITS_FOR_CHILD
    case .waitingForInput: RINGSIDE_PROCESS_WAITS_FOR_INPUT
    case .ended: RINGSIDE_PROCESS_ENDED
    }
  }
}
