import Core
import Machine
import RingTransition
import X86

typealias System = KernelSystem<PhysicalWindow, Console>
typealias Cell = KernelCell<KernelState, KernelStorage>

/// Everything that the kernel remembers.
struct KernelState: ~Copyable {
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
}
