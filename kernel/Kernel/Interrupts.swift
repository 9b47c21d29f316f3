import Boot
import Core
import DebuggerTable
import Drivers
import Machine

/// How often the timer takes the processor away.
enum Tick {
  private static let usual: UInt32 = 10
  /// A whole audit can take longer than the usual tick on an emulator. Then every return would meet the next tick
  /// before its first instruction, and Ring 3 would never get on.
  private static let underFullAudit: UInt32 = 40

  static func milliseconds(_ options: CommandLine) -> UInt32 {
    options.audit == .full ? underFullAudit : usual
  }
}

private let serialLine: UInt8 = 4

/// Remaps the interrupt controllers and starts the clock. A boot with an injected fault keeps every line masked,
/// so that the event which meets the fault is the one the test names; not with `after=`, which wants a machine at work.
func startInterrupts(_ options: CommandLine) {
  var controller = InterruptController(ports: Ports())
  controller.start()
  Debugger.unmask()
  if options.provocation.act == .irq, !options.provocation.isLate { startTimer(options) }
  guard !options.provocation.isProvocation || options.provocation.isLate else { return }
  startTimer(options)
  var console = Console()
  console.enableReceiveInterrupt()
  controller.unmask(serialLine)
}

extension CommandLine {
  /// A task priority keeps out only what comes by the local APIC. A machine without one has only the other timer.
  var timerSource: TimerSource {
    guard Processor.hasLocalAPIC else { return .intervalTimer }
    return fault == .taskPriority ? .localAPIC : timer
  }

  /// What a fault makes of the other processors.
  var processorDefect: ProcessorDefect {
    switch fault {
    case .processorsShareTask: .sameTaskState
    case .processorsShareStack: .sameStack
    case .processorWithoutNoExecute: .noExecuteDisabled
    default: .none
    }
  }
}

private func startTimer(_ options: CommandLine) {
  var timer = IntervalTimer(ports: Ports())
  if options.timerSource == .localAPIC {
    var local = LocalAPIC(registers: MappedLocalAPIC())
    local.enable()
    guard let ticks = timer.measure(&local) else {
      fail("the local APIC's timer does not count", RINGSIDE_EXIT_BOOT_FAILED)
    }
    ExportedTable.publish(interruptVector: LocalAPIC<MappedLocalAPIC>.timerVector)
    ExportedTable.publish(interruptVector: LocalAPIC<MappedLocalAPIC>.spuriousVector)
    return local.startTimer(every: ticks &* Tick.milliseconds(options))
  }
  timer.start(every: Tick.milliseconds(options))
  var controller = InterruptController(ports: Ports())
  controller.unmask(IntervalTimer<Ports>.line)
}

/// The timer's vector.
let timerVector = InterruptController<Ports>.firstVector + IntervalTimer<Ports>.line

/// Lets the timer tick as `vector`, for the first time after a whole period: a tick that is pending is forgotten. The
/// local APIC's stays as it is.
func restartTimer(as vector: UInt8) {
  let options = Cell.withState { $0.options }
  guard options.timerSource == .intervalTimer else { return }
  var controller = InterruptController(ports: Ports())
  controller.start(at: vector - IntervalTimer<Ports>.line)
  Debugger.unmask()
  startTimer(options)
}

/// The local APIC's timer. True when the processor should go to another process.
func handleLocalTimer(_ frame: inout trap_frame) -> Bool {
  var local = LocalAPIC(registers: MappedLocalAPIC())
  local.acknowledge()
  return clockTicked(&frame)
}

/// Whichever timer it was. True when the current process has had its time.
private func clockTicked(_ frame: inout trap_frame) -> Bool {
  let fromUser = frame.isUser
  let isTyped = Debugger.ticked(&frame)
  return Cell.withState { state in
    if isTyped { state.system.inputArrived() }
    state.system.milliseconds += UInt64(Tick.milliseconds(state.options))
    guard fromUser else { return false }
    state.system.preempted(state.current)
    return true
  }
}

/// A request line, acknowledged. True when the processor should go to another process.
func handleInterrupt(line: UInt8, _ frame: inout trap_frame) -> Bool {
  var controller = InterruptController(ports: Ports())
  guard !controller.isSpurious(line) else { return false }
  controller.acknowledge(line)
  if line == IntervalTimer<Ports>.line { return clockTicked(&frame) }
  let isTyped = line == Debugger.line && Debugger.lineInterrupted(&frame)
  return Cell.withState { state in
    if isTyped { state.system.inputArrived() }
    switch line {
    case serialLine:
      state.system.inputArrived()
      return false
    default:
      return false
    }
  }
}
