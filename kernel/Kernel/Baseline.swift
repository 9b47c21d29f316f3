import Core
import DebuggerTable
import Machine
import Report
import X86

/// What the baseline program does, passed in rdi. The same numbers stand in its source.
private enum BaselineMode: UInt64 {
  /// Writes its greeting by the first `int 0x80`, checks registers and stack, echoes the nonce.
  case direct = 0
  /// Computes for a while without calling the kernel, and checks its registers.
  case spin = 1
  /// Forks, and checks what it is told of its child.
  case fork = 2

  /// The exit status of a program that found everything as it should be.
  var success: Int32 {
    switch self {
    case .direct: 42
    case .spin: 43
    case .fork: 44
    }
  }
}

/// Where `int 0x80` stands in the baseline program; it saves the address of the instruction after it.
private let firstCallAddress: UInt64 = 0x1000_0019
private let callInstructionBytes: UInt64 = 2

/// The test that gates every boot: can Ring 3 be entered, left by `int 0x80`, and entered again, on a page table that
/// maps its own kernel stack and no other? What it judges is what the programs did: the bytes they wrote, the status
/// they ended with, the nonce that only a program that really ran can know.
func runBaseline() {
  var console = Console()
  console.line("=== CRITICAL BASELINE TEST: Direct Hello World Execution ===")
  let nonce = Processor.randomNumber()
  runDirect(nonce)
  runPair(nonce)
  runFork(nonce)
  Cell.withState { $0.system.witness.stop() }
  console.line("✓ BASELINE PASSED: direct execution, two processes with preemption, fork")
}

private func baselineFailed(_ what: StaticString) -> Never {
  var console = Console()
  console.write("✗ BASELINE FAILED: ")
  console.line(what)
  MachineEnd.exit(RINGSIDE_EXIT_BASELINE_FAILED)
}

private func startBaseline(_ mode: BaselineMode, _ nonce: UInt64) -> UInt64 {
  guard
    let process = startProgram(
      FileName("/baseline"), StartRegisters(first: mode.rawValue, second: nonce))
  else { baselineFailed("the program could not be started") }
  return process
}

private func runDirect(_ nonce: UInt64) {
  let process = startBaseline(.direct, nonce)
  var console = Console()
  console.write("✓ BASELINE: Created process with PID ")
  console.write(decimal: process)
  console.newline()
  guard process == 1 else { baselineFailed("the first process is not process 1") }
  reportMapping(of: process)
  let free = Cell.withState { state in
    state.system.witness.watch(process)
    state.announcesFirstCall = true
    return state.system.frames.freeCount
  }
  runProcesses()
  guard let record = Cell.withState({ $0.system.witness[process] }) else {
    baselineFailed("nothing was seen")
  }
  Cell.withState { $0.announcesFirstCall = false }
  guard record.firstCallRIP == firstCallAddress + callInstructionBytes else {
    baselineFailed("the first system call did not come from 0x10000019")
  }
  guard record.status == BaselineMode.direct.success else { baselineFailed("wrong exit status") }
  guard record.holds(hexadecimal: nonce) else { baselineFailed("the nonce was not echoed") }
  guard Cell.withState({ $0.system.frames.freeCount }) > free else {
    baselineFailed("the process's memory was not given back")
  }
}

/// Looks into the process's own table, and into no other, for what was promised about it.
private func reportMapping(of process: UInt64) {
  let mapped = Cell.withState { state -> (own: Int, foreign: Int) in
    guard let index = state.system.processes.index(of: process),
      let space = state.system.processes[index]?.space,
      let stack = state.system.processes[index]?.stack
    else { return (0, 0) }
    return countStackPages(of: stack, in: space, memory: &state.system.frames.memory)
  }
  var console = Console()
  console.write("✓ Successfully copied ")
  console.write(decimal: UInt64(mapped.own))
  console.line(" kernel stack pages to process page table")
  guard mapped.own == StackRegion.processes.pagesPerStack else {
    baselineFailed("the kernel stack is not mapped")
  }
  guard mapped.foreign == 0 else { baselineFailed("a page beside the kernel stack is mapped") }
  console.line("✓ Kernel stack mapped in process page table")
}

/// How many pages of the process stack region the table maps: the process's own frames at their own addresses, and
/// anything else.
private func countStackPages(
  of stack: KernelStack, in space: ProcessSpace, memory: inout PhysicalWindow
) -> (own: Int, foreign: Int) {
  var own = 0
  var foreign = 0
  let pages = UInt64(StackRegion.slotCount) * StackRegion.processes.slotBytes / PageSize.size4KiB.bytes
  for number in 0..<pages {
    let page = StackRegion.processes.base + number * PageSize.size4KiB.bytes
    let walk = memory.walk(page, root: space.tables.root, mode: .building)
    guard let physical = walk.physicalAddress else { continue }
    let isUsable = walk.result(of: .supervisorWrite, in: .building) == .allowed && !walk.rights.isUser
    if isUsable, stack.physicalAddress(of: page) == physical { own += 1 } else { foreign += 1 }
  }
  return (own, foreign)
}

/// Two at once: the timer must take the processor from each, and neither may notice.
private func runPair(_ nonce: UInt64) {
  // A fault was injected and survived: every line is masked, and nothing would end the first one's turn.
  let provocation = Cell.withState { $0.options.provocation }
  guard !provocation.isProvocation || provocation.isLate else { return }
  let first = startBaseline(.spin, nonce)
  let second = startBaseline(.spin, nonce)
  Cell.withState { $0.system.witness.watch(first, second) }
  runProcesses()
  for process in first...second {
    guard let record = Cell.withState({ $0.system.witness[process] }),
      record.status == BaselineMode.spin.success
    else { baselineFailed("a process that was preempted did not end well") }
    guard record.preemptions > 0 else { baselineFailed("a process was never preempted") }
  }
  var console = Console()
  console.line("✓ BASELINE: two processes ran at once and were preempted")
}

private func runFork(_ nonce: UInt64) {
  let parent = startBaseline(.fork, nonce)
  Cell.withState { $0.system.witness.watch(parent) }
  runProcesses()
  guard Cell.withState({ $0.system.witness[parent]?.status }) == BaselineMode.fork.success else {
    baselineFailed("fork")
  }
  var console = Console()
  console.line("✓ BASELINE: a process forked and waited for its child")
}

extension Witness.Record {
  /// True when the output contains `value` in sixteen lower-case hexadecimal digits.
  fileprivate func holds(hexadecimal value: UInt64) -> Bool {
    let count = min(outputCount, Witness.capacity)
    guard count >= 16 else { return false }
    for start in 0...(count - 16) where matches(value, at: start) { return true }
    return false
  }

  private func matches(_ value: UInt64, at start: Int) -> Bool {
    for position in 0..<16 {
      let nibble = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * position)) & 0xf
      let digit = nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
      if output[start + position] != digit { return false }
    }
    return true
  }
}
