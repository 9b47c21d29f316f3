import Boot
import Core
import DebuggerTable
import Drivers
import Machine
import Report
import X86

/// The boot with `fault=`: the program that meets the fault, the injection, and what the trap path says and does about
/// the first entry after it.
enum Provocation {
  /// Runs the program that does what the fault needs. Returns when that is the baseline program, whose test then goes
  /// on; the machine ends here otherwise.
  static func run(_ option: FaultOption) {
    guard option.isProvocation, option.act != .systemCall else { return }
    let registers = StartRegisters(first: UInt64(option.act.rawValue))
    guard let process = startProgram(FileName("/provoke"), registers) else {
      fail("the program of the provocation could not be started", RINGSIDE_EXIT_BASELINE_FAILED)
    }
    Cell.withState { $0.system.witness.watch(process) }
    runProcesses()
    let status = Cell.withState { $0.system.witness[process]?.status } ?? -1
    var console = Console()
    console.write("provoke ended with status ")
    if status < 0 { console.write("-") }
    console.write(decimal: UInt64(status.magnitude))
    console.newline()
    MachineEnd.exit(status == option.act.success ? RINGSIDE_EXIT_SUCCESS : RINGSIDE_EXIT_BASELINE_FAILED)
  }

  /// What is still to be done before a return to Ring 3.
  enum Progress: Equatable {
    /// The injection; so many returns have gone back without it.
    case beforeInjection(UInt64)
    /// What the TLB has kept of the injected path goes.
    case beforeEviction
    case done
  }

  /// Does what is due before the return by `frame`, on the exit stack.
  ///
  /// - Parameter exit: how the processor is to leave then.
  static func advance(
    _ progress: Progress, _ option: FaultOption, to frame: UInt, by exit: inout FaultExit
  ) -> Progress {
    switch progress {
    case .done: return .done
    case .beforeInjection(let returns):
      guard withTrapFrame(at: frame, { isDue(option, $0, after: returns) }) else {
        return .beforeInjection(returns &+ 1)
      }
      exit = withTrapFrame(at: frame) { inject(option, &$0) }
      return option.modifiers.contains(.eviction) ? .beforeEviction : .done
    case .beforeEviction:
      guard FaultPhase.current == .entered else { return progress }
      Processor.load(Processor.cr3)
      return .done
    }
  }

  /// True when `frame` is the one before which the fault belongs.
  private static func isDue(_ option: FaultOption, _ frame: trap_frame, after returns: UInt64) -> Bool {
    guard returns >= option.returnsBefore else { return false }
    if option.fault?.description.moment == .beforeSecondReturn { return returns > 0 }
    return option.fault != .systemReturnNonCanonical || frame.isSystemCallInstruction
  }

  /// Puts the fault in. From here on the machine is as the option says.
  private static func inject(_ option: FaultOption, _ frame: inout trap_frame) -> FaultExit {
    var injection = FaultInjection(forgetting: option.isLate ? .oneStackPage : .everything)
    FaultPhase.begin(option.fault)
    if let fault = option.fault { injection.inject(fault, into: &frame) }
    if option.modifiers.contains(.noWriteProtect) {
      Processor.cr0 = Processor.cr0.subtracting(.writeProtect)
    }
    // A tick that came before would meet the program's first instruction, and not the loop.
    if option.act == .irq { restartTimer(as: injection.clockVector) }
    return injection.exit
  }

  /// Before anything else happens on an entry. True when it was the first one, which has been reported.
  static func observe(_ frame: inout trap_frame, at address: UInt) -> Bool {
    guard FaultPhase.current != .none, !isDebuggers(frame.vector) else { return false }
    let isFirst = FaultPhase.current == .injected
    if isFirst {
      FaultPhase.enter()
      report(&frame, at: address)
    }
    misbehave(&frame)
    return isFirst
  }

  /// True for the vectors by which the debugger on the serial line comes in: they are no outcome of the fault.
  private static func isDebuggers(_ vector: UInt64) -> Bool {
    guard Debugger.isOn else { return false }
    let line = Debugger.line.map { UInt64(InterruptController<Ports>.firstVector + $0) }
    return (1...3).contains(vector) || vector == line
  }

  /// An exception that the kernel does not survive.
  static func reportFatal(_ frame: inout trap_frame, at address: UInt) {
    guard FaultPhase.current != .none else { return }
    report(&frame, at: address)
  }

  private static func report(_ frame: inout trap_frame, at address: UInt) {
    let outcome = Outcome(&frame, at: address)
    outcome.write()
    guard outcome.isShifted else { return }
    var console = Console()
    console.write("✗ KERNEL FAULT: vector ")
    console.write(decimal: frame.vector)
    console.line(" came without the error code that its exception pushes")
    MachineEnd.exit(RINGSIDE_EXIT_KERNEL_FAULT)
  }

  /// The faults that are the handler's own.
  private static func misbehave(_ frame: inout trap_frame) {
    switch FaultPhase.fault {
    case .pageFaultRecursion where frame.vector == UInt64(ExceptionVector.pageFault.rawValue):
      FaultHardware.touch(VirtualAddress(Processor.cr2))
    case .rootZero where frame.isUser:
      if let table = FaultInjection.takeFrame() { Processor.load(CR3(root: table)) }
    case .stackOverflow where frame.isUser: FaultHardware.useUpStack()
    case .stackHole where frame.isUser: FaultHardware.useStack()
    default: break
    }
  }

  /// A program that spins has met what it waited for: it ends here, as it cannot by itself.
  static func endSpin() {
    guard FaultPhase.current == .entered else { return }
    let ended = Cell.withState { state -> Bool in
      let act = state.options.provocation.act
      guard act.spinsForever else { return false }
      state.system.end(state.current, status: act.success)
      return true
    }
    if ended { leaveForGood() }
  }
}
