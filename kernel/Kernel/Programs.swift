import Boot
import Core
import DebuggerTable
import Machine
import Report
import X86

/// What a program finds in its registers when it starts; all others are zero.
struct StartRegisters {
  /// rdi
  var first: UInt64 = 0
  /// rsi
  var second: UInt64 = 0
}

/// Makes a process from the initrd's file `name`, ready to run. Nil, with a line on the console, when it cannot.
func startProgram(_ name: FileName, _ registers: StartRegisters) -> UInt64? {
  Cell.withState { state in
    guard let program = state.system.archive.file(named: name, memory: &state.system.frames.memory) else {
      say("no such file in the initrd: ", name)
      return nil
    }
    do throws(CreationError) {
      let (index, start) = try state.system.create(program: program, parent: 0)
      guard let process = state.system.processes[index], let stack = process.stack else { return nil }
      var frame = trap_frame.start(entry: start.entry, stackPointer: start.stackPointer)
      frame.rdi = registers.first
      frame.rsi = registers.second
      let place = state.system.frames.memory.place(frame, on: stack)
      KernelContexts.prepareReturn(index, frame: place)
      return process.id
    } catch {
      switch error {
      case .outOfMemory, .tooManyProcesses: say("no memory to start ", name)
      case .program: say("not a program that this kernel runs: ", name)
      }
      return nil
    }
  }
}

private func say(_ text: StaticString, _ name: FileName) {
  var console = Console()
  console.write("✗ ")
  console.write(text)
  for position in 0..<name.count { console.write(byte: name[position]) }
  console.newline()
}

/// Runs the first program after the baseline, to its end and that of everything that it started. The frames that
/// are free afterwards must be those that were free before.
func runInit(_ path: FileName) {
  let before = Cell.withState { $0.system.frames.freeCount }
  guard let process = startProgram(path, StartRegisters()) else {
    fail("the init program could not be started", RINGSIDE_EXIT_INIT_FAILED)
  }
  Cell.withState { $0.system.witness.watch(process) }
  runProcesses()
  let (status, after) = Cell.withState { state in
    (state.system.witness[process]?.status, state.system.frames.freeCount)
  }
  var console = Console()
  console.write("init ended with status ")
  if status ?? 0 < 0 { console.write("-") }
  console.write(decimal: UInt64((status ?? 0).magnitude))
  console.write(", free frames ")
  console.write(decimal: UInt64(before))
  console.write(" before, ")
  console.write(decimal: UInt64(after))
  console.line(" after")
  guard status == 0 else { fail("the init program failed", RINGSIDE_EXIT_INIT_FAILED) }
  guard before == after else { fail("frames were lost", RINGSIDE_EXIT_PANIC) }
}
