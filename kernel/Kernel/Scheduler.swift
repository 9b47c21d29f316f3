import Core
import DebuggerTable
import Machine
import X86

/// A switch that was decided and not yet made: it happens outside the kernel's state, because the other side
/// takes the state too.
private struct ContextChange {
  let from: Int
  let to: Int
  let table: CR3
}

/// Lets the next process that is ready run, if there is one, or the boot thread if the current process cannot go
/// on. Returns when the current context is chosen again.
func schedule() {
  let change = Cell.withState { state -> ContextChange? in
    let next = state.system.processes.nextReady(after: state.current) ?? KernelContexts.bootThread
    return state.decide(next)
  }
  perform(change)
}

/// The end of a process's last kernel entry: to the boot thread, which frees what is still in use here.
func leaveForGood() -> Never {
  Debugger.forgetLowerHalf()
  perform(Cell.withState { $0.decide(KernelContexts.bootThread) })
  fail("an ended process ran again", RINGSIDE_EXIT_PANIC)
}

/// The boot thread's work: runs every process until none is left, frees what they leave, and idles in between.
func runProcesses() {
  while true {
    let (change, hasLiving) = Cell.withState { state -> (ContextChange?, Bool) in
      state.system.reap()
      let next = state.system.processes.nextReady(after: ProcessTable.capacity - 1)
      return (next.flatMap { state.decide($0) }, state.system.processes.hasLiving())
    }
    if change != nil {
      perform(change)
    } else if hasLiving {
      Processor.waitForInterrupt()
    } else {
      return
    }
  }
}

private func perform(_ change: ContextChange?) {
  guard let change else { return }
  KernelContexts.change(from: change.from, to: change.to, table: change.table)
}

extension KernelState {
  /// Makes `next` the current context, in every place that says so: the state, TSS.RSP0, the fast audit's expected
  /// values, the debugger's table. Nil when it is current already.
  fileprivate mutating func decide(_ next: Int) -> ContextChange? {
    guard next != current else { return nil }
    let from = current
    current = next
    ExportedTable.freedRoot = system.freedRoot
    guard next != KernelContexts.bootThread else {
      let table = CR3(root: system.kernelSpace.root)
      ExportedTable.setCurrent(process: 0, cr3: table, stackTop: 0)
      return ContextChange(from: from, to: next, table: table)
    }
    guard let process = system.processes[next], let space = process.space, let stack = process.stack else {
      fail("a process without memory was chosen to run", RINGSIDE_EXIT_PANIC)
    }
    let table = CR3(root: space.tables.root)
    publishStack(stack.top, table: table)
    Processor.userBases = process.bases
    ExportedTable.setBases(process.bases)
    ExportedTable.setCurrent(process: process.id, cr3: table, stackTop: stack.top.rawValue)
    return ContextChange(from: from, to: next, table: table)
  }

  /// Audits the stack about to be used in the table about to be loaded, and gives the result to TSS and fast audit.
  private mutating func publishStack(_ top: VirtualAddress, table: CR3) {
    let walk = system.frames.memory.walk(top - 8, root: table.root, mode: .building)
    guard walk.result(of: .supervisorWrite, in: .building) == .allowed, !walk.rights.isUser else {
      fail("the kernel stack about to be used is not mapped in its process's table", RINGSIDE_EXIT_PANIC)
    }
    DescriptorTables.rsp0 = top.rawValue
    ProcessorBlock.kernelStack = top.rawValue
    ReturnPath.expect(table: table, rsp0: top.rawValue, walk: walk)
  }
}
