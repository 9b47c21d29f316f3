import Boot
import Core
import DebuggerTable
import Drivers
import Machine
import Report
import X86

/// Every way into the kernel ends here, interrupts off.
///
/// - Parameter frame: where the stub built the trap frame.
@c(kernel_trap)
public func kernelTrap(_ frame: UInt) {
  withTrapFrame(at: frame) { dispatch(&$0, at: frame) }
}

private func dispatch(_ frame: inout trap_frame, at address: UInt) {
  let isReported = Provocation.observe(&frame, at: address)
  let vector = UInt8(truncatingIfNeeded: frame.vector)
  if frame.isUser { Processor.restoreDataSegments(ExportedTable.currentBases) }
  if frame.isSystemCallInstruction {
    handleSystemCall(&frame)
    return prepareReturn(&frame)
  }
  if isDebugVector(vector), Debugger.handle(&frame) { return }
  let firstLine = InterruptController<Ports>.firstVector
  if vector == DescriptorTables.systemCallVector, frame.isUser {
    handleSystemCall(&frame)
  } else if vector >= firstLine, vector - firstLine < InterruptController<Ports>.lineCount {
    if handleInterrupt(line: vector - firstLine, &frame) { schedule() }
  } else if vector == LocalAPIC<MappedLocalAPIC>.timerVector {
    if handleLocalTimer(&frame) { schedule() }
  } else if vector == LocalAPIC<MappedLocalAPIC>.spuriousVector {
    // Taken back before it was looked at: nothing is in service, and nothing to acknowledge.
  } else if mayEndProcess(vector), frame.isUser {
    Debugger.processFault(&frame)
    endProcess(frame, by: vector)
  } else if recovers(&frame) {
    return
  } else if vector == ExceptionVector.nonMaskableInterrupt.rawValue {
    reportNonMaskableInterrupt(frame)
  } else {
    if !isReported { Provocation.reportFatal(&frame, at: address) }
    Debugger.fault(&frame, at: address)
    reportKernelFault(frame)
  }
  if frame.isUser { prepareReturn(&frame) }
}

/// The last look at a frame that goes back to Ring 3.
private func prepareReturn(_ frame: inout trap_frame) {
  // Ring 3 may load RSP with any value and call the kernel. Nothing here uses it, but no frame with it goes out.
  guard frame.rsp < UserRange.limit else { endProcess(frame, by: ExceptionVector.stackSegment.rawValue) }
  // Ring 3 may set NT with POPF; an iretq of ours must not find it in a frame that is nested by mistake.
  frame.rflags &= ~RFlags.nestedTask.rawValue
  Debugger.returning(&frame)
  Provocation.endSpin()
}

/// The current process has done what `vector` is for.
private func endProcess(_ frame: trap_frame, by vector: UInt8) -> Never {
  reportProcessFault(frame, vector)
  Cell.withState { $0.system.end($0.current, status: 128 + Int32(vector)) }
  // The stub of these vectors took the debugger's breakpoints out, and will not come to put them in again.
  if isDebugVector(UInt8(truncatingIfNeeded: frame.vector)), !frame.isSystemCallInstruction {
    DebugHardware.arm()
  }
  leaveForGood()
}

/// #DB, NMI and #BP, which enter with the debugger's breakpoints taken out.
private func isDebugVector(_ vector: UInt8) -> Bool {
  (ExceptionVector.debug.rawValue...ExceptionVector.breakpoint.rawValue).contains(vector)
}

/// A fault inside the debugger's stub becomes an error reply: its frames are left behind. Any other fault, and one of
/// the recovery itself, is the kernel's own.
private func recovers(_ frame: inout trap_frame) -> Bool {
  guard frame.vector != UInt64(ExceptionVector.doubleFault.rawValue), let recovery = DebugHardware.recover()
  else { return false }
  frame.rip = recovery.instruction
  frame.rsp = recovery.stack
  return true
}

/// What Ring 3 can cause by itself. A double fault, an NMI or a machine check says something about the kernel or the
/// machine, whoever was running.
private func mayEndProcess(_ vector: UInt8) -> Bool {
  switch ExceptionVector(rawValue: vector) {
  case .doubleFault, .nonMaskableInterrupt, .machineCheck: false
  default: true
  }
}

private func handleSystemCall(_ frame: inout trap_frame) {
  // `int n` saves RF as 0 (SDM Vol. 3B, 17.3.1.1). QEMU's translator leaves it as a debugger set it for the instruction
  // before, and would pass over a breakpoint behind the call.
  // TF that Ring 3 set itself would trap behind the call, and nobody there could handle it.
  frame.rflags &= ~(RFlags.resume.rawValue | RFlags.trap.rawValue)
  let request = SystemCallRequest(number: frame.rax, first: frame.rdi, second: frame.rsi, third: frame.rdx)
  let rip = frame.rip
  let announced = Cell.withState { state in
    let process = state.system.processes[state.current]?.id ?? 0
    return state.system.witness.called(from: rip, by: process) && state.announcesFirstCall
  }
  if announced {
    var console = Console()
    console.line("🎉 USERSPACE SYSCALL: Received INT 0x80 from userspace!")
  }
  while true {
    switch Cell.withState({ $0.system.perform(request, by: $0.current) }) {
    case .complete(let value):
      frame.rax = value
      if announced { announceCompletion(request, value) }
      return
    case .yield(let value):
      frame.rax = value
      schedule()
      return
    case .block:
      schedule()
    case .rebased(let bases):
      Processor.userBases = bases
      ExportedTable.setBases(bases)
      frame.rax = 0
      return
    case .forked(let child):
      frame.rax = startChild(child, from: frame)
      return
    case .started(let entry, let stackPointer):
      // The loaded table has another lower half now; the processor must not go on with what it remembers.
      Processor.load(Processor.cr3)
      Debugger.forgetLowerHalf()
      Processor.userBases = UserBases()
      ExportedTable.setBases(UserBases())
      frame = .start(entry: entry, stackPointer: stackPointer)
      return
    case .exited:
      leaveForGood()
    }
  }
}

/// Says what the first call came to, with the number that Ring 3 gets.
private func announceCompletion(_ request: SystemCallRequest, _ value: UInt64) {
  guard request.number == SystemCall.write.rawValue, Int64(bitPattern: value) >= 0 else { return }
  var console = Console()
  console.write("✅ SUCCESS: Userspace syscall completed - wrote ")
  console.write(decimal: value)
  console.line(" bytes")
}

/// The child of a fork leaves the same call with 0. Returns its process id.
private func startChild(_ child: Int, from frame: trap_frame) -> UInt64 {
  Cell.withState { state in
    guard let process = state.system.processes[child], let stack = process.stack else { return 0 }
    var copy = frame
    copy.rax = 0
    let place = state.system.frames.memory.place(copy, on: stack)
    KernelContexts.prepareReturn(child, frame: place)
    if let space = process.space { Debugger.forked(into: space.tables.root) }
    return process.id
  }
}
