import Boot
import Core
import Drivers
import Machine

/// How often the timer takes the processor away.
enum Tick {
  private static let usual: UInt32 = 4
  /// A whole audit can take longer than the usual tick on an emulator. Then every return would meet the next tick
  /// before its first instruction, and Ring 3 would never get on.
  private static let underFullAudit: UInt32 = 40

  static func milliseconds(_ options: CommandLine) -> UInt32 {
    options.audit == .full ? underFullAudit : usual
  }
}

private let serialLine: UInt8 = 4

/// Remaps the interrupt controllers and starts the clock. A boot with an injected fault keeps every line masked,
/// so that the event which meets the fault is the one the test names.
func startInterrupts(_ options: CommandLine) {
  var controller = InterruptController(ports: Ports())
  controller.start()
  Debugger.unmask()
  guard options.fault == nil else { return }
  var timer = IntervalTimer(ports: Ports())
  timer.start(every: Tick.milliseconds(options))
  var console = Console()
  console.enableReceiveInterrupt()
  controller.unmask(IntervalTimer<Ports>.line)
  controller.unmask(serialLine)
}

/// A request line, acknowledged. True when the processor should go to another process.
func handleInterrupt(line: UInt8, _ frame: inout trap_frame) -> Bool {
  let fromUser = frame.isUser
  var controller = InterruptController(ports: Ports())
  guard !controller.isSpurious(line) else { return false }
  controller.acknowledge(line)
  if line == DebugPort.line, Debugger.isOn {
    Debugger.lineInterrupted(&frame)
    return false
  }
  return Cell.withState { state in
    switch line {
    case IntervalTimer<Ports>.line:
      state.system.milliseconds += UInt64(Tick.milliseconds(state.options))
      guard fromUser else { return false }
      state.system.preempted(state.current)
      return true
    case serialLine:
      state.system.inputArrived()
      return false
    default:
      return false
    }
  }
}
