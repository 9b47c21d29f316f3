import Core
import Machine
import RingTransition
import X86

typealias System = KernelSystem<PhysicalWindow, Console>
typealias Cell = KernelCell<KernelState, KernelStorage>

/// Everything that the kernel remembers.
struct KernelState: CellState, ~Copyable {
  var system: System
  let options: CommandLine
  /// The context that runs: a process-table index, or the boot thread.
  var current = KernelContexts.bootThread
  /// How far the fault of the command line has come.
  var provocation: Provocation.Progress
  /// True while the baseline test's first process runs, whose first system call is announced.
  var announcesFirstCall = false

  init(system: consuming System, options: CommandLine) {
    self.system = system
    self.options = options
    provocation = options.provocation.isProvocation ? .beforeInjection(0) : .done
  }

  /// Lets debuggers see what has become of the processes.
  mutating func finishUse() {
    var changed = system.processes.takeChanges()
    while changed != 0 {
      let index = changed.trailingZeroBitCount
      changed &= changed &- 1
      ExportedTable.publish(system.processes[index], at: index)
    }
  }
}
